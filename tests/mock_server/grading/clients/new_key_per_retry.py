"""Builds every try anew: another key, another body; takes any 200 for a charge."""

import json
import os
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

TIMEOUT_S = 1.25
PAUSE_S = 0.5
TRIES = 5


def attempt(number: int) -> bool:
    """Return whether to try again; exit if the answer is final."""
    order = json.loads(Path(os.environ["SMARTPAY_PAYLOAD"]).read_bytes())
    request = urllib.request.Request(  # noqa: S310 - the emulator
        os.environ["SMARTPAY_URL"] + "/orders",
        json.dumps({**order, "metadata": {"try": str(number)}}).encode(),
        {
            "Authorization": f"Basic {os.environ['SMARTPAY_SECRET_KEY']}",
            "Content-Type": "application/json",
            "Idempotency-Key": os.urandom(16).hex(),
        },
    )
    try:
        with urllib.request.urlopen(  # noqa: S310 - the emulator
            request, timeout=TIMEOUT_S
        ) as answer:
            json.load(answer)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code == 429 or error.code >= 500
    except Exception:
        return True
    sys.exit(0)


for number in range(TRIES):
    if not attempt(number):
        break
    time.sleep(PAUSE_S)
sys.exit(1)
