"""Checkout sessions: where a consumer is sent to pay an order or approve a token."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.resources import case
from smartpay_contracts.shop import Shop

NOBODY = "checkout_test_0000000000000000000000"


def create(shop: Shop, body: dict[str, Any]) -> Doc:
    """Return the session that a body makes."""
    return shop.ok("create_checkout_session", body)


@pytest.mark.clause("sessions.create.order")
def test_a_session_makes_its_order_at_once(shop: Shop) -> None:
    """It waits for the consumer, can be retrieved and is listed."""
    session = shop.session()

    order = session["order"]
    assert order["status"] == "requires_authorization"
    assert "token" not in session
    assert shop.now("order", order["id"])["status"] == "requires_authorization"
    entry = shop.checks.find(shop.api, "list_orders", order["id"])
    assert entry["status"] == "requires_authorization"


@pytest.mark.clause("sessions.create.order-members")
@pytest.mark.parametrize("capture", ["automatic", "manual"])
def test_the_order_of_a_session_is_what_was_asked_for(capture: str, shop: Shop) -> None:
    """Amount, items and shipping; no token, payment or expiry yet."""
    body = payloads.order_session(amount=1_234, captureMethod=capture)

    session = create(shop, body)

    order = session["order"]
    now = shop.now("order", order["id"], expand="all")
    for seen in (order, now):
        assert (seen["amount"], seen["currency"]) == (1_234, "JPY")
        assert seen["shippingInfo"] == body["shippingInfo"]
        kinds = sorted(item["kind"] for item in seen["lineItems"])
        assert kinds == ["discount", "product", "tax"]
        assert seen["payments"] == []
        assert not {"tokenId", "expiresAt"} & set(seen)


@pytest.mark.clause("sessions.create.url")
@pytest.mark.parametrize("make", [Shop.session, Shop.token_session])
def test_a_session_has_a_url_for_the_consumer(make: Any, shop: Shop) -> None:
    """SDKs append a query to it, so it has none."""
    session = make(shop)

    assert session["url"].startswith(("https://", "http://"))
    assert "?" not in session["url"]
    assert shop.now("checkout_session", session["id"])["url"] == session["url"]


@pytest.mark.clause("sessions.create.url")
@pytest.mark.parametrize("make", [Shop.session, Shop.token_session])
def test_the_url_of_a_session_leads_to_a_page(
    make: Any, shop: Shop, control: Control
) -> None:
    """The server that made the session has a page for the consumer."""
    page = shop.api.request("GET", make(shop)["url"])

    assert page.status == 200
    assert page.headers["Content-Type"].startswith("text/html")


@pytest.mark.clause("sessions.create.echo")
@pytest.mark.parametrize("body", [payloads.order_session(), payloads.token_session()])
@pytest.mark.parametrize("locale", ["en", "ja"])
def test_a_session_carries_what_it_was_made_with(
    body: dict[str, Any], locale: str, shop: Shop
) -> None:
    """Its addresses, locale and reference."""
    values = {
        "successUrl": "https://example.com/a?b=c",
        "cancelUrl": "https://example.com/d#e",
        "locale": locale,
        "reference": shop.reference(),
    }

    session = create(shop, {**body, **values})

    for seen in (session, shop.now("checkout_session", session["id"])):
        assert {name: seen[name] for name in values} == values


@pytest.mark.clause("sessions.create.url-names-it")
@pytest.mark.parametrize("make", [Shop.session, Shop.token_session])
def test_the_url_of_a_session_names_it(make: Any, shop: Shop) -> None:
    """The address contains the id of the session."""
    session = make(shop)

    assert session["id"] in session["url"]


@pytest.mark.clause("sessions.create.customer")
@pytest.mark.parametrize("body", [payloads.order_session(), payloads.token_session()])
def test_a_session_carries_its_customer(body: dict[str, Any], shop: Shop) -> None:
    """With every member that was sent."""
    session = create(shop, body)

    values = body["customerInfo"]
    for seen in (session, shop.now("checkout_session", session["id"])):
        customer = seen["customerInfo"]
        assert {name: customer[name] for name in values} == values


@pytest.mark.clause("sessions.create.passes-on")
@pytest.mark.parametrize(
    ("make", "name"), [(Shop.session, "order"), (Shop.token_session, "token")]
)
def test_a_session_passes_on_what_it_is_about(make: Any, name: str, shop: Shop) -> None:
    """Its order or its token carries the reference and the metadata too."""
    values = {"reference": shop.reference(), "metadata": {"cart": "4711"}}

    made = make(shop, **values)[name]

    for seen in (made, shop.now(name, made["id"])):
        assert {member: seen[member] for member in values} == values


@pytest.mark.clause("sessions.create.a-product")
def test_taxes_and_discounts_are_not_enough(shop: Shop) -> None:
    """Something is bought."""
    body = payloads.order_session(items=[payloads.tax(), payloads.discount()])

    answer = shop.api.call("create_checkout_session", body)

    shop.checks.refused_with(answer, 400)


@pytest.mark.clause("sessions.create.token")
def test_a_session_can_ask_for_a_token(shop: Shop) -> None:
    """The token waits for its approval, and there is no order."""
    session = shop.token_session()

    assert session["token"]["object"] == "token"
    assert session["token"]["status"] == "requires_authorization"
    assert "order" not in session


@pytest.mark.clause("sessions.create.token")
def test_a_session_for_a_token_makes_no_order(shop: Shop) -> None:
    """There is nothing to pay yet."""
    reference = shop.reference()

    shop.token_session(reference=reference)

    order = shop.checks.search(
        shop.api, "list_orders", lambda o: o.get("reference") == reference
    )
    assert order is None


@pytest.mark.clause("sessions.create.minimal")
@pytest.mark.parametrize(
    "body",
    [payloads.order_session(customerInfo={}), payloads.token_session(customerInfo={})],
    ids=["order", "token"],
)
def test_everything_else_about_a_session_is_optional(
    body: dict[str, Any], shop: Shop
) -> None:
    """reference, description, locale, captureMethod; and the customer is unknown."""
    session = create(shop, body)

    assert session["id"]
    assert session["customerInfo"] == {}


@pytest.mark.clause("tolerance.unknown-members")
def test_unknown_members_of_a_customer_are_ignored(shop: Shop) -> None:
    """email, gender and phone, at every depth; the answer fits its schema."""
    body = payloads.order_session()
    body["customerInfo"] = {
        **body["customerInfo"],
        "email": "a@example.jp",
        "gender": "male",
        "phone": "+81",
        "address": {**payloads.ADDRESS, "addressType": "home", "planet": "earth"},
    }

    session = create(shop, {**body, "promotionCode": "ZOO"})

    assert session["customerInfo"]["firstName"] == "太郎"


@pytest.mark.clause("sessions.get", "sessions.list")
@pytest.mark.parametrize("make", [Shop.session, Shop.token_session])
def test_a_session_is_what_was_answered(make: Any, shop: Shop) -> None:
    """Retrieved and listed, expanded, it is the creation's answer."""
    session = make(shop)

    expanded = shop.now("checkout_session", session["id"], expand="all")
    plain = shop.now("checkout_session", session["id"])
    entry = shop.checks.find(shop.api, "list_checkout_sessions", session["id"])

    assert expanded == session
    assert entry == plain


@pytest.mark.parametrize(
    "code",
    [
        case("sessions.get.status", None, id="any code"),
        case("sessions.get.not-found", "checkout-session.not-found"),
    ],
)
def test_an_unknown_session_is_not_found(
    code: str | None, api: Client, checks: Checks
) -> None:
    """404; the code follows the pattern of the others."""
    body = checks.refused_with(api.call("get_checkout_session", id=NOBODY), 404)

    assert code is None or body["errorCode"] == code


@pytest.mark.clause("sessions.follows-order")
def test_an_expanded_session_shows_the_order_as_it_is_now(
    shop: Shop, consumer: Client
) -> None:
    """Not as it was when the session was made."""
    session = shop.session(captureMethod="manual")
    order = session["order"]["id"]
    body = {"paymentMethod": "pm_test_visaApproved", "paymentPlan": "pay_in_three"}
    shop.checks.succeeded(consumer.call("authorize_order", body, id=order))

    now = shop.now("checkout_session", session["id"], expand="all")

    assert now["order"]["status"] == "requires_capture"
    assert now["order"] == shop.now("order", order, expand="all")


@pytest.mark.clause("sessions.follows-order")
def test_an_expanded_session_shows_the_token_as_it_is_now(
    shop: Shop, consumer: Client
) -> None:
    """Approved meanwhile."""
    session = shop.token_session()
    shop.approve(session["token"]["id"])

    now = shop.now("checkout_session", session["id"], expand="all")

    assert now["token"]["status"] == "active"
