"""Short sequences of calls in which the webhooks of mutants differ."""

from __future__ import annotations

from typing import Any

from tests.mutants.shop import COUPON, SOFT_AND_HARD, id_of


def events(shop: Any) -> None:
    """Every type of event."""
    shop.endpoint()
    shop.endpoint(url="http://127.0.0.1:9/two", eventSubscriptions=["refund.created"])
    payment = shop.payment()
    shop.refund(payment, 10)
    order = id_of(shop.order())
    shop.order("declined")
    shop.drain()
    for id_ in (shop.authorized(), order):
        shop.call("cancel_order", id_=id_)
    partly = shop.capture(shop.authorized(), 10, cancelRemainder="manual")
    shop.call("cancel_order", id_=id_of(partly, "order"))
    coupon = shop.coupon()
    shop.call("update_coupon", {"name": "n"}, id_=coupon)
    inactive = {"active": False}
    shop.call("update_promotion_code", inactive, id_=shop.code(coupon, "EVENT"))
    shop.drain()
    token = id_of(shop.token_session(), "token")
    shop.as_consumer("approve_token", token)
    for step in ("disable", "enable", "delete"):
        shop.call(f"{step}_token", id_=token)
    waiting = id_of(shop.session(), "order")
    for card in SOFT_AND_HARD:
        shop.as_consumer("authorize_order", waiting, {"paymentMethod": card})
    shop.drain()
    shop.authorized()
    shop.advance(days=8)
    shop.drain()


def deliveries(shop: Any) -> None:
    """Receivers that fail, move, are switched off, or are deleted."""
    shop.receiver.answers = [500, 204, 0]
    endpoint = shop.endpoint()
    shop.coupon()
    for _ in range(3):
        shop.drain()
        shop.advance(hours=6)
    shop.receiver.answers = [500, 500]
    shop.coupon()
    shop.drain()
    for change in ({"url": "http://127.0.0.1:9/new"}, {"active": False}):
        shop.call("update_webhook_endpoint", change, id_=endpoint)
        shop.advance(hours=6)
        shop.coupon()
        shop.drain()
    for host in ("localhost", "[::1]:9"):
        shop.endpoint(url=f"https://{host}/tls")
    other = shop.endpoint(url="http://127.0.0.1:9/other")
    shop.call("delete_webhook_endpoint", id_=other)
    shop.coupon()
    shop.drain()


def refusals_and_replays(shop: Any) -> None:
    """Events after refusals and replays, and of two accounts."""
    shop.endpoint()
    shop.key = "sk_test_two"
    shop.endpoint(url="http://127.0.0.1:9/two")
    shop.key = "sk_test_probe"
    shop.order(amount=-1)
    for _ in range(2):
        shop.call("create_coupon", COUPON, key="sent-once")
        shop.drain()
    shop.key = "sk_test_two"
    shop.control("POST", "/webhooks/drain")
    shop.transcript.append(
        f"another account receives {len(shop.receiver.posts)} events"
    )


def persistence(shop: Any) -> None:
    """A receiver that never accepts a delivery."""
    shop.receiver.answers += [500] * 20
    shop.endpoint()
    shop.coupon()
    for hours in (0, 1, 1, 2, 4, 8, 12, 25, 24, 0.5, 24, 24, 24):
        shop.advance(hours=hours)
        shop.drain()


SCENARIOS = (events, deliveries, persistence, refusals_and_replays)
