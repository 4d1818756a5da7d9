"""A typed test file of a user: it runs, and mypy --strict accepts it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
import requests

from smartpay_mock.testing import (
    Clock,
    Faults,
    RecordedRequest,
    Smartpay,
    SmartpayServer,
    Webhooks,
)


@pytest.fixture(scope="session")
def smartpay_config() -> Mapping[str, Any]:
    """Override the emulator's settings."""
    return {"inactive_token": "rejected"}


@pytest.fixture
def client(smartpay: Smartpay) -> requests.Session:
    """Return a client without a socket."""
    session = requests.Session()
    session.headers["Authorization"] = f"Basic {smartpay.secret_key}"
    session.mount("https://api.smartpay.co", smartpay.adapter())
    return session


def test_a_payment(smartpay: Smartpay, client: requests.Session) -> None:
    """Orders, requests, tokens and payload have types."""
    cart: dict[str, Any] = smartpay.payload(
        amount=500, token=smartpay.tokens.approved, without=["reference"]
    )

    answer = client.post("https://api.smartpay.co/v1/orders", json=cart)

    amounts: list[int] = [order["amount"] for order in smartpay.orders]
    request: RecordedRequest = smartpay.requests[0]
    status: int = request.status
    key: str | None = request.idempotency_key
    advice: list[str] = [item.message for item in request.advice]
    rules: list[str] = [finding.rule for finding in request.trace]
    why: str = smartpay.explain(answer)
    made = smartpay.assert_request_made("create_order", times=1)
    assert amounts == [500]
    assert (status, key, advice) == (200, None, [])
    assert rules
    assert why
    assert made[0].operation == "create_order"


def test_faults_and_time(
    smartpay: Smartpay,
    smartpay_clock: Clock,
    smartpay_faults: Faults,
    client: requests.Session,
) -> None:
    """Kinds and commit points are literals, so mypy finds a typo."""
    fault = smartpay_faults.add("create_order", "reset", when="after_commit", times=1)
    now: int = smartpay_clock.freeze(datetime(2026, 4, 1, tzinfo=UTC))
    with pytest.raises(requests.ConnectionError):
        client.post("https://api.smartpay.co/v1/orders", json=smartpay.payload())
    with smartpay.hold("create_order", at="before_commit") as hold:
        waiting: int = hold.waiting
    later: int = smartpay_clock.advance(days=7)

    met: int = fault.met
    assert (met, fault.unmet, waiting) == (1, 0, 0)
    assert later - now == 7 * 24 * 3_600_000


def test_webhooks(
    smartpay: Smartpay, smartpay_webhooks: Webhooks, client: requests.Session
) -> None:
    """Events have a type, an object and a signature."""
    with smartpay_webhooks.receive(["order.rejected"]) as inbox:
        cart = smartpay.payload(token=smartpay.tokens.declined)
        client.post("https://api.smartpay.co/v1/orders", json=cart)
        events = inbox.assert_received(["order.rejected"])

    status: str = events[0].data["status"]
    is_valid: bool = events[0].is_signature_valid
    assert (status, is_valid) == ("rejected", True)


def test_httpx(smartpay: Smartpay, smartpay_server: SmartpayServer) -> None:
    """The transport is one for httpx."""
    headers = {"Authorization": f"Basic {smartpay.secret_key}"}
    with httpx.Client(transport=smartpay.transport(), headers=headers) as client:
        client.post("https://api.smartpay.co/v1/orders", json=smartpay.payload())

    root_url: str = smartpay_server.root_url
    assert smartpay.url == f"{root_url}/v1"
    assert len(smartpay.orders) == 1


@pytest.mark.smartpay(scenario="partly-captured", seed=1, frozen=True)
def test_seed_data(smartpay: Smartpay) -> None:
    """Ids of a scenario are strings by name; a snapshot can be restored."""
    order: str = smartpay.ids["order"]
    kept: dict[str, Any] = smartpay.snapshot()
    smartpay.reset()
    smartpay.restore(kept)

    assert [item["id"] for item in smartpay.orders] == [order]
