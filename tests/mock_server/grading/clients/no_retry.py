"""Asks once, with a short time limit; whatever is no order is a failure."""

import json
import os
import sys
import urllib.request
from pathlib import Path

TIMEOUT_S = 1.25

request = urllib.request.Request(  # noqa: S310 - the emulator
    os.environ["SMARTPAY_URL"] + "/orders",
    Path(os.environ["SMARTPAY_PAYLOAD"]).read_bytes(),
    {
        "Authorization": f"Basic {os.environ['SMARTPAY_SECRET_KEY']}",
        "Content-Type": "application/json",
        "Idempotency-Key": os.urandom(16).hex(),
    },
)
with urllib.request.urlopen(  # noqa: S310 - the emulator
    request, timeout=TIMEOUT_S
) as answer:
    order = json.load(answer)
sys.exit(0 if order["status"] == "succeeded" else 1)
