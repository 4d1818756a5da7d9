"""The official Python SDK, unmodified, against a running emulator.

Version 0.6.0 is the newest that can be imported; its pins clash with ours, so it lives
in a virtual environment below ``python/.venv``. ``python/drive.py`` calls all of its
methods there and prints what came back; the tests here check it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from smartpay_fixtures import sandbox_values

PRODUCTION = "https://api.smartpay.co/v1"

WAYS = (
    ("variable", "http", "/api.smartpay/v1"),
    ("variable", "https", "/api.smartpay.co/v1"),
    ("option", "http", "/v1"),
)
"""Variable or option, scheme, and path: the ways to set the base URL."""

SDK = "python"
"""Which part of expected.json is about this SDK."""

Drive = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", params=WAYS, ids=", ".join)
def driven(request: pytest.FixtureRequest, drive: Drive) -> dict[str, Any]:
    """Return what ``drive.py`` printed, for each way to find the emulator."""
    return drive("python", *request.param)


def test_every_method_of_the_sdk_was_called(driven: dict[str, Any]) -> None:
    """None is left out, none was missed."""
    assert driven["called"] == driven["methods"]
    assert len(driven["methods"]) == 14


def test_calls_come_back_as_promised(unexpected: list[Any]) -> None:
    """What the SDK hands to its caller has the promised members and shapes."""
    assert unexpected == []


def test_references_are_the_ids_they_refer_to(results: dict[str, Any]) -> None:
    """Session, order, payments and refunds name each other; pages follow."""
    order, payment = results["get_order"], results["create_payment"]

    assert order["id"] == results["create_checkout_session"]["order"]["id"]
    assert order["payments"] == [payment["id"], results["capture"]["id"]]
    assert results["refund"]["payment"] == payment["id"]
    assert results["get_refund"]["id"] == results["refund"]["id"]
    assert (
        results["get_orders_next"]["pageToken"]
        == results["get_orders"]["nextPageToken"]
    )


def test_a_promotion_code_rides_on_the_session_url(results: dict[str, Any]) -> None:
    """The SDK glues a query on, so the URL may have none of its own."""
    urls = [results["create_checkout_session"]["url"], results["get_session_url"]]

    queries = [url.split("?", 1)[1] for url in urls]

    assert queries == ["promotion-code=ZOO", "promotion-code=A+B"]


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("unknown order", 404, "order.not-found"),
        ("too much captured", 409, "payment.excessive-amount"),
        ("too much refunded", 403, "amount.insufficient"),
        ("ended order", 409, "order.cannot-cancel"),
        ("ended capture", 409, "order.cannot-capture"),
    ],
)
def test_a_refusal_reaches_the_caller_as_text(
    driven: dict[str, Any], name: str, status: int, code: str
) -> None:
    """Callers look for the code in the raw body, so it must be compact JSON."""
    refusal = driven["refusals"][name]
    text = refusal[1] if isinstance(refusal, list) else refusal

    assert text.startswith(f"{status}: ")
    assert f'"errorCode":"{code}"' in text


def test_cancelling_a_partly_captured_order_ends_it(driven: dict[str, Any]) -> None:
    """The rest is released and the order has succeeded."""
    status, _ = driven["refusals"]["ended order"]

    assert status == "succeeded"


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("http://127.0.0.1:8585/v1", PRODUCTION),
        ("http://127.0.0.1:8585/API.SMARTPAY/v1", PRODUCTION),
        ("http://127.0.0.1:8585/api.smartpay/v1", None),
        ("", PRODUCTION),
    ],
)
def test_the_sdk_goes_to_production_unless_the_mount_is_named(
    python: Callable[..., str], variable: str, place: str | None
) -> None:
    """The trap that docs/sdks.md warns of, and the way around it."""
    printed = python(
        SMARTPAY_API_PREFIX=variable,
        SECRET_KEY=sandbox_values().secret_key,
        API_BASE="",
    )

    assert json.loads(printed) == {"api_prefix": place or variable}
