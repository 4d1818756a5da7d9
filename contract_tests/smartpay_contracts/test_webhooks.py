"""Webhook endpoints, and the events they get: signed, and as they subscribed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import (
    BASE62,
    TIMEOUT_S,
    Delivery,
    Receiver,
    decode_base62,
)
from smartpay_contracts.resources import resource_named
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target
from smartpay_contracts.values import now_ms
from smartpay_fixtures import sandbox_values
from smartpay_schemas import EVENTS

URL = "https://example.com/hook"
BY_THEMSELVES = (
    "order.authorized",
    "payment.created",
    "refund.created",
    "coupon.created",
    "promotion_code.created",
)


@pytest.mark.clause("endpoints.create", "endpoints.create.active")
@pytest.mark.parametrize(
    "body",
    [
        {"url": URL},
        {"url": URL, "description": None, "eventSubscriptions": None, "metadata": None},
    ],
    ids=["alone", "nulls"],
)
def test_an_endpoint_needs_only_a_url(body: dict[str, Any], shop: Shop) -> None:
    """It is active at once."""
    endpoint = shop.ok("create_webhook_endpoint", body)

    for seen in (endpoint, shop.now("webhook_endpoint", endpoint["id"])):
        assert (seen["url"], seen["active"]) == (URL, True)


@pytest.mark.clause("endpoints.create.every-event")
@pytest.mark.parametrize("type_", EVENTS)
def test_every_event_can_be_subscribed_to(type_: str, shop: Shop) -> None:
    """Also those that no call causes."""
    endpoint = shop.endpoint(eventSubscriptions=[type_])

    assert endpoint["eventSubscriptions"] == [type_]


@pytest.mark.clause("endpoints.create.secret", "endpoints.create.secret-length")
def test_an_endpoint_has_a_signing_secret(shop: Shop) -> None:
    """40 characters of base62 that stand for 30 bytes."""
    secret = shop.endpoint()["signingSecret"]

    assert len(secret) == 40
    assert set(secret) <= set(BASE62)
    assert len(decode_base62(secret)) <= 30


@pytest.mark.clause("endpoints.create.secret-own")
def test_each_endpoint_has_a_secret_of_its_own(shop: Shop) -> None:
    """None begins with A, which would be a zero that decoders treat differently."""
    secrets = {shop.endpoint()["signingSecret"] for _ in range(8)}

    assert len(secrets) == 8
    assert not [secret for secret in secrets if secret.startswith("A")]
    assert {len(decode_base62(secret)) for secret in secrets} == {30}


@pytest.mark.clause("endpoints.create.not-reached", "endpoints.create.http")
@pytest.mark.parametrize(
    "url", ["https://nobody.invalid/hook", "http://127.0.0.1:1/hook", "https://a.jp"]
)
def test_the_url_is_not_tried(url: str, shop: Shop) -> None:
    """A dead one is fine, and one without TLS for local development."""
    assert shop.endpoint(url)["url"] == url


@pytest.mark.clause("endpoints.get.secret")
def test_the_secret_can_be_read_again(shop: Shop) -> None:
    """It is the same, alone and in the list, and after an update."""
    made = shop.endpoint()
    secret = made["signingSecret"]

    changed = shop.update("webhook_endpoint", made["id"], {"description": "new"})

    entry = shop.checks.find(shop.api, "list_webhook_endpoints", made["id"])
    alone = shop.now("webhook_endpoint", made["id"])
    seen = [changed, entry, alone]
    assert [one["signingSecret"] for one in seen] == [secret] * 3


@pytest.mark.clause("endpoints.delete", "endpoints.delete.gone")
def test_a_deleted_endpoint_is_gone(shop: Shop) -> None:
    """204; then it is not found, and in no list; others stay."""
    kept, made = shop.endpoint(), shop.endpoint()

    answer = shop.api.call("delete_webhook_endpoint", id=made["id"])

    shop.checks.succeeded(answer)
    for operation in ("get_webhook_endpoint", "delete_webhook_endpoint"):
        gone = shop.api.call(operation, id=made["id"])
        shop.checks.refused(gone, "webhook-endpoint.notfound")
    listed = [e["id"] for e in shop.checks.listed(shop.api, "list_webhook_endpoints")]
    assert made["id"] not in listed
    assert kept["id"] in listed


HOUR_MS = 3_600_000


def arrived(receiver: Receiver, type_: str) -> Delivery:
    """Return the delivery of an event that the test has just caused."""
    receiver.deliver_due()
    return receiver.wait_for(type_)[-1]


@pytest.mark.clause("events.post")
def test_an_event_is_posted(shop: Shop, receiver: Receiver, endpoint: Doc) -> None:
    """As JSON, to the url of the endpoint."""
    coupon = shop.coupon()

    delivery = arrived(receiver, "coupon.created")

    assert delivery.method == "POST"
    assert delivery.headers["content-type"].startswith("application/json")
    assert delivery.data["id"] == coupon["id"]


@pytest.mark.clause("events.payment-members")
def test_the_payment_of_an_event_looks_like_the_published_sample(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """These members in this order, whatever the payment itself has."""
    order = shop.authorized()
    lines = [item["id"] for item in order["lineItems"]]
    shop.payment(100, order=order["id"], lineItems=lines, description="part")

    payment = json.loads(arrived(receiver, "payment.created").body)["eventData"]["data"]

    assert list(payment) == [
        *("id", "object", "test", "createdAt", "updatedAt", "amount", "currency"),
        *("order", "reference", "status", "metadata"),
    ]


@pytest.mark.clause("events.post")
def test_events_arrive_by_themselves(shop: Shop, target: Target) -> None:
    """Nobody has to ask the server to deliver what is due."""
    target.require("receiver")
    with Receiver(TIMEOUT_S) as receiver:
        shop.endpoint(receiver.url())

        shop.refund()
        shop.promotion_code()

        for type_ in BY_THEMSELVES:
            assert receiver.wait_for(type_)[0].method == "POST"


@pytest.mark.clause("events.shape")
def test_an_event_has_its_documented_shape(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """id, object, createdAt, test, and the data with type and version."""
    shop.coupon()

    event = arrived(receiver, "coupon.created").event

    shop.checks.matches("resources/event", event, None, is_complete=True)
    assert (event["object"], event["test"]) == ("event", True)
    assert event["id"].startswith("evt_test_")
    assert abs(event["createdAt"] - now_ms()) < 24 * HOUR_MS
    assert isinstance(event["eventData"]["version"], str)
    assert event["eventData"]["type"] == "coupon.created"


@pytest.mark.clause("events.headers")
def test_a_delivery_says_what_it_is(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """Which endpoint it is for, which event it is, and how it is signed."""
    shop.coupon()

    delivery = arrived(receiver, "coupon.created")

    assert delivery.headers["smartpay-subscription-id"] == endpoint["id"]
    assert delivery.headers["smartpay-event-id"] == delivery.event["id"]
    assert delivery.headers["smartpay-signature"]
    assert delivery.headers["smartpay-signature-timestamp"]


@pytest.mark.clause("events.signature")
def test_a_delivery_is_signed_with_the_endpoints_secret(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """Over the timestamp and the raw body, Japanese text and all."""
    shop.coupon(name="春のクーポン", metadata={"面": "😀"})

    delivery = arrived(receiver, "coupon.created")

    assert delivery.is_signed_with(endpoint["signingSecret"])
    assert delivery.data["name"] == "春のクーポン"


@pytest.mark.clause("events.timestamp")
def test_the_signatures_timestamp_is_milliseconds(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """Decimal, of this attempt."""
    shop.coupon()

    stamp = arrived(receiver, "coupon.created").headers["smartpay-signature-timestamp"]

    assert stamp.isdecimal()
    assert abs(int(stamp) - now_ms()) < HOUR_MS


@pytest.mark.clause("events.data-plain", "events.data-current")
def test_an_event_carries_the_object_as_it_is(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """With ids where it refers to others."""
    order = shop.authorized()
    payment = shop.payment(100, order=order["id"])

    captured = arrived(receiver, "payment.created").data
    authorized = arrived(receiver, "order.authorized").data

    assert captured["order"] == order["id"]
    assert (captured["id"], captured["amount"]) == (payment["id"], 100)
    assert captured["status"] == "processed"
    assert (authorized["id"], authorized["status"]) == (order["id"], "requires_capture")
    assert all(isinstance(item, str) for item in authorized["lineItems"])
    assert authorized["amount"] == order["amount"]


@pytest.mark.clause("events.key-order", "events.version")
def test_an_event_looks_like_the_published_sample(
    shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """Members in the sample's order, and its version."""
    shop.coupon()

    event = json.loads(arrived(receiver, "coupon.created").body)

    assert list(event) == ["id", "object", "createdAt", "test", "eventData"]
    assert list(event["eventData"]) == ["type", "version", "data"]
    assert event["eventData"]["version"] == "2022-02-18"


@pytest.mark.clause("events.shape")
@pytest.mark.parametrize(
    "kind", ["order", "payment", "refund", "coupon", "promotion_code", "token"]
)
def test_the_data_of_an_event_fits_its_schema(
    *, kind: str, shop: Shop, receiver: Receiver, endpoint: Doc
) -> None:
    """The same as when the object is retrieved."""
    shop.refund()
    shop.promotion_code()
    shop.waiting_token()
    type_ = "order.authorized" if kind == "order" else f"{kind}.created"

    data = arrived(receiver, type_).data

    schema = f"resources/{kind.replace('_', '-')}"
    shop.checks.matches(schema, data, None, is_complete=True)
    assert resource_named(data["object"]).name == kind


@pytest.mark.clause("events.subscribed-only")
def test_an_endpoint_gets_what_it_subscribes_to(shop: Shop, receiver: Receiver) -> None:
    """And nothing else; what came last proves that the rest was left out."""
    types = ["order.canceled", "coupon.created"]
    shop.endpoint(receiver.url(), eventSubscriptions=types)
    order = shop.authorized()
    shop.api.call("cancel_order", id=order["id"])

    shop.coupon()

    arrived(receiver, "order.canceled")
    arrived(receiver, "coupon.created")
    assert sorted(set(receiver.types())) == sorted(types)


@pytest.mark.clause("events.all-by-default")
@pytest.mark.parametrize("subscriptions", [{}, {"eventSubscriptions": None}])
def test_without_subscriptions_an_endpoint_gets_everything(
    subscriptions: dict[str, None], shop: Shop, receiver: Receiver
) -> None:
    """Orders, payments, refunds, coupons, tokens."""
    shop.endpoint(receiver.url(), **subscriptions)

    shop.refund()
    shop.promotion_code()

    for type_ in (
        "token.used",
        "order.authorized",
        "payment.created",
        "refund.created",
        "coupon.created",
        "promotion_code.created",
    ):
        arrived(receiver, type_)


@pytest.mark.clause("events.every-endpoint")
def test_each_endpoint_gets_its_own_delivery(shop: Shop, receiver: Receiver) -> None:
    """Of the same event, signed with its own secret."""
    endpoints = {
        path: shop.endpoint(receiver.url(path)) for path in ("/first", "/second")
    }

    shop.coupon()

    receiver.deliver_due()
    deliveries = {
        path: receiver.wait_for("coupon.created", path=path)[0] for path in endpoints
    }
    assert len({d.headers["smartpay-event-id"] for d in deliveries.values()}) == 1
    for path, delivery in deliveries.items():
        assert delivery.headers["smartpay-subscription-id"] == endpoints[path]["id"]
        assert delivery.is_signed_with(endpoints[path]["signingSecret"])


@pytest.mark.clause("events.inactive")
def test_an_inactive_endpoint_gets_nothing(shop: Shop, receiver: Receiver) -> None:
    """Until it is active again."""
    off = shop.endpoint(receiver.url("/off"))
    shop.endpoint(receiver.url("/on"))

    def switch(active: bool) -> None:
        body = {"active": active}
        shop.ok("update_webhook_endpoint", body, id=off["id"])

    switch(False)
    shop.coupon()
    receiver.wait_for("coupon.created", path="/on")
    assert receiver.at("/off") == []
    switch(True)
    shop.coupon()
    receiver.deliver_due()
    assert len(receiver.wait_for("coupon.created", path="/off")) == 1


@pytest.mark.clause("events.deleted")
def test_a_deleted_endpoint_gets_nothing(shop: Shop, receiver: Receiver) -> None:
    """While another one still does."""
    gone = shop.endpoint(receiver.url("/gone"))
    shop.endpoint(receiver.url("/here"))
    shop.checks.succeeded(shop.api.call("delete_webhook_endpoint", id=gone["id"]))

    shop.coupon()

    receiver.wait_for("coupon.created", path="/here")
    assert receiver.at("/gone") == []


@pytest.mark.clause("events.changed-url")
def test_events_follow_a_changed_url(shop: Shop, receiver: Receiver) -> None:
    """Not to the old address any more."""
    made = shop.endpoint(receiver.url("/old"))
    body = {"url": receiver.url("/new")}
    shop.ok("update_webhook_endpoint", body, id=made["id"])

    shop.coupon()

    receiver.deliver_due()
    (delivery,) = receiver.wait_for("coupon.created", path="/new")
    assert delivery.is_signed_with(made["signingSecret"])
    assert receiver.at("/old") == []


@pytest.mark.clause("events.own-account")
def test_another_accounts_events_are_not_delivered_here(
    shop: Shop, receiver: Receiver, endpoint: Doc, other: Client
) -> None:
    """Only coupons of the own account cause events."""
    theirs = other.call("create_coupon", {**_COUPON, "name": "theirs"}).doc
    mine = shop.coupon()

    receiver.wait_for("coupon.created")

    values = [d.data["id"] for d in receiver.of("coupon.created")]
    assert values == [mine["id"]]
    assert theirs["id"] not in values


_COUPON = {"discountType": "amount", "discountAmount": 1, "currency": "JPY"}


@pytest.mark.clause("events.timestamp")
def test_the_timestamp_follows_the_accounts_clock(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """A receiver that tolerates five minutes sees virtual minutes."""
    now = control.freeze()
    shop.order(token=sandbox_values().tokens["guide"].id)

    delivery = arrived(receiver, "order.authorized")

    stamp = int(delivery.headers["smartpay-signature-timestamp"])
    assert stamp == delivery.event["createdAt"] == now
