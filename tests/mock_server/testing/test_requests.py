"""Assertions on requests, the text of their failures, and explanations."""

from __future__ import annotations

from collections.abc import Callable
from textwrap import dedent

import pytest
import requests

from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.testing import Smartpay
from smartpay_mock.testing.journal import overview

Send = Callable[..., requests.Response]


def message_of(assertion: Callable[[], object]) -> str:
    """Return the text with which ``assertion`` fails."""
    with pytest.raises(AssertionError) as failure:
        assertion()
    return str(failure.value)


def is_small(amount: int) -> bool:
    """Return whether an amount is small."""
    return amount < 100


def test_the_requests_that_match_are_returned(account: Smartpay, pay: Send) -> None:
    """Conditions are members, paths, objects, callables, headers, key and status."""
    pay(amount=500, key="k1", captureMethod="manual")
    pay(amount=700)

    found = account.assert_request_made(
        "create_order",
        times=1,
        matching={
            "amount": 500,
            "items.0.currency": "JPY",
            "customerInfo": {"address": {"country": "JP"}},
            "captureMethod": lambda method: method.startswith("m"),
        },
        headers={"Content-Type": "application/json"},
        idempotency_key="k1",
        status=200,
    )

    assert [request.json["amount"] for request in found] == [500]
    assert found[0].idempotency_key == "k1"
    assert found[0].answer["status"] == "requires_capture"


def test_near_misses_are_listed_nearest_first(account: Smartpay, pay: Send) -> None:
    """Each near miss has its differences, member by member."""
    pay(amount=480, without=["reference"])
    pay(amount=500, captureMethod="manual", key="k2", reference="cart-2")

    message = message_of(
        lambda: account.assert_request_made(
            "create_order",
            matching={"amount": 500, "reference": "cart-1", "captureMethod": "manual"},
            headers={"X-Shop": "tea"},
            idempotency_key="k1",
            status=400,
        )
    )

    assert message == dedent(
        """\
        Expected at least 1 create_order request with amount=500, reference='cart-1',
        captureMethod='manual', header X-Shop='tea', Idempotency-Key='k1', status=400;
        none matched.
        These nearly match:
          #2 POST /v1/orders -> 200 requires_capture
             status: 200, expected 400
             Idempotency-Key: 'k2', expected 'k1'
             X-Shop: not sent, expected 'tea'
             reference: 'cart-2', expected 'cart-1'
          #1 POST /v1/orders -> 200 succeeded
             status: 200, expected 400
             Idempotency-Key: not sent, expected 'k1'
             X-Shop: not sent, expected 'tea'
             amount: 480, expected 500
             reference: not sent, expected 'cart-1'
             captureMethod: not sent, expected 'manual'"""
    )


def test_a_wrong_count_lists_what_matched(account: Smartpay, pay: Send) -> None:
    """The text lists the matching requests and the near misses."""
    pay(amount=500)
    pay(amount=500)
    pay(amount=510)

    message = message_of(
        lambda: account.assert_request_made(
            "create_order", times=1, matching={"amount": 500}
        )
    )

    assert message == (
        "Expected 1 create_order request with amount=500; 2 matched.\n"
        "These match:\n"
        "  #1 POST /v1/orders -> 200 succeeded\n"
        "  #2 POST /v1/orders -> 200 succeeded\n"
        "These nearly match:\n"
        "  #3 POST /v1/orders -> 200 succeeded\n"
        "     amount: 510, expected 500"
    )


def test_a_callable_is_shown_by_its_name(account: Smartpay, pay: Send) -> None:
    """So is a callable that refused a value."""
    pay(amount=480)

    message = message_of(
        lambda: account.assert_request_made(
            "create_order",
            times=2,
            matching={"amount": is_small, "customerInfo": {"emailAddress": None}},
        )
    )

    assert message.startswith(
        "Expected 2 create_order requests with amount=a value that is_small accepts,\n"
        "customerInfo={'emailAddress': None}; none matched.\n"
        "These nearly match:\n"
        "  #1 POST /v1/orders -> 200 succeeded\n"
        "     amount: 480, expected a value that is_small accepts\n"
        "     customerInfo.emailAddress: '"
    )


def test_without_near_misses_the_other_requests_are_counted(
    account: Smartpay, send: Send, pay: Send
) -> None:
    """So a wrong operation in the test is easy to see."""
    pay()
    send("GET", "/orders")
    send("GET", "/orders")

    message = message_of(lambda: account.assert_request_made("create_refund"))

    assert message == (
        "Expected at least 1 create_refund request; none matched.\n"
        "It received other requests: 1 create_order, 2 list_orders."
    )


def test_without_any_request_the_text_gives_a_hint(account: Smartpay) -> None:
    """The code under test probably calls another URL."""
    message = message_of(lambda: account.assert_request_made("create_order"))

    assert message == (
        "Expected at least 1 create_order request; none matched.\n"
        "The emulator received no request. Does the code under test use smartpay.url "
        "and\nsmartpay.secret_key?"
    )


def test_a_request_to_an_unknown_path_is_shown_by_its_path(
    account: Smartpay, send: Send
) -> None:
    """It has no operation."""
    answer = send("POST", "/order", {})

    message = message_of(lambda: account.assert_request_made("create_order"))

    assert message.endswith("\nIt received other requests: 1 POST /v1/order.")
    assert repr(account.requests[0]).startswith("<POST /v1/order: ")
    assert account.explain(answer).splitlines()[0].endswith(": POST /v1/order")


def test_an_operation_that_does_not_exist_is_refused(account: Smartpay) -> None:
    """Otherwise a typo with ``times=0`` would always pass."""
    with pytest.raises(NotFoundError, match=r"no operation 'create_ordre'\. Known: "):
        account.assert_request_made("create_ordre", times=0)


def test_a_test_can_expect_no_request(account: Smartpay, pay: Send) -> None:
    """``times=0`` passes without a match and fails with one."""
    assert account.assert_request_made("create_order", times=0) == []
    pay()

    message = message_of(lambda: account.assert_request_made("create_order", times=0))

    assert message == (
        "Expected 0 create_order requests; 1 matched.\n"
        "These match:\n"
        "  #1 POST /v1/orders -> 200 succeeded"
    )


def test_only_the_first_five_near_misses_are_shown(
    account: Smartpay, send: Send
) -> None:
    """The last line counts the others."""
    for _ in range(7):
        send("GET", "/orders")

    message = message_of(lambda: account.assert_request_made("list_orders", status=400))

    assert message.count("status: 200, expected 400") == 5
    assert message.endswith("\n  and 2 more")


def test_a_recorded_request_has_the_request_and_its_answer(
    account: Smartpay, pay: Send
) -> None:
    """Its secret key is left out."""
    pay(token=account.tokens.refused)

    request = account.requests[0]

    assert repr(request) == "<create_order: POST /v1/orders -> 400 token.invalid>"
    assert request.operation == "create_order"
    assert request.body.startswith("{")
    assert request.headers["content-type"] == "application/json"
    assert account.secret_key not in str(request.headers)
    assert [finding.rule for finding in request.trace][-1] == "refusal"
    assert request.advice == ()


def test_advice_is_kept_with_the_request(account: Smartpay, pay: Send) -> None:
    """It names the place of the problem."""
    pay(**{"customerInfo.email": "a@example.jp"}, without=["customerInfo.emailAddress"])

    advice = account.requests[0].advice

    assert [item.pointer for item in advice] == ["/customerInfo/email"]
    assert "did you mean emailAddress?" in advice[0].message


def test_an_answer_is_explained_rule_by_rule(account: Smartpay, pay: Send) -> None:
    """A response, a Request-Id or a recorded request identifies the answer."""
    answer = pay(token=account.tokens.declined, key="k9")

    text = account.explain(answer)

    assert text.splitlines()[0] == f"{answer.headers['Request-Id']}: create_order"
    assert "  POST /v1/orders -> 200 rejected" in text
    assert "    key         k9" in text
    assert (
        "    authorization declined: consumer consumer_test_declined is set to" in text
    )
    assert text == account.explain(answer.headers["Request-Id"])
    assert text == account.explain(account.requests[0])


def test_a_refused_credential_is_explained(account: Smartpay, send: Send) -> None:
    """The reason is in a header, because no account's journal has the call."""
    answer = requests.get(f"{account.url}/orders", timeout=20)

    lines = account.explain(answer).splitlines()

    assert lines[0].endswith(": 401, the credential was refused")
    assert lines[1].strip() == answer.headers["Smartpay-Sandbox-Reason"]


def test_each_problem_of_a_refused_body_is_shown(account: Smartpay, pay: Send) -> None:
    """The list of requests shows them too."""
    pay(amount=0, currency="EUR")

    text = overview(account.requests)

    assert "refuses by minimum: amount: 0 is less than" in " ".join(text.split())
    assert 'refuses by enum: currency: "EUR" is not' in " ".join(text.split())


def test_a_fault_is_shown_once(account: Smartpay, pay: Send) -> None:
    """The journal has it twice: in the trace and as a fault."""
    account.faults.add("create_order", "status", status=429)
    answer = pay()

    for text in (overview(account.requests), account.explain(answer)):
        assert text.count("status on create_order before_commit") == 1
