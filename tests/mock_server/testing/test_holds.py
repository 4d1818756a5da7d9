"""Races made on purpose: calls held at a gate until the test lets them go."""

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
    """All fifty are inside at once; one charges, the others get its answer."""
    cart = account.payload()

    with (
        ThreadPoolExecutor(50) as threads,
        account.hold("create_order") as gate,
    ):
        calls = [
            threads.submit(send, "POST", "/orders", cart, key="k1") for _ in range(50)
        ]
        gate.wait_for(50)
        held, stored = gate.waiting, account.orders
        gate.release()
        answers = [call.result() for call in calls]

    assert (held, stored) == (50, [])
    assert len(account.orders) == 1
    assert len({answer.content for answer in answers}) == 1
    replayed = [answer.headers.get("Idempotency-Replayed") for answer in answers]
    assert sorted(map(str, replayed)) == ["None"] + ["true"] * 49


def test_two_captures_of_the_last_yen_have_one_winner(
    account: Smartpay, pay: Send, send: Send
) -> None:
    """Both are under way; the second one is refused and takes nothing."""
    order = pay(amount=100, captureMethod="manual").json()
    body = {"order": order["id"], "amount": 100, "currency": "JPY"}

    with ThreadPoolExecutor(2) as threads, account.hold("create_payment") as gate:
        calls = [threads.submit(send, "POST", "/payments", body) for _ in range(2)]
        gate.wait_for(2)
        gate.release()
        statuses = sorted(call.result().status_code for call in calls)

    assert statuses == [200, 409]
    assert [payment["amount"] for payment in account.payments] == [100]


def test_a_call_held_after_its_commit_has_happened(
    account: Smartpay, pay: Send
) -> None:
    """The order is there while the client still waits for the answer."""
    with (
        ThreadPoolExecutor(1) as threads,
        account.hold("create_order", at="after_commit") as gate,
    ):
        call = threads.submit(pay)
        gate.wait_for(1)
        stored = len(account.orders)
        is_answered = call.done()
        gate.release()
        status = call.result().status_code

    assert (stored, is_answered, status) == (1, False, 200)


def test_calls_of_others_pass_a_gate(account: Smartpay, send: Send, pay: Send) -> None:
    """A gate holds its operation only; the end of the block opens it for ever."""
    with account.hold("create_order") as gate:
        listed = send("GET", "/orders")
    paid = pay()

    assert (listed.status_code, paid.status_code) == (200, 200)
    assert gate.waiting == 0


def test_calls_that_do_not_come_are_reported(account: Smartpay) -> None:
    """Waiting ends with what came and what to do, not with the test's timeout."""
    with (
        account.hold("create_order") as gate,
        pytest.raises(SandboxUsageError, match="0 of 2 calls of create_order came"),
    ):
        gate.wait_for(2, timeout_s=0.01)


def test_waiting_at_an_open_gate_is_a_mistake(account: Smartpay) -> None:
    """Nothing stops there any more, so waiting would be for ever."""
    gate = account.hold("create_order")
    gate.release()
    gate.release()

    with pytest.raises(SandboxUsageError, match="was released, so it holds no calls"):
        gate.wait_for(1)


def test_a_gate_for_an_unknown_operation_is_refused(account: Smartpay) -> None:
    """The text lists the operations."""
    with pytest.raises(SandboxUsageError, match="create_order"):
        account.hold("create_ordre")
