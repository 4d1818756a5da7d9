"""Further attempts of a delivery: until it is answered with 200, and no others."""

from __future__ import annotations

import pytest

from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import SILENCE, TIMEOUT_S, Receiver
from smartpay_contracts.resources import case
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target

PAUSES_S = (90, 300, 900, 3_600, 10_800, 21_600, 43_200, 86_400, 86_400)
"""Pauses before the second, third, ... attempt of a delivery."""


@pytest.mark.clause("events.retry", "events.retry-2xx")
@pytest.mark.parametrize("status", [500, 404, 302, 201, 204])
def test_an_unacknowledged_delivery_is_retried(
    *, status: int, shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """Only 200 acknowledges."""
    receiver.answers += [status, status]
    shop.coupon()
    receiver.deliver_due()

    for _ in range(2):
        control.advance(days=1)
        receiver.deliver_due()

    deliveries = receiver.wait_for("coupon.created", count=3)
    assert [d.answered for d in deliveries] == [status, status, 200]
    assert len({d.headers["smartpay-event-id"] for d in deliveries}) == 1


def require_default_schedule(control: Control) -> None:
    """Skip the test if the emulator has other pauses between attempts."""
    if control.settings()["webhook_schedule"]:
        pytest.skip("the emulator is set to another schedule: webhook_schedule")


@pytest.mark.clause("events.retry")
def test_a_retry_comes_by_itself(shop: Shop, target: Target, control: Control) -> None:
    """When its pause is over; nobody has to ask the server to deliver what is due."""
    target.require("receiver")
    require_default_schedule(control)
    with Receiver(TIMEOUT_S) as receiver:
        receiver.answers.append(500)
        shop.endpoint(receiver.url())
        shop.coupon()
        receiver.wait_for("coupon.created")

        control.advance(seconds=PAUSES_S[0] - 1)

        assert receiver.wait_for("coupon.created", count=2)[1].answered == 200


@pytest.mark.parametrize(
    ("operation", "body"),
    [
        case("events.inactive", "update_webhook_endpoint", [{"active": False}]),
        case("events.deleted", "delete_webhook_endpoint", []),
    ],
)
def test_an_endpoint_that_is_off_gets_no_retry(
    *,
    operation: str,
    body: list[Doc],
    shop: Shop,
    receiver: Receiver,
    endpoint: Doc,
    control: Control,
) -> None:
    """Not even of what was sent before."""
    receiver.answers += [500]
    shop.coupon()
    receiver.deliver_due()
    shop.checks.succeeded(shop.api.call(operation, *body, id=endpoint["id"]))

    control.advance(days=1)
    receiver.deliver_due()

    assert [d.answered for d in receiver.of("coupon.created")] == [500]


@pytest.mark.clause("events.changed-url")
def test_a_retry_follows_a_changed_url(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """Although the first attempt was sent to the old one."""
    receiver.answers += [500]
    shop.coupon()
    receiver.deliver_due()
    shop.update("webhook_endpoint", endpoint["id"], {"url": receiver.url("/new")})

    control.advance(days=1)
    receiver.deliver_due()

    statuses = [[d.answered for d in receiver.at(path)] for path in ("/hook", "/new")]
    assert statuses == [[500], [200]]


@pytest.mark.clause("events.retry-schedule")
def test_a_delivery_is_attempted_ten_times(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """Each attempt comes when its pause is over and not before; none comes after."""
    require_default_schedule(control)
    receiver.answers += [500] * 20
    control.freeze()
    shop.coupon()
    receiver.deliver_due()

    counts = []
    for pause in PAUSES_S:
        for step in (pause - 1, 1):
            control.advance(seconds=step)
            receiver.deliver_due()
            counts.append(len(receiver.of("coupon.created")))
    control.advance(days=30)
    receiver.deliver_due()

    assert counts == [n for tries in range(1, 10) for n in (tries, tries + 1)]
    assert len(receiver.of("coupon.created")) == 10


@pytest.mark.clause("events.retry-silence")
def test_a_delivery_without_an_answer_is_retried(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """A closed connection acknowledges nothing."""
    receiver.answers += [SILENCE]
    shop.coupon()
    receiver.deliver_due()

    control.advance(days=1)
    receiver.deliver_due()

    deliveries = receiver.wait_for("coupon.created", count=2)
    assert [d.answered for d in deliveries] == [SILENCE, 200]


@pytest.mark.clause("events.once")
@pytest.mark.parametrize("ending", ["open", "close"])
def test_a_200_counts_however_it_ends(
    ending: str, shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """The connection may stay open after it, or end it without a Content-Length."""
    receiver.ending = ending
    shop.coupon()
    receiver.deliver_due()

    control.advance(days=1)
    receiver.deliver_due()

    assert [d.answered for d in receiver.of("coupon.created")] == [200]


@pytest.mark.clause("events.retry-same-event", "events.once")
def test_a_retry_is_the_same_event_signed_anew(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """And after a 200 there is no further one."""
    receiver.answers += [500]
    shop.coupon()
    receiver.deliver_due()

    for _ in range(3):
        control.advance(days=1)
        receiver.deliver_due()

    first, second = receiver.of("coupon.created")
    assert first.body == second.body
    stamps = [d.headers["smartpay-signature-timestamp"] for d in (first, second)]
    assert stamps[0] != stamps[1]
    for delivery in (first, second):
        assert delivery.is_signed_with(endpoint["signingSecret"])


@pytest.mark.clause("events.once")
def test_a_delivery_comes_once(
    shop: Shop, receiver: Receiver, endpoint: Doc, control: Control
) -> None:
    """An acknowledged delivery is not sent again."""
    shop.order()
    receiver.deliver_due()
    control.advance(days=1)
    receiver.deliver_due()

    ids = [d.headers["smartpay-event-id"] for d in receiver.deliveries]
    assert len(ids) == len(set(ids)) == 3
