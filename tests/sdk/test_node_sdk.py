"""The official Node SDK, unmodified, against a running emulator.

``node/drive.mjs`` calls every method the SDK has and prints what came back; the tests
here check it. The SDK is installed once, into ``node/node_modules``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

PRODUCTION = "https://api.smartpay.co/v1"


WAYS = (
    ("esm", "variable", "http", "/api.smartpay/v1"),
    ("cjs", "variable", "https", "/api.smartpay.co/v1"),
    ("cjs", "option", "http", "/v1"),
    ("esm", "option", "https", "/v1"),
)
"""Build, variable or option, scheme, and path: the ways to set the base URL."""

SDK = "node"
"""Which part of expected.json is about this SDK."""

Drive = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module", params=WAYS, ids=", ".join)
def driven(request: pytest.FixtureRequest, drive: Drive) -> dict[str, Any]:
    """Return what ``drive.mjs`` printed, for each way to find the emulator."""
    build, *way = request.param
    return drive("node", *way, SDK_BUILD=build)


def test_every_method_of_the_sdk_was_called(driven: dict[str, Any]) -> None:
    """Methods of the client and of its class: none is left out, none was missed."""
    called, methods = driven["called"], driven["methods"]

    assert called == methods
    assert (len(methods["instance"]), len(methods["static"])) == (39, 9)


def test_the_sdk_takes_our_ids_for_ids(driven: dict[str, Any]) -> None:
    """The validators that the package exports accept what the emulator makes."""
    assert set(driven["validators"].values()) == {True}


def test_calls_come_back_as_promised(unexpected: list[Any]) -> None:
    """What the SDK hands to its caller has the promised members and shapes."""
    assert unexpected == []


def test_pages_follow_each_other(results: dict[str, Any]) -> None:
    """The second page is the one that was asked for, and not empty."""
    pages = [value for name, value in results.items() if "first" in value]

    assert len(pages) == 4
    for page in pages:
        assert page["second"]["pageToken"] == page["first"]["nextPageToken"]
        assert page["second"]["data"]


def test_references_are_the_ids_they_refer_to(results: dict[str, Any]) -> None:
    """Session, order, payment, refund and token name each other."""
    session = results["createCheckoutSession"]
    flat = results["createFlatCheckoutSession"]
    token = results["createTokenCheckoutSession"]["token"]["id"]

    assert results["getCheckoutSession"]["order"] == flat["order"]["id"]
    assert results["getTokenSession"]["token"] == token
    assert results["createPayment"]["order"] == session["order"]["id"]
    assert results["createRefund"]["payment"] == results["createPayment"]["id"]
    assert results["createOrder"]["tokenId"] == token
    assert results["getOrder"]["payments"] == [
        results["createPayment"]["id"],
        results["capture"]["id"],
    ]


def test_a_promotion_code_rides_on_the_session_url(results: dict[str, Any]) -> None:
    """The URL has no query of its own, so the SDK can add one."""
    session = results["createFlatCheckoutSession"]

    assert results["getSessionURL"] == session["url"]
    assert results["getSessionUrl"] == f"{session['url']}?promotion-code=SAVE%2010"
    assert results["createCheckoutSession"]["url"].endswith("?promotion-code=ZOO")


@pytest.mark.parametrize("name", ["deleteToken", "deleteWebhookEndpoint"])
def test_a_deletion_answers_with_nothing(results: dict[str, Any], name: str) -> None:
    """The SDK makes an empty text of 204."""
    assert results[name] == ""


def test_the_sdk_verifies_real_deliveries(results: dict[str, Any]) -> None:
    """Its signature check and its Express middleware accept what the emulator sent."""
    endpoint = results["createWebhookEndpoint"]

    deliveries = {
        delivery["event"]["eventData"]["type"]: delivery
        for delivery in results["deliveries"]
    }

    assert set(deliveries) == {"order.authorized", "payment.created"}
    for delivery in deliveries.values():
        assert delivery["isVerified"]
        assert delivery["isCalculatedEqual"]
        assert delivery["isMiddlewareEqual"]
        assert delivery["subscription"] == endpoint["id"]
        assert delivery["eventId"] == delivery["event"]["id"]
        assert delivery["contentType"] == "application/json"


def test_the_sdk_refuses_a_tampered_delivery(results: dict[str, Any]) -> None:
    """One more digit in the amount, or another body, and the check fails."""
    for delivery in results["deliveries"]:
        assert not delivery["isTamperedVerified"]
        assert not delivery["isMiddlewareEqualForAnotherBody"]


@pytest.mark.parametrize("name", ["afterBusy", "afterLostStatus", "afterReset"])
def test_a_retried_capture_captures_once(results: dict[str, Any], name: str) -> None:
    """The SDK retries with the same key, also when only the answer was lost."""
    outcome = results[name]

    assert outcome["payments"] == [outcome["payment"]]


@pytest.mark.parametrize(
    ("variable", "place"),
    [
        ("http://127.0.0.1:8585/v1", PRODUCTION),
        ("http://127.0.0.1:8585/api.smartpay/v1", None),
        ("https://127.0.0.1:8586/api.smartpay.co/v1", None),
        ("", PRODUCTION),
    ],
)
def test_the_sdk_goes_to_production_unless_the_mount_is_named(
    node: Callable[..., str], variable: str, place: str | None
) -> None:
    """The trap that docs/sdks.md warns of, and the way around it."""
    found = node("where.mjs", SMARTPAY_API_PREFIX=variable).strip()

    assert found == (place or variable)
