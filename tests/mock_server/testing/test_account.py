"""The members of an account, called in this process and over HTTP."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, cast

import pytest
import requests

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.scenarios import scenarios
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing import Consumers, Smartpay, SmartpayServer, Tokens

Send = Callable[..., requests.Response]

NEW_YEAR_MS = 1_767_225_600_000
DAY_MS = 86_400_000


def test_the_account_answers_like_the_api(account: Smartpay, pay: Send) -> None:
    """An order is charged, and listed in the form of its answer."""
    answer = pay(amount=500)

    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"
    assert account.orders == [answer.json()]
    assert [payment["amount"] for payment in account.payments] == [500]
    assert account.refunds == []


def test_objects_are_listed_oldest_first(account: Smartpay, pay: Send) -> None:
    """This holds for orders and requests."""
    made = [pay(amount=amount).json()["id"] for amount in (1, 2, 3)]

    assert [order["id"] for order in account.orders] == made
    assert [request.json["amount"] for request in account.requests] == [1, 2, 3]


def test_the_same_name_is_the_same_account(server: SmartpayServer) -> None:
    """The key depends on the name, so a test has the same key in every run."""
    one, again = server.account("shop"), server.account("shop")

    assert one.secret_key == again.secret_key
    assert one.secret_key.startswith("sk_test_")
    assert one.public_key == one.secret_key.replace("sk_", "pk_")


def test_every_standard_token_has_an_attribute() -> None:
    """Each token and consumer of test_values.json has a name."""
    assert {row.name for row in fields(Tokens)} == set(sandbox_values().tokens)
    assert {row.name for row in fields(Consumers)} == set(sandbox_values().consumers)


def test_each_payload_is_new_and_repeats_in_every_run(
    server: SmartpayServer,
) -> None:
    """The payloads depend on the name of the account."""
    first, second = server.account("one"), server.account("one")

    payloads = [first.payload(), first.payload()]

    assert payloads[0] != payloads[1]
    assert payloads == [second.payload(), second.payload()]


def test_a_frozen_clock_stands_still(account: Smartpay, pay: Send) -> None:
    """Timestamps are the frozen time until the clock is advanced or runs."""
    account.clock.freeze(datetime(2026, 1, 1, tzinfo=UTC))
    stamped = pay().json()["createdAt"]
    later = account.clock.advance(hours=1, seconds=1)
    is_frozen = account.clock.is_frozen
    account.clock.run()

    assert stamped == NEW_YEAR_MS
    assert later == NEW_YEAR_MS + 3_601_000
    assert (is_frozen, account.clock.is_frozen) == (True, False)


def test_the_environment_keeps_the_calls_from_proxies(
    account: Smartpay, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What this process exempts stays exempt in a program that gets it."""
    monkeypatch.setenv("NO_PROXY", "kept.example")
    monkeypatch.delenv("no_proxy", raising=False)

    environ = account.environ

    assert environ["NO_PROXY"] == environ["no_proxy"] == "kept.example,127.0.0.1"
    assert environ["SMARTPAY_URL"] == account.url


@pytest.mark.parametrize(
    "at",
    [
        NEW_YEAR_MS,
        float(NEW_YEAR_MS),
        date(2026, 1, 1),
        datetime(2026, 1, 1),  # noqa: DTZ001 - read as UTC
        datetime(2026, 1, 1, 9, tzinfo=timezone(timedelta(hours=9))),
        "2026-01-01",
        "2026-01-01T00:00:00Z",
        "2026-01-01T09:00+09:00",
    ],
    ids=repr,
)
def test_a_clock_is_frozen_at_any_form_of_a_time(
    account: Smartpay, at: float | date | str
) -> None:
    """A time without a zone is in UTC, a date means its first instant."""
    assert account.clock.freeze(at) == account.clock.now == NEW_YEAR_MS


@pytest.mark.parametrize(
    "at",
    [1.5, math.nan, math.inf, -math.inf, True, False, "soon", "", "1e3", b"2026", []],
    ids=repr,
)
def test_what_is_no_time_is_refused(account: Smartpay, at: Any) -> None:
    """The clock stays as it was, and works."""
    with pytest.raises(SandboxUsageError, match=r"^freeze\(.* is not "):
        account.clock.freeze(at)

    assert not account.clock.is_frozen


@pytest.mark.parametrize("at", [-1, 1e300, 10**400, date(1969, 12, 31)], ids=type)
def test_a_time_of_no_clock_is_refused(account: Smartpay, at: Any) -> None:
    """Clocks go from 1970 to 9999."""
    with pytest.raises(SandboxUsageError):
        account.clock.freeze(at)

    assert not account.clock.is_frozen


def test_a_clock_is_advanced_by_a_timedelta(account: Smartpay) -> None:
    """It adds to the named units."""
    account.clock.freeze(NEW_YEAR_MS)

    assert account.clock.advance(timedelta(days=7), hours=1.0) == (
        NEW_YEAR_MS + 7 * DAY_MS + 3_600_000
    )


@pytest.mark.parametrize("by", [7, "7", True, timedelta(days=-1)], ids=repr)
def test_what_is_no_span_is_refused(account: Smartpay, by: Any) -> None:
    """A number has no unit, and time only goes forward."""
    account.clock.freeze(NEW_YEAR_MS)

    with pytest.raises(SandboxUsageError, match=r"Use a timedelta|only goes forward"):
        account.clock.advance(by)
    with pytest.raises(SandboxUsageError, match="is not a duration"):
        account.clock.advance(days=cast("Any", str(by)))

    assert account.clock.now == NEW_YEAR_MS


def test_time_does_not_go_back(account: Smartpay) -> None:
    """A negative argument is refused with the reason."""
    with pytest.raises(SandboxUsageError, match="time only goes forward"):
        account.clock.advance(days=-1)


def test_a_token_and_a_consumer_can_be_set(account: Smartpay, pay: Send) -> None:
    """Status, activity and decision change the outcome of the next order."""
    tokens, outcomes = account.tokens, []

    account.set_token(tokens.approved, decision="declined")
    outcomes.append(pay(token=tokens.approved).json()["status"])
    account.set_token(tokens.approved, decision="approved")
    account.set_consumer(account.consumers.active, active=False)
    outcomes.append(pay(token=tokens.approved).json()["status"])
    account.set_consumer(account.consumers.active, active=True)
    outcomes.append(pay(token=tokens.approved).json()["status"])

    assert outcomes == ["rejected", "rejected", "succeeded"]


@pytest.mark.parametrize("misuse", ["token", "status", "scenario"])
def test_an_unknown_name_is_refused(account: Smartpay, misuse: str) -> None:
    """The text lists the known names."""
    calls: dict[str, tuple[Callable[[], object], str]] = {
        "token": (lambda: account.set_token("paytok_x"), "paytok_test_approved"),
        "status": (
            lambda: account.set_token(account.tokens.guide, status="lost"),
            "disabled",
        ),
        "scenario": (lambda: account.scenario("lost"), "partly-captured"),
    }
    call, candidate = calls[misuse]

    with pytest.raises(SandboxUsageError, match=candidate):
        call()


@pytest.mark.parametrize("name", list(scenarios()))
def test_every_scenario_can_be_run(account: Smartpay, name: str) -> None:
    """It returns its ids; its calls are not the test's requests."""
    made = account.scenario(name)

    assert account.ids == made
    assert account.requests == []


def test_a_snapshot_can_be_restored(
    account: Smartpay, server: SmartpayServer, pay: Send
) -> None:
    """Later orders are deleted; another account can restore it too."""
    pay(amount=100)
    kept = account.snapshot()
    pay(amount=200)

    account.restore(kept)
    other = server.account("restored")
    other.restore(kept)

    amounts = [[order["amount"] for order in each.orders] for each in (account, other)]
    other.close()
    assert amounts == [[100], [100]]


def test_a_reset_deletes_everything(account: Smartpay, pay: Send) -> None:
    """Objects, requests, faults, holds and the clock are as at the start."""
    pay()
    account.faults.add("*", "reset")
    account.clock.advance(days=30)
    before = account.clock.now

    account.reset()

    assert account.orders == []
    assert account.requests == []
    assert account.faults.planned() == []
    assert account.clock.now < before


def test_the_environment_points_the_sdks_here(account: Smartpay) -> None:
    """The prefix contains api.smartpay; without it two SDKs call production."""
    environ = account.environ

    prefix = environ["SMARTPAY_API_PREFIX"]
    answer = requests.get(
        f"{prefix}/orders",
        headers={"Authorization": f"Basic {environ['SMARTPAY_SECRET_KEY']}"},
        timeout=20,
    )

    assert "api.smartpay" in prefix
    assert answer.status_code == 200
    assert account.requests[0].operation == "list_orders"


def test_an_unknown_request_id_is_refused(account: Smartpay) -> None:
    """The text names the id."""
    with pytest.raises(NotFoundError, match="There is no request 'req_test_x'"):
        account.explain("req_test_x")
