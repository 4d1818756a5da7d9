"""Which change sends which event."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import Receiver
from smartpay_contracts.resources import RESOURCES, case
from smartpay_contracts.shop import APPROVED, Shop
from smartpay_contracts.values import unique
from smartpay_fixtures import sandbox_values


@pytest.fixture(autouse=True)
def endpoint(shop: Shop, receiver: Receiver) -> Doc:
    """Subscribe the receiver to every event of the account."""
    return shop.endpoint(receiver.url())


@pytest.mark.clause("events.order-authorized", "events.token-used")
@pytest.mark.parametrize(
    ("capture", "status"), [("automatic", "succeeded"), ("manual", "requires_capture")]
)
def test_an_approved_order_is_published(
    capture: str, status: str, shop: Shop, receiver: Receiver
) -> None:
    """That its token was used and that it was authorized."""
    order = shop.order(captureMethod=capture)

    authorized = receiver.data_of("order.authorized", order["id"])

    assert authorized["status"] == status
    used = receiver.wait_for("token.used")[-1].data
    assert order["tokenId"] in (used["id"], used.get("tokenId"))


@pytest.mark.clause("events.order-authorized")
def test_an_order_authorized_by_the_consumer_is_published(
    shop: Shop, consumer: Client, receiver: Receiver
) -> None:
    """The same event as for an order made from a token."""
    order = shop.unauthorized(captureMethod="manual")

    shop.checks.succeeded(consumer.call("authorize_order", APPROVED, id=order["id"]))

    data = receiver.data_of("order.authorized", order["id"])
    assert data["status"] == "requires_capture"


@pytest.mark.clause("events.payment-created")
@pytest.mark.parametrize("capture", ["automatic", "manual"])
def test_a_capture_is_published(capture: str, shop: Shop, receiver: Receiver) -> None:
    """An automatic one too."""
    order = shop.order(captureMethod=capture, amount=900)
    if capture == "manual":
        payment = shop.payment(400, order=order["id"])
    else:
        payment = order["payments"][0]

    data = receiver.data_of("payment.created", payment["id"])

    assert (data["order"], data["amount"]) == (order["id"], payment["amount"])


@pytest.mark.clause("events.payment-created")
def test_each_capture_is_published_once(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """Three captures, three events."""
    order = shop.authorized(600)["id"]

    made = [shop.payment(200, order=order)["id"] for _ in range(3)]

    receiver.wait_for("payment.created", count=3)
    seen = [d.data["id"] for d in receiver.of("payment.created")]
    assert sorted(seen) == sorted(made)


@pytest.mark.clause("events.payment-created")
@pytest.mark.parametrize("operation", ["create_order", "create_payment"])
def test_a_failed_capture_is_published(
    operation: str, shop: Shop, control: Control, receiver: Receiver
) -> None:
    """With its status."""
    control.add_fault(operation, "fail")
    is_automatic = operation == "create_order"
    payment = shop.order()["payments"][0] if is_automatic else shop.payment()

    assert receiver.data_of("payment.created", payment["id"])["status"] == "failed"


@pytest.mark.clause("events.refund-created")
def test_a_failed_refund_is_published(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """With its status."""
    control.add_fault("create_refund", "fail")
    refund = shop.refund()

    assert receiver.data_of("refund.created", refund["id"])["status"] == "failed"


@pytest.mark.clause("events.refund-created")
def test_a_refund_is_published(shop: Shop, receiver: Receiver) -> None:
    """Of which payment, and how much."""
    refund = shop.refund(123)

    data = receiver.data_of("refund.created", refund["id"])

    assert (data["payment"], data["amount"]) == (refund["payment"], 123)


@pytest.mark.clause("events.order-canceled")
def test_a_cancellation_is_published(shop: Shop, receiver: Receiver) -> None:
    """With the status that it left."""
    order = shop.canceled()

    data = receiver.data_of("order.canceled", order["id"])

    assert data["status"] == "canceled"


@pytest.mark.clause("events.order-expired")
def test_an_expiry_is_published(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """As a cancellation does, without anybody looking at the order."""
    order = shop.authorized()

    control.advance(days=7, milliseconds=1)

    data = receiver.data_of("order.canceled", order["id"])
    assert data["status"] == "canceled"


@pytest.mark.clause("events.order-rejected")
@pytest.mark.parametrize("name", ["declined", "consumer_inactive"])
def test_a_declined_order_is_published(
    name: str, shop: Shop, control: Control, receiver: Receiver
) -> None:
    """That it was rejected, and nothing that would let goods go."""
    order = shop.order(token=sandbox_values().tokens[name].id)

    assert_only_rejection_published(order, receiver)


@pytest.mark.clause("events.order-rejected")
@pytest.mark.usefixtures("rejecting_disabled")
def test_an_order_of_a_disabled_token_is_published(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """As one that is declined for another reason."""
    order = shop.order(token=sandbox_values().tokens["disabled"].id)

    assert_only_rejection_published(order, receiver)


def assert_only_rejection_published(order: Doc, receiver: Receiver) -> None:
    """See that an order's rejection was sent, and nothing that lets goods go."""
    data = receiver.data_of("order.rejected", order["id"])

    assert data["status"] == "rejected"
    assert not {"order.authorized", "payment.created"} & set(receiver.types())


@pytest.mark.clause("events.order-declined")
@pytest.mark.parametrize(
    ("method", "status"),
    [
        ("pm_test_visaDeclined", "requires_authorization"),
        ("pm_test_visaRefused", "rejected"),
    ],
    ids=["softly", "for good"],
)
def test_an_order_that_the_consumer_could_not_pay_is_published(
    *, method: str, status: str, shop: Shop, control: Control, receiver: Receiver
) -> None:
    """The status shows whether another method can be tried."""
    order = shop.unauthorized()
    body = {"paymentMethod": method, "paymentPlan": "pay_in_three"}

    shop.consumer.call("authorize_order", body, id=order["id"])

    assert receiver.data_of("order.rejected", order["id"])["status"] == status


@pytest.mark.clause("events.token-life")
def test_every_change_of_a_token_is_published(
    shop: Shop, consumer: Client, receiver: Receiver
) -> None:
    """Created, approved, disabled, enabled, deleted."""
    token = shop.waiting_token()
    created = receiver.data_of("token.created", token)
    shop.approve(token)
    approved = receiver.data_of("token.approved", token)
    later = []

    for operation, type_ in (
        ("disable_token", "token.disabled"),
        ("enable_token", "token.enabled"),
        ("delete_token", "token.deleted"),
    ):
        shop.checks.succeeded(shop.api.call(operation, id=token))
        later.append(receiver.data_of(type_, token)["status"])

    assert created["status"] == "requires_authorization"
    assert approved["status"] == "active"
    assert later == ["disabled", "active", "deleted"]


@pytest.mark.parametrize(
    ("resource", "changes"),
    [
        case("events.coupons", "coupon", {"name": "new"}),
        case("events.promotion-codes", "promotion_code", {"active": False}),
    ],
)
def test_a_coupon_or_promotion_code_is_published(
    resource: str, changes: dict[str, Any], shop: Shop, receiver: Receiver
) -> None:
    """When it is made and when it is changed."""
    made = RESOURCES[resource].make(shop)
    created = receiver.data_of(f"{resource}.created", made["id"])

    shop.update(resource, made["id"], changes)

    updated = receiver.data_of(f"{resource}.updated", made["id"])
    for name, value in changes.items():
        assert (created[name], updated[name]) == (made[name], value)


@pytest.mark.clause("events.sequence")
def test_the_events_of_an_order_come_in_order(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """token.used, order.authorized, payment.created."""
    shop.order()

    receiver.deliver_due()

    created = {d.type: d.event["createdAt"] for d in receiver.deliveries}
    assert sorted(created) == ["order.authorized", "payment.created", "token.used"]
    assert created["token.used"] <= created["order.authorized"]
    assert created["order.authorized"] <= created["payment.created"]
    assert receiver.types() == ["token.used", "order.authorized", "payment.created"]


@pytest.mark.clause("events.none-for-session")
def test_a_session_for_an_order_publishes_nothing(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """Nothing has happened yet."""
    shop.session()

    receiver.deliver_due()

    assert receiver.types() == []


@pytest.mark.clause("events.none-for-replay")
def test_a_replay_publishes_nothing(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """One change causes one event."""
    body, key = shop.order_body(), unique(32)

    for _ in range(3):
        shop.ok("create_order", body, idempotency_key=key)

    receiver.wait_for("payment.created")
    assert len(receiver.types()) == 3


@pytest.mark.clause("events.none-for-refusal")
def test_a_refused_call_publishes_nothing(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """Neither an invalid one nor a conflicting one."""
    order = shop.authorized(100)["id"]
    receiver.deliver_due()
    before = receiver.types()

    shop.api.call("create_payment", payloads.payment(order, 101))
    shop.api.call("create_order", shop.order_body(amount=-1))
    shop.api.call("create_order", payloads.order("paytok_test_nobody"))

    receiver.deliver_due()
    assert receiver.types() == before


@pytest.mark.clause("events.none-for-release")
def test_releasing_a_rest_is_no_cancellation(
    shop: Shop, control: Control, receiver: Receiver
) -> None:
    """The order is succeeded; order.canceled would say otherwise."""
    order = shop.authorized(100)["id"]
    shop.payment(40, order=order)
    shop.ok("cancel_order", id=order)

    receiver.deliver_due()

    assert "order.canceled" not in receiver.types()
