"""Deliveries that are not acknowledged come again, and the others do not."""

from __future__ import annotations

import pytest

from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.receiver import SILENCE, Receiver
from smartpay_contracts.shop import Shop


@pytest.mark.clause("events.retry", "events.retry-2xx")
@pytest.mark.parametrize("status", [500, 404, 302, 201, 204])
def test_an_unacknowledged_delivery_is_retried(
    *,
    status: int,
    shop: Shop,
    receiver: Receiver,
    endpoint: Doc,
    control: Control,
) -> None:
    """Only 200 acknowledges."""
    receiver.answers += [status, status]
    shop.coupon()
    receiver.settle()

    for _ in range(2):
        control.advance(days=1)
        receiver.settle()

    deliveries = receiver.wait_for("coupon.created", count=3)
    assert [d.answered for d in deliveries] == [status, status, 200]
    assert len({d.headers["smartpay-event-id"] for d in deliveries}) == 1


@pytest.mark.clause("events.retry-silence")
def test_a_delivery_without_an_answer_is_retried(
    shop: Shop,
    receiver: Receiver,
    endpoint: Doc,
    control: Control,
) -> None:
    """Who hangs up has acknowledged nothing."""
    receiver.answers += [SILENCE]
    shop.coupon()
    receiver.settle()

    control.advance(days=1)
    receiver.settle()

    deliveries = receiver.wait_for("coupon.created", count=2)
    assert [d.answered for d in deliveries] == [SILENCE, 200]


@pytest.mark.clause("events.retry-same-event", "events.once")
def test_a_retry_is_the_same_event_signed_anew(
    shop: Shop,
    receiver: Receiver,
    endpoint: Doc,
    control: Control,
) -> None:
    """And after a 200 there is no further one."""
    receiver.answers += [500]
    shop.coupon()
    receiver.settle()

    for _ in range(3):
        control.advance(days=1)
        receiver.settle()

    first, second = receiver.of("coupon.created")
    assert first.body == second.body
    stamps = [d.headers["smartpay-signature-timestamp"] for d in (first, second)]
    assert stamps[0] != stamps[1]
    for delivery in (first, second):
        assert delivery.is_signed_with(endpoint["signingSecret"])


@pytest.mark.clause("events.once")
def test_a_delivery_comes_once(
    shop: Shop,
    receiver: Receiver,
    endpoint: Doc,
    control: Control,
) -> None:
    """What was acknowledged is done."""
    shop.order()
    receiver.settle()
    control.advance(days=1)
    receiver.settle()

    ids = [d.headers["smartpay-event-id"] for d in receiver.deliveries]
    assert len(ids) == len(set(ids)) == 3
