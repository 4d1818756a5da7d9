"""Creating orders: approved, declined, refused; what an order holds and looks like."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.resources import case
from smartpay_contracts.shop import Shop
from smartpay_fixtures import SAMPLES, sandbox_values

WEEK_MS = 7 * 86_400_000
MINUTE_MS = 60_000
STATUSES = {
    "requires_authorization",
    "requires_capture",
    "succeeded",
    "canceled",
    "rejected",
    "pending",
    "failed",
}
both_captures = pytest.mark.parametrize("capture", ["automatic", "manual"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        case("orders.create.succeeded", {}, "succeeded"),
        case("orders.create.succeeded", {"captureMethod": "automatic"}, "succeeded"),
        case(
            "orders.create.requires-capture",
            {"captureMethod": "manual"},
            "requires_capture",
        ),
    ],
)
def test_an_approved_order_succeeds_or_waits_for_its_capture(
    changes: dict[str, str], status: str, shop: Shop
) -> None:
    """Automatic capture is the default; with manual nothing is taken yet."""
    order = shop.order(**changes)

    assert order["status"] == status
    assert shop.now("order", order["id"])["status"] == status


@pytest.mark.clause("orders.create.one-payment")
def test_an_automatic_capture_is_one_payment(shop: Shop) -> None:
    """For the full amount, of this order, and it is in the list of payments."""
    shop.require_payments()
    order = shop.order(amount=1_234)

    (payment,) = order["payments"]
    values = (payment["amount"], payment["currency"], payment["order"])
    assert values == (1_234, "JPY", order["id"])
    assert payment["status"] == "processed"
    assert shop.now("payment", payment["id"])["amount"] == 1_234
    listed = shop.checks.find(shop.api, "list_payments", payment["id"])
    assert listed["order"] == order["id"]


@pytest.mark.clause("orders.create.one-payment")
def test_a_manual_capture_is_no_payment_yet(shop: Shop) -> None:
    """Neither on the order nor in the list of payments."""
    order = shop.authorized()

    assert order["payments"] == []
    assert shop.now("order", order["id"])["payments"] == []
    payment = shop.checks.search(
        shop.api, "list_payments", lambda p: p["order"] == order["id"]
    )
    assert payment is None


@pytest.mark.clause("orders.create.payment-reference")
def test_an_automatic_payment_carries_the_orders_reference(shop: Shop) -> None:
    """So that a merchant finds it."""
    order = shop.order()

    assert order["payments"][0]["reference"] == order["reference"]


@pytest.mark.clause("orders.create.expires-at")
@both_captures
def test_an_authorization_holds_for_seven_days(capture: str, shop: Shop) -> None:
    """ExpiresAt is seven days from now, give or take the time of the call."""
    order = shop.order(captureMethod=capture)

    for seen in (order, shop.now("order", order["id"])):
        if capture == "automatic" and "expiresAt" not in seen:
            continue  # nothing is left to expire
        late = seen["expiresAt"] - seen["createdAt"] - WEEK_MS
        assert 0 <= late <= MINUTE_MS, f"{late} ms off"


@pytest.mark.clause("orders.create.expires-at")
def test_seven_days_to_the_millisecond(shop: Shop, control: Control) -> None:
    """On a frozen clock there is nothing to give or take."""
    now = control.freeze()

    order = shop.authorized()

    assert order["createdAt"] == now
    assert order["expiresAt"] == now + WEEK_MS


@pytest.mark.clause("orders.create.token-id")
def test_an_order_names_its_token(shop: Shop) -> None:
    """In tokenId, a plain id, wherever the order is seen."""
    order = shop.order()

    entry = shop.checks.find(shop.api, "list_orders", order["id"])
    for seen in (order, shop.now("order", order["id"]), entry):
        assert seen["tokenId"] == shop.token


@pytest.mark.clause("orders.create.token-stays")
def test_a_token_can_be_charged_again(shop: Shop) -> None:
    """It stays active; orders do not use it up."""
    orders = [shop.order() for _ in range(2)]

    assert [order["status"] for order in orders] == ["succeeded"] * 2
    assert shop.now("token", shop.token)["status"] == "active"


@pytest.mark.clause("orders.create.echo")
def test_an_order_carries_what_it_was_made_with(shop: Shop) -> None:
    """amount, currency, reference and every member of shippingInfo."""
    body = shop.order_body(amount=1_234)

    order = shop.ok("create_order", body)

    for seen in (order, shop.now("order", order["id"])):
        for name in ("amount", "currency", "reference", "shippingInfo"):
            assert seen[name] == body[name], name


@pytest.mark.clause("orders.create.echo")
def test_an_order_without_reference_and_fee_has_none(shop: Shop) -> None:
    """Members that were not sent are absent."""
    body = payloads.without(shop.order_body(), "reference")
    body["shippingInfo"] = {"address": dict(payloads.ADDRESS)}

    order = shop.ok("create_order", body)

    assert not order.get("reference")
    assert not order["shippingInfo"].get("feeAmount")


@pytest.mark.clause("orders.create.empty-lists")
def test_lists_that_are_empty_are_lists(shop: Shop) -> None:
    """Discounts and payments, expanded and plain."""
    order = shop.authorized()

    for seen in (order, shop.now("order", order["id"])):
        assert (seen["discounts"], seen["payments"]) == ([], [])


@pytest.mark.clause("orders.create.line-items", "orders.create.adjustments")
def test_each_item_becomes_a_line_item(shop: Shop) -> None:
    """Of its kind; taxes and discounts carry their positive amounts themselves."""
    order = shop.order()

    items = {item["kind"]: item for item in order["lineItems"]}
    assert sorted(items) == ["discount", "product", "tax"]
    for kind, amount in (("tax", 250), ("discount", 50)):
        assert (items[kind]["amount"], items[kind]["currency"]) == (amount, "JPY")
    assert len(shop.now("order", order["id"])["lineItems"]) == 3


@pytest.mark.clause("orders.create.line-item-order")
def test_line_items_come_in_the_order_of_the_items(shop: Shop) -> None:
    """Whatever their kinds."""
    items = [payloads.discount(), payloads.product(), payloads.tax()]

    order = shop.order(items=items)

    kinds = [item["kind"] for item in order["lineItems"]]
    assert kinds == ["discount", "product", "tax"]


@pytest.mark.clause("orders.create.line-item-members")
def test_the_members_of_an_item_find_their_places(shop: Shop) -> None:
    """Some are the line item's, some its price's, some its product's."""
    sent = payloads.product()

    (item,) = shop.order(items=[sent])["lineItems"]

    price, product = item["price"], item["price"]["product"]
    for name in ("quantity", "description", "metadata"):
        assert item[name] == sent[name], name
    assert (price["amount"], price["currency"]) == (sent["amount"], "JPY")
    assert (price["label"], price["description"]) == ("M", sent["priceDescription"])
    assert price["metadata"] == sent["priceMetadata"]
    for name in ("name", "brand", "categories", "gtin", "images", "reference", "url"):
        assert product[name] == sent[name], name
    assert product["description"] == sent["productDescription"]
    assert product["metadata"] == sent["productMetadata"]
    assert price["active"] is product["active"] is True


@pytest.mark.clause("orders.create.every-request-charges")
def test_every_request_charges(shop: Shop) -> None:
    """The same body twice is two orders and two payments."""
    shop.require_payments()
    body = shop.order_body()

    orders = [shop.ok("create_order", body) for _ in range(2)]

    assert orders[0]["id"] != orders[1]["id"]
    assert orders[0]["payments"][0]["id"] != orders[1]["payments"][0]["id"]
    for order in orders:
        assert shop.now("order", order["id"])["reference"] == body["reference"]


@pytest.mark.clause("orders.create.guide-samples")
@pytest.mark.parametrize("name", SAMPLES)
def test_the_guides_samples_succeed(name: str, shop: Shop) -> None:
    """As printed, but for the token, which is the target's."""
    body = {**SAMPLES[name].payload, "token": shop.token}

    answer = shop.api.call("create_order", body)

    order = shop.checks.ok(answer)
    assert order["status"] == "succeeded"
    assert order["amount"] == 1_500


@pytest.mark.clause("orders.create.no-product")
def test_an_order_may_be_without_a_product(shop: Shop) -> None:
    """A fee alone can be charged; a session would need a product."""
    body = shop.order_body(items=[payloads.tax(payloads.AMOUNT)])

    order = shop.ok("create_order", body)

    assert [item["kind"] for item in order["lineItems"]] == ["tax"]


@pytest.mark.clause("orders.create.magic-addresses")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("success@smartpay.co", "succeeded"),
        ("declined@smartpay.co", "rejected"),
        ("rejected@smartpay.co", "rejected"),
    ],
)
def test_an_address_of_old_samples_decides(
    address: str, status: str, shop: Shop
) -> None:
    """Whether the consumer is approved."""
    order = shop.order(customerInfo={"emailAddress": address})

    assert order["status"] == status


@pytest.mark.clause("orders.create.authorization-address")
def test_an_address_asks_for_the_consumer(shop: Shop) -> None:
    """Nobody is there to authorize the charge of a token."""
    customer = {"emailAddress": "auth.required@smartpay.co"}

    session = shop.session(customerInfo=customer)
    order = shop.order(customerInfo=customer)

    assert session["order"]["status"] == "requires_authorization"
    assert order["status"] == "rejected"


@pytest.mark.clause("orders.member-order")
def test_members_come_in_the_order_of_the_published_sample(shop: Shop) -> None:
    """Whether the order was captured, and in every answer."""
    made = [shop.order(), shop.authorized(), shop.session()["order"]]

    for order in [*made, *(shop.now("order", order["id"]) for order in made)]:
        assert list(order) == ["id", "object", *sorted(order.keys() - {"id", "object"})]


@pytest.mark.clause("orders.create.unbalanced")
@pytest.mark.parametrize("amount", [1, 1_499, 1_501, 100_000])
def test_the_amount_need_not_be_the_sum(amount: int, shop: Shop) -> None:
    """It is charged as it was asked for."""
    order = shop.order(amount=amount)

    assert (order["status"], order["amount"]) == ("succeeded", amount)
    assert order["payments"][0]["amount"] == amount


@pytest.mark.clause("orders.create.no-private-members")
def test_what_was_only_asked_is_not_shown(shop: Shop) -> None:
    """An order has neither customerInfo nor captureMethod."""
    order = shop.order(captureMethod="manual")

    for seen in (order, shop.now("order", order["id"])):
        assert not {"customerInfo", "captureMethod", "token"} & set(seen)
        assert not [name for name in seen if name.startswith("_")]


@pytest.mark.clause("orders.get", "orders.list")
@both_captures
def test_an_order_is_what_was_answered(capture: str, shop: Shop) -> None:
    """Retrieved and listed, expanded, it is the creation's answer."""
    order = shop.order(captureMethod=capture)

    assert shop.now("order", order["id"], expand="all") == order
    assert shop.checks.find(shop.api, "list_orders", order["id"], expand="all") == order
    plain = shop.now("order", order["id"])
    assert shop.checks.find(shop.api, "list_orders", order["id"]) == plain


@pytest.mark.clause("orders.get.not-found")
@pytest.mark.parametrize("id_", ["order_test_0000000000000000000000", "x", "%2e%2e"])
def test_an_unknown_order_is_not_found(id_: str, api: Client, checks: Checks) -> None:
    """Whatever the id looks like."""
    answer = api.call("get_order", id=id_)

    checks.refused(answer, "order.not-found")


@pytest.mark.clause("orders.status")
def test_every_status_is_a_documented_one(shop: Shop) -> None:
    """In every order that the first page lists."""
    made = [shop.order(), shop.authorized(), shop.canceled(), shop.unauthorized()]

    page = shop.checks.page(shop.api.call("list_orders"))

    assert {entry["status"] for entry in page["data"]} <= STATUSES
    statuses = [order["status"] for order in made]
    assert statuses == [
        "succeeded",
        "requires_capture",
        "canceled",
        "requires_authorization",
    ]


@pytest.mark.clause("orders.get")
def test_an_order_does_not_change_by_being_looked_at(shop: Shop) -> None:
    """Two looks, one sight."""
    order = shop.order()

    looks = [shop.api.call("get_order", id=order["id"]) for _ in range(2)]

    first, second = (json.loads(shop.checks.succeeded(look).body) for look in looks)
    assert first == second


@pytest.mark.clause("orders.create.rejected", "orders.create.one-payment")
@both_captures
def test_a_declined_order_is_rejected(
    capture: str, shop: Shop, control: Control
) -> None:
    """200, but nothing was authorized and nothing was paid."""
    token = sandbox_values().tokens["declined"].id

    order = shop.order(token=token, captureMethod=capture)

    assert (order["status"], order["payments"]) == ("rejected", [])
    assert order["tokenId"] == token
    assert shop.checks.listed(shop.api, "list_payments") == []


@pytest.mark.clause("orders.create.rejected")
def test_a_token_whose_authorization_is_declined_from_now_on(
    shop: Shop, control: Control
) -> None:
    """Authorization is done for each order anew."""
    before = shop.order()
    control.set_token(shop.token, decision="declined")

    order = shop.order()

    assert [before["status"], order["status"]] == ["succeeded", "rejected"]
    assert shop.now("token", shop.token)["status"] == "active"


@pytest.mark.clause("orders.create.expires-at")
@both_captures
def test_a_rejected_order_never_expires(
    capture: str, shop: Shop, control: Control
) -> None:
    """There is no authorization that could."""
    token = sandbox_values().tokens["declined"].id
    order = shop.order(token=token, captureMethod=capture)

    assert "expiresAt" not in order
    assert "expiresAt" not in shop.now("order", order["id"])


@pytest.mark.clause("orders.create.rejected-kept")
def test_a_rejected_order_is_kept(shop: Shop, control: Control) -> None:
    """It can be retrieved, is listed, and time does not change it."""
    order = shop.rejected()
    control.advance(days=8)

    assert shop.now("order", order["id"])["status"] == "rejected"
    entry = shop.checks.find(shop.api, "list_orders", order["id"])
    assert entry["status"] == "rejected"


@pytest.mark.clause("orders.create.consumer-inactive")
@both_captures
def test_an_inactive_consumer_is_not_charged(
    capture: str, shop: Shop, control: Control
) -> None:
    """The token is active, but its consumer is not any more."""
    token = sandbox_values().tokens["consumer_inactive"].id

    order = shop.order(token=token, captureMethod=capture)

    assert (order["status"], order["payments"]) == ("rejected", [])


@pytest.mark.clause("orders.create.consumer-inactive")
def test_a_consumer_who_is_active_again_is_charged_again(
    shop: Shop, control: Control
) -> None:
    """Its state at the time of the order counts."""
    consumer = sandbox_values().tokens["guide"].consumer
    control.set_consumer(consumer, active=False)
    rejected = shop.order(token=sandbox_values().tokens["guide"].id)
    control.set_consumer(consumer, active=True)

    order = shop.order(token=sandbox_values().tokens["guide"].id)

    assert [rejected["status"], order["status"]] == ["rejected", "succeeded"]


@pytest.mark.clause("orders.create.token-disabled")
@both_captures
def test_a_disabled_token_is_not_charged(capture: str, shop: Shop) -> None:
    """Either the order is rejected or the call is refused; no payment is made."""
    token = shop.switchable_token()
    shop.checks.succeeded(shop.api.call("disable_token", id=token))
    body = shop.order_body(token=token, captureMethod=capture)

    answer = shop.api.call("create_order", body)

    if answer.status == 400:
        shop.checks.refused(answer, "token.invalid")
    else:
        order = shop.checks.ok(answer)
        assert (order["status"], order["payments"]) == ("rejected", [])


@pytest.mark.clause("orders.create.token-disabled-rejected")
@pytest.mark.usefixtures("rejecting_disabled")
def test_an_order_of_a_disabled_token_is_rejected(shop: Shop) -> None:
    """As the guide says, not as the reference says."""
    token = shop.switchable_token()
    shop.checks.succeeded(shop.api.call("disable_token", id=token))

    order = shop.order(token=token)

    assert order["status"] == "rejected"


@pytest.mark.clause("orders.create.token-not-found")
@pytest.mark.parametrize(
    "token",
    ["paytok_test_0000000000000000000000", "paytok_live_zAo001ZRfyjz1F4rMyYPnL"],
    ids=["unknown", "of live mode"],
)
def test_an_unknown_token_is_not_found(token: str, shop: Shop) -> None:
    """No order is made."""
    body = payloads.order(token, reference=shop.reference())

    answer = shop.api.call("create_order", body)

    shop.checks.refused(answer, "token.not-found")
    made = shop.checks.search(
        shop.api, "list_orders", lambda o: o.get("reference") == body["reference"]
    )
    assert made is None


@pytest.mark.clause("orders.create.token-deleted")
def test_a_deleted_token_is_not_found(shop: Shop) -> None:
    """What is deleted cannot be charged."""
    token = shop.own_token()
    shop.checks.succeeded(shop.api.call("delete_token", id=token))

    answer = shop.api.call("create_order", shop.order_body(token=token))

    shop.checks.refused(answer, "token.not-found")


@pytest.mark.clause("orders.create.token-invalid")
def test_a_token_that_waits_for_approval_is_invalid(shop: Shop) -> None:
    """It exists, but was never active."""
    token = shop.waiting_token()

    answer = shop.api.call("create_order", shop.order_body(token=token))

    shop.checks.refused(answer, "token.invalid")


@pytest.mark.clause("orders.create.token-invalid")
@pytest.mark.parametrize("name", ["requires_authorization", "refused"])
def test_a_token_that_was_never_active_is_invalid(
    name: str, shop: Shop, control: Control
) -> None:
    """Whether it waits or was refused."""
    token = sandbox_values().tokens[name].id

    answer = shop.api.call("create_order", shop.order_body(token=token))

    shop.checks.refused(answer, "token.invalid")
    assert shop.checks.listed(shop.api, "list_orders") == []


@pytest.mark.clause("orders.create.token-shape")
@pytest.mark.parametrize("token", ["", "paytok", "order_test_abc", "paytok_test_", 7])
def test_what_is_no_token_is_refused(token: Any, shop: Shop) -> None:
    """As invalid, or as not found."""
    answer = shop.api.call("create_order", payloads.order(token))

    shop.checks.refused_with(answer, 404 if answer.status == 404 else 400)
