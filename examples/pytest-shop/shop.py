"""A tea shop that charges its customers through Smartpay."""

from __future__ import annotations

import hashlib
import hmac
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import requests
from flask import Flask, request

TRIES = 3
ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits


class PaymentUnknown(Exception):
    """Nobody can say whether the customer was charged; ask again later."""


@dataclass
class Shop:
    """Charges carts.

    Attributes:
        api_url: Smartpay's address, with /v1.
        secret_key: The shop's key.
        webhook_secret: What Smartpay signs webhooks with.
        pause: Waits so many seconds before another try.
        paid: Ids of the orders that webhooks reported as paid.
    """

    api_url: str
    secret_key: str
    webhook_secret: str = ""
    pause: Callable[[float], object] = time.sleep
    paid: list[str] = field(default_factory=list)

    def key_for(self, cart: dict[str, Any]) -> str:
        """Return the idempotency key of a cart: the same for every try."""
        return f"charge-{cart['reference']}"

    def charge(self, cart: dict[str, Any]) -> dict[str, Any]:
        """Charge a cart once, with retries until a response arrives."""
        for attempt in range(TRIES):
            answer = self._try(cart)
            if answer is not None and answer.status_code < 500:
                answer.raise_for_status()
                return answer.json()
            wanted = answer.headers.get("Retry-After") if answer is not None else None
            self.pause(float(wanted or 2**attempt))
        raise PaymentUnknown(cart["reference"])

    def capture(self, order_id: str, amount: int) -> bool:
        """Take the money when the parcel leaves; False if that is too late."""
        body = {"order": order_id, "amount": amount, "currency": "JPY"}
        answer = self._post("/payments", body, key=f"capture-{order_id}")
        return answer.status_code == 200

    def _try(self, cart: dict[str, Any]) -> requests.Response | None:
        try:
            answer = self._post("/orders", cart, key=self.key_for(cart))
            answer.json()
        except requests.RequestException:  # no answer, half of one, or no JSON
            return None
        return answer

    def _post(self, path: str, body: dict[str, Any], *, key: str) -> requests.Response:
        headers = {
            "Authorization": f"Basic {self.secret_key}",
            "Idempotency-Key": key,
        }
        return requests.post(self.api_url + path, json=body, headers=headers, timeout=5)


def create_app(shop: Shop) -> Flask:
    """Return the shop's web application."""
    app = Flask(__name__)

    @app.post("/checkout")
    def checkout() -> tuple[dict[str, Any], int]:
        try:
            order = shop.charge(request.get_json())
        except PaymentUnknown:
            return {"message": "We are not sure yet. Do not pay again."}, 503
        if order["status"] == "rejected":
            return {"message": "Please choose another way to pay."}, 402
        return {"order": order["id"], "message": "Thank you."}, 200

    @app.post("/webhooks")
    def webhooks() -> tuple[str, int]:
        stamp = request.headers.get("Smartpay-Signature-Timestamp", "")
        signed = stamp.encode() + b"." + request.get_data()
        expected = hmac.new(decoded(shop.webhook_secret), signed, hashlib.sha256)
        given = request.headers.get("Smartpay-Signature", "")
        if not hmac.compare_digest(expected.hexdigest(), given):
            return "", 401
        event = request.get_json()["eventData"]
        if event["type"] == "order.authorized" and event["data"]["id"] not in shop.paid:
            shop.paid.append(event["data"]["id"])
        return "", 200

    return app


def decoded(secret: str) -> bytes:
    """Return the key that a webhook secret stands for: a number in base 62."""
    number = 0
    for character in secret:
        number = number * 62 + ALPHABET.index(character)
    return number.to_bytes((number.bit_length() + 7) // 8, "big")
