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

Drive = Callable[..., dict[str, Any]]
At = Callable[[Any, str], Any]
ProblemsOf = Callable[..., list[Any]]


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


EXPECTED = [
    ("createCheckoutSession", "object", "checkoutSession"),
    ("createCheckoutSession", "order.amount", 350),
    ("createCheckoutSession", "order.status", "requires_authorization"),
    ("createFlatCheckoutSession", "order.amount", 450),
    ("createTokenCheckoutSession", "token.status", "requires_authorization"),
    ("createCheckoutSessionForToken", "token.object", "token"),
    ("getCheckoutSessionExpanded", "order.lineItems.0.price.product.name", "商品"),
    ("getCheckoutSessionExpanded", "customerInfo.firstName", "太郎"),
    ("listCheckoutSessions", "first.results", 1),
    ("listCheckoutSessions", "second.maxResults", 20),
    ("normalizeCheckoutSessionPayload", "amount", 350),
    ("normalizeFlatCheckoutSessionPayload", "amount", 350),
    ("normalizeTokenCheckoutSessionPayload", "mode", "token"),
    ("createPayment", "amount", 150),
    ("createPayment", "status", "processed"),
    ("capture", "amount", 151),
    ("capture", "reference", "second"),
    ("updatePayment", "reference", "third"),
    ("getPayment", "reference", "third"),
    ("getPayment", "amount", 151),
    ("listPayments", "first.data.0.object", "payment"),
    ("listPayments", "second.results", 1),
    ("excessivePayment", "name", "SmartpayError"),
    ("excessivePayment", "errorCode", "payment.excessive-amount"),
    ("excessivePayment", "statusCode", 409),
    ("createRefund", "reason", "fraudulent"),
    ("createRefund", "status", "succeeded"),
    ("refund", "amount", 2),
    ("updateRefund", "reference", "changed"),
    ("getRefund", "reference", "changed"),
    ("getRefund", "amount", 1),
    ("listRefunds", "first.data.0.object", "refund"),
    ("listRefunds", "second.results", 1),
    ("excessiveRefund", "errorCode", "amount.insufficient"),
    ("excessiveRefund", "statusCode", 403),
    ("getOrder", "status", "requires_capture"),
    ("getOrderExpanded", "payments.0.status", "processed"),
    ("listOrders", "first.results", 1),
    ("listOrdersExpanded", "data.0.lineItems.0.object", "lineItem"),
    ("cancelOrder", "status", "canceled"),
    ("cancelPartlyCapturedOrder", "status", "succeeded"),
    ("cancelSucceededOrder", "errorCode", "order.cannot-cancel"),
    ("cancelSucceededOrder", "statusCode", 409),
    ("chargeTooEarly", "errorCode", "token.invalid"),
    ("chargeTooEarly", "statusCode", 400),
    ("getToken", "status", "active"),
    ("listTokens", "object", "collection"),
    ("normalizeOrderPayload", "amount", 350),
    ("createOrder", "status", "requires_capture"),
    ("createOrder", "lineItems.0.object", "lineItem"),
    ("createOrderMisspelt", "status", "succeeded"),
    ("disableToken", "0", ""),
    ("disableToken", "1", "disabled"),
    ("enableToken", "0", ""),
    ("enableToken", "1", "active"),
    ("getDeletedToken", "errorCode", "token.not-found"),
    ("createCoupon", "active", True),
    ("updateCoupon", "name", "updatedCoupon"),
    ("updateCouponNothing", "name", "updatedCoupon"),
    ("getCoupon", "name", "updatedCoupon"),
    ("listCoupons", "data.0.name", "updatedCoupon"),
    ("createPromotionCode", "active", True),
    ("createPromotionCodeAgain", "errorCode", "promotion-code.exists"),
    ("updatePromotionCode", "active", False),
    ("getPromotionCode", "active", False),
    ("listPromotionCodes", "data.0.active", False),
    ("createWebhookEndpoint", "active", True),
    ("updateWebhookEndpoint", "description", "updated"),
    ("getWebhookEndpoint", "description", "updated"),
    ("listWebhookEndpoints", "data.0.description", "updated"),
    ("getDeletedWebhookEndpoint", "errorCode", "webhook-endpoint.notfound"),
    ("wrongKey", "name", "SmartpayError"),
    ("wrongKey", "statusCode", 401),
    ("badQuery", "errorCode", "request.invalid"),
    ("badQuery", "statusCode", 400),
    ("unknownOrder", "errorCode", "order.not-found"),
    ("unknownOrder", "details", []),
    ("request", "results", 1),
]
"""(call, path, value): what the live suite asserts, and what the documents promise."""


@pytest.mark.parametrize(
    ("name", "path", "value"), EXPECTED, ids=[f"{n} {p}" for n, p, _ in EXPECTED]
)
def test_a_call_comes_back_with(
    results: dict[str, Any], at: At, name: str, path: str, value: object
) -> None:
    """What the SDK hands to its caller is what the API promises."""
    found = at(results[name], path)

    assert (type(found), found) == (type(value), value)


SHAPES = [
    ("createFlatCheckoutSession", "create_checkout_session", True),
    ("createTokenCheckoutSession", "create_checkout_session", True),
    ("getCheckoutSession", "get_checkout_session", False),
    ("getCheckoutSessionExpanded", "get_checkout_session", True),
    ("getTokenSession", "get_checkout_session", False),
    ("listCheckoutSessions.first", "list_checkout_sessions", False),
    ("listCheckoutSessions.second", "list_checkout_sessions", False),
    ("createPayment", "create_payment", False),
    ("capture", "create_payment", False),
    ("updatePayment", "update_payment", False),
    ("getPayment", "get_payment", False),
    ("getPaymentExpanded", "get_payment", True),
    ("listPayments.first", "list_payments", False),
    ("createRefund", "create_refund", False),
    ("refund", "create_refund", False),
    ("updateRefund", "update_refund", False),
    ("getRefund", "get_refund", False),
    ("listRefunds.first", "list_refunds", False),
    ("getOrder", "get_order", False),
    ("getOrderExpanded", "get_order", True),
    ("listOrders.second", "list_orders", False),
    ("listOrdersExpanded", "list_orders", True),
    ("cancelOrder", "cancel_order", False),
    ("cancelPartlyCapturedOrder", "cancel_order", False),
    ("createOrder", "create_order", True),
    ("getToken", "get_token", False),
    ("listTokens", "list_tokens", False),
    ("createCoupon", "create_coupon", False),
    ("updateCoupon", "update_coupon", False),
    ("updateCouponNothing", "update_coupon", False),
    ("getCoupon", "get_coupon", False),
    ("listCoupons", "list_coupons", False),
    ("createPromotionCode", "create_promotion_code", False),
    ("updatePromotionCode", "update_promotion_code", False),
    ("getPromotionCode", "get_promotion_code", False),
    ("listPromotionCodes", "list_promotion_codes", False),
    ("createWebhookEndpoint", "create_webhook_endpoint", False),
    ("updateWebhookEndpoint", "update_webhook_endpoint", False),
    ("getWebhookEndpoint", "get_webhook_endpoint", False),
    ("listWebhookEndpoints", "list_webhook_endpoints", False),
]


@pytest.mark.parametrize(
    ("path", "operation", "is_expanded"), SHAPES, ids=[row[0] for row in SHAPES]
)
def test_a_document_reaches_the_caller_in_its_shape(
    problems_of: ProblemsOf, path: str, operation: str, is_expanded: bool
) -> None:
    """What the SDK decoded satisfies the response schema of the operation."""
    assert not problems_of(path, operation, expanded=is_expanded)


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
