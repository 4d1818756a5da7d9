"""Races: calls held until the test releases them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing import Smartpay

Send = Callable[..., requests.Response]


def test_fifty_threads_with_one_key_make_one_order(
    account: Smartpay, send: Send
) -> None:
    """All fifty are held at once; one charges, the others get its answer."""
    cart = account.payload()

    with (
        ThreadPoolExecutor(50) as threads,
        account.hold("create_order") as hold,
    ):
        calls = [
            threads.submit(send, "POST", "/orders", cart, key="k1") for _ in range(50)
        ]
        hold.wait_for(50)
        held, stored = hold.waiting, account.orders
        hold.release()
        answers = [call.result() for call in calls]

    assert (held, stored) == (50, [])
    assert len(account.orders) == 1
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None"] + ["true"] * 49


def test_a_call_held_after_its_commit_has_its_effect(
    account: Smartpay, pay: Send
) -> None:
    """The order is stored while the client waits for the answer."""
    with (
        ThreadPoolExecutor(1) as threads,
        account.hold("create_order", at="after_commit") as hold,
    ):
        call = threads.submit(pay)
        hold.wait_for(1)
        stored = len(account.orders)
        is_answered = call.done()
        hold.release()
        status = call.result().status_code

    assert (stored, is_answered, status) == (1, False, 200)


def test_other_operations_are_not_held(
    account: Smartpay, send: Send, pay: Send
) -> None:
    """The end of the block releases the hold."""
    with account.hold("create_order") as hold:
        listed = send("GET", "/orders")
    paid = pay()

    assert (listed.status_code, paid.status_code) == (200, 200)
    assert hold.waiting == 0


def test_a_reset_inside_the_block_releases_the_hold(
    account: Smartpay, pay: Send
) -> None:
    """The end of the block finds nothing to release, which is no error."""
    before = account.snapshot()

    with account.hold("create_order"):
        account.reset()
        after_reset = pay()
    with account.hold("create_order"):
        account.restore(before)
        after_restore = pay()

    assert (after_reset.status_code, after_restore.status_code) == (200, 200)


def test_waiting_for_missing_calls_fails(account: Smartpay) -> None:
    """The text says how many calls arrived."""
    with (
        account.hold("create_order") as hold,
        pytest.raises(SandboxUsageError, match="0 of 2 calls of create_order came"),
    ):
        hold.wait_for(2, timeout_s=0.01)


def test_waiting_at_a_released_hold_is_an_error(account: Smartpay) -> None:
    """It holds no calls, so the wait would never end."""
    hold = account.hold("create_order")
    hold.release()
    hold.release()

    with pytest.raises(SandboxUsageError, match="was released, so it holds no calls"):
        hold.wait_for(1)


def test_a_hold_for_an_unknown_operation_is_refused(account: Smartpay) -> None:
    """The text lists the operations."""
    with pytest.raises(SandboxUsageError, match="create_order"):
        account.hold("create_ordre")
