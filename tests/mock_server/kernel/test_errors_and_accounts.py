"""Errors carry facts; an account is kept whole."""

from __future__ import annotations

import string

import pytest

from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import AccountClock
from smartpay_mock.kernel.errors import (
    ApiError,
    NotFoundError,
)
from smartpay_mock.kernel.faults import check_fault
from smartpay_mock.kernel.ids import Ids
from smartpay_schemas import ERRORS


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_has_a_message_with_its_facts_filled_in(code: str) -> None:
    """Braces in a fact are text."""
    names = [name for _, name, _, _ in string.Formatter().parse(ERRORS[code].message)]
    facts = {name: f"{{{name}}}!" for name in names if name}

    error = ApiError(code, **facts)

    assert error.status == ERRORS[code].status
    assert all(fact in error.message for fact in facts.values())
    assert str(error) == f"{code}: {error.message}"


@pytest.mark.parametrize(
    ("known", "listed"), [(["b", "a"], "Known: a, b."), ([], "Known: none.")]
)
def test_what_is_not_found_lists_what_there_is(known: list[str], listed: str) -> None:
    """Sorted."""
    assert str(NotFoundError.among("hold", "x", known)) == (
        f"There is no hold 'x'. {listed}"
    )


def test_of_very_many_the_nearest_are_listed() -> None:
    """A wall of hundreds of names would help nobody."""
    known = [f"hold-{number}" for number in range(400)]

    text = str(NotFoundError.among("hold", "hold-3999", known))

    assert text.startswith("There is no hold 'hold-3999'. Known: hold-399, ")
    assert text.endswith(" and 395 more.")


def test_an_account_is_kept_whole() -> None:
    """Clock, seed, count and fault plans."""
    fault = check_fault("f", operation="*", kind="latency", ms=5)
    fault.accepts("get_order", lambda _name, _value: True)
    account = Account("acct_x", 1, AccountClock(5, 7), seed=-1, drawn=3, faults=[fault])

    again = Account.from_bytes(account.to_bytes())

    assert again == account
    assert again.ids().new("order") == Ids(-1, "acct_x", 3).new("order")
