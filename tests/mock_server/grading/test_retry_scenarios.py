"""Retry scenarios in the tests of a user."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from smartpay_fixtures.retries import retry_suite
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing import Smartpay, retry_scenarios

TILL = '''
import time
import requests

def charge(url, secret_key, payload, key):
    """Try three times, with one key or a new one each time, whatever `key` says."""
    for number in range(3):
        headers = {
            "Authorization": f"Basic {secret_key}",
            "Idempotency-Key": KEY.format(number),
        }
        try:
            answer = requests.post(
                f"{url}/orders", json=payload, headers=headers, timeout=20
            )
            if answer.status_code < 500:
                return answer.ok and answer.json()["status"] == "succeeded"
        except requests.ConnectionError:
            pass
        time.sleep(0.16 * (number + 1))
    return False
'''


@pytest.fixture
def play(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, page: str
) -> Callable[[str], pytest.RunResult]:
    """Return a function that runs the page's example with a form of keys."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    *_, example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)

    def run(key: str) -> pytest.RunResult:
        pytester.makepyfile(charge=f"KEY = {key!r}\n{TILL}")
        pytester.makepyfile(example)
        pytester.makeini("[pytest]")
        pytester.syspathinsert()
        return pytester.runpytest_subprocess(
            *("-p", "no:cacheprovider", "-p", "smartpay_sandbox")
        )

    return run


def test_the_example_of_the_page_passes_for_a_good_till(
    play: Callable[[str], pytest.RunResult],
) -> None:
    """It runs as printed."""
    outcome = play("the-key")

    outcome.assert_outcomes(passed=3)


def test_the_example_of_the_page_fails_for_a_new_key_per_retry(
    play: Callable[[str], pytest.RunResult],
) -> None:
    """The text has the bug and the attempts."""
    outcome = play("key-{}")

    outcome.assert_outcomes(passed=1, failed=2)
    outcome.stdout.fnmatch_lines(
        [
            "*test_the_till_recovers[[]reset-after-commit]*",
            "E*double-charge: The consumer pays twice for one cart.",
            "E*#1 * A * key-0 * reset after commit",
            "E*#2 * B * key-1 * 200",
        ]
    )


def test_arm_plans_the_faults_and_returns_the_order(smartpay: Smartpay) -> None:
    """The order has the scenario's token; members can be changed."""
    (scenario,) = retry_scenarios(["reset-twice-after-commit"])

    payload = scenario.arm(smartpay, reference="cart-1001")

    (fault,) = smartpay.faults.planned()
    assert (fault.operation, fault.kind, fault.times) == ("create_order", "reset", 2)
    assert payload["token"] == scenario.token == smartpay.tokens.approved
    assert payload["reference"] == "cart-1001"
    fault.remove()


def test_a_client_that_never_calls_fails(smartpay: Smartpay) -> None:
    """It fails also if it should report a failure."""
    (scenario,) = retry_scenarios(["declined"])
    scenario.arm(smartpay)

    with pytest.raises(AssertionError, match="received no attempt") as failure:
        scenario.check(smartpay, succeeded=False)

    assert "never-called: The client made no attempt to charge." in str(failure.value)


def test_a_criterion_can_be_left_out(smartpay: Smartpay) -> None:
    """The others are checked, and an unmet fault does not count."""
    (scenario,) = retry_scenarios(["503-once"])
    scenario.arm(smartpay)

    grade = scenario.check(smartpay, succeeded=True, without=["retries", "charges"])

    checked = [v.criterion for v in grade.verdicts if v.passed is not None]
    assert checked == ["reports"]


@pytest.mark.smartpay(frozen=True)
def test_a_frozen_clock_is_refused(smartpay: Smartpay) -> None:
    """No pause could be measured; the text says what to do."""
    (scenario,) = retry_scenarios(["503-once"])

    with pytest.raises(SandboxUsageError, match=r"call smartpay\.clock\.run\(\)"):
        scenario.arm(smartpay)


def test_unknown_names_are_refused(smartpay: Smartpay) -> None:
    """The text lists the known scenarios or criteria."""
    (scenario,) = retry_scenarios(["declined"])

    with pytest.raises(NotFoundError, match="reset-after-commit"):
        retry_scenarios(["reset-after"])
    with pytest.raises(NotFoundError, match="same-key"):
        scenario.check(smartpay, succeeded=True, without=["samekey"])


def test_all_scenarios_come_in_the_published_order() -> None:
    """Their names are what ``ids=str`` shows."""
    assert [str(scenario) for scenario in retry_scenarios()] == list(
        retry_suite().scenarios
    )
