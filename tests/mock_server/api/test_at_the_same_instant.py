"""Calls at the same instant: sums hold, and each caller learns what became of it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

DEADLINE_S = 30


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """Make all calls at the same instant and return their answers."""
    barrier = threading.Barrier(len(calls), timeout=DEADLINE_S)

    def start(call: Callable[[], Any]) -> Any:
        barrier.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(start, calls))


@pytest.fixture(
    params=["memory:", "sqlite:///{}/state.db?synchronous=off"],
    ids=["memory", "sqlite"],
)
def account(request: Any, emulate: Any, tmp_path: Path) -> Any:
    """Return an account of an emulator, for each kind of store."""
    return emulate(state=request.param.format(tmp_path))


def test_two_captures_of_the_last_yen_have_one_winner(account: Any) -> None:
    """The other one gets a documented refusal, and nothing is taken twice."""
    for _ in range(10):
        order = account.manual()["id"]
        account.capture(order, 2499)

        replies = at_once([partial(account.capture, order, 1)] * 2)

        assert sorted(reply.status for reply in replies) == [200, 409]
        loser = max(replies, key=lambda reply: reply.status)
        assert loser.code in ("order.cannot-capture", "payment.excessive-amount")
        payments = account.ok("get_order", id=order, query={"expand": "all"})[
            "payments"
        ]
        assert sum(payment["amount"] for payment in payments) == 2500


def test_captures_at_once_never_take_more_than_was_authorized(account: Any) -> None:
    """Ten of 400 each: six fit into 2,500."""
    order = account.manual()["id"]

    replies = at_once([lambda: account.capture(order, 400)] * 10)

    codes = sorted(reply.code for reply in replies if reply.status != 200)
    assert codes == ["payment.excessive-amount"] * 4
    assert account.capture(order, 100).status == 200
    assert account.ok("get_order", id=order)["status"] == "succeeded"


def test_refunds_at_once_never_give_more_than_was_paid(account: Any) -> None:
    """Five of 600 each: four fit into 2,500."""
    payment = account.order()["payments"][0]["id"]

    replies = at_once([lambda: account.refund(payment, 600)] * 5)

    assert sorted(reply.status for reply in replies) == [200, 200, 200, 200, 403]
    assert account.refund(payment).json["amount"] == 100


def test_a_capture_and_a_cancellation_at_once_agree(account: Any) -> None:
    """Either it was captured in time and succeeded, or it was cancelled before."""
    for _ in range(6):
        order = account.manual()["id"]

        captured, cancelled = at_once(
            [
                partial(account.capture, order, 100),
                partial(account.do, "cancel_order", id=order),
            ]
        )

        status = account.ok("get_order", id=order)["status"]
        assert cancelled.status == 200
        assert (captured.status, status) in ((200, "succeeded"), (409, "canceled"))


def test_one_code_at_once_is_redeemed_as_often_as_it_may_be(account: Any) -> None:
    """Eight consumers, three redemptions."""
    code = account.promotion_code(code="RUSH", maxRedemptionCount=3)["id"]
    orders = [account.session()["order"]["id"] for _ in range(8)]
    account.bearer()

    replies = at_once(
        [partial(account.authorize, order, promotionCode="RUSH") for order in orders]
    )

    assert sorted(reply.status for reply in replies) == [200] * 3 + [400] * 5
    assert account.ok("get_promotion_code", id=code)["redemptionCount"] == 3


def test_a_new_account_called_at_once_gets_its_seed_data_once(account: Any) -> None:
    """Ten first calls find the same standard tokens."""
    replies = at_once([lambda: account.do("list_tokens")] * 10)

    assert len({reply.body for reply in replies}) == 1
    assert len(replies[0].json["data"]) == 5


def test_accounts_do_not_wait_for_each_other(account: Any) -> None:
    """A call that is held in one account holds nobody else's."""
    other = type(account)(account.app)
    hold = account.control("POST", "/holds", {"operation": "create_order"})["id"]

    with ThreadPoolExecutor(1) as pool:
        held = pool.submit(account.order)
        account.control("GET", f"/holds/{hold}?calls=1")
        elsewhere = other.order()
        same_account = account.ok("list_orders")
        account.control("DELETE", f"/holds/{hold}")
        charged = held.result(DEADLINE_S)

    assert elsewhere["status"] == charged["status"] == "succeeded"
    assert same_account["data"] == []
