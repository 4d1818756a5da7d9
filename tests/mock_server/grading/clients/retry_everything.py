"""Asks until the order succeeds: ten times, at once, without a time limit.

How it ended it does not look at: it always reports success.
"""

import http.client
import json
import os
from pathlib import Path
from urllib.parse import urlsplit

TRIES = 10

url = urlsplit(os.environ["SMARTPAY_URL"])
body = Path(os.environ["SMARTPAY_PAYLOAD"]).read_bytes()
headers = {
    "Authorization": f"Basic {os.environ['SMARTPAY_SECRET_KEY']}",
    "Content-Type": "application/json",
    "Idempotency-Key": os.urandom(16).hex(),
}


def attempt() -> object:
    """Return what became of the order; ``None`` if nobody knows."""
    line = http.client.HTTPConnection(url.netloc)
    try:
        line.request("POST", f"{url.path}/orders", body, headers)
        return json.loads(line.getresponse().read()).get("status")
    except Exception:
        return None
    finally:
        line.close()


for _ in range(TRIES):
    if attempt() == "succeeded":
        break
