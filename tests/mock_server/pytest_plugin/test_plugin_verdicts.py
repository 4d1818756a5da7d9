"""What fails a test that its own assertions let pass, and what it then shows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from smartpay_mock import pytest_plugin
from smartpay_mock.testing import checks

Suite = Callable[..., pytest.RunResult]

DOUBLE_CHARGE = """
    import pytest

    {marker}
    def test_retry(smartpay):
        cart = smartpay.payload(reference="cart-1001")
        pay(smartpay, cart=cart, key="k1")
        pay(smartpay, cart=cart, key="k2")
    """
ADVICE = """
    import pytest

    {marker}
    @pytest.mark.parametrize("number", [1, 2])
    def test_odd(smartpay, number):
        odd = smartpay.payload(without=["customerInfo.emailAddress"])
        odd["customerInfo"]["email"] = "a@example.jp"
        pay(smartpay, cart=odd)
        pay(smartpay, cart=odd)
    """


def test_the_plugin_knows_every_verdict() -> None:
    """Option and marker are checked against the names there are."""
    assert set(pytest_plugin.CHECKS) == set(checks.CHECKS)


def test_a_fault_nobody_met_fails_the_test_that_asked_for_it(suite: Suite) -> None:
    """The failure names the fault, how often it was met, and what came instead."""
    outcome = suite(
        """
        def test_met(smartpay):
            smartpay.faults.add("create_order", "status")
            pay(smartpay)

        def test_unmet(smartpay):
            smartpay.faults.add("create_refund", "reset", when="after_commit")
            smartpay.faults.add("create_order", "status", times=3)
            pay(smartpay, key="k1")
        """
    )

    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "unmatched-fault: reset on create_refund after_commit",
            "  applied 0 of 1 times; requests of that operation: 0.",
            "  #1 POST /v1/orders -> 503 fault.injected  key k1",
            "      fault       status on create_order before_commit*",
            "",
            "unmatched-fault: status on create_order before_commit*",
            "  applied 1 of 3 times; requests of that operation: 1.",
        ],
        consecutive=False,
    )


def test_a_test_that_fails_by_itself_shows_its_requests(suite: Suite) -> None:
    """Beside the failed assertion stands what was asked, and why it was declined."""
    outcome = suite(
        """
        def test_pay(smartpay):
            answer = pay(smartpay, token=smartpay.tokens.declined, key="k1")
            smartpay.faults.add("create_order", "reset")
            assert answer.json()["status"] == "succeeded"
        """
    )

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "*assert 'rejected' == 'succeeded'*",
            "* Captured smartpay requests call *",
            "#1 POST /v1/orders -> 200 rejected  key k1",
            "    authorization declined: consumer consumer_test_declined is set *",
        ]
    )
    outcome.stdout.no_fnmatch_line("*unmatched-fault*")


@pytest.mark.parametrize(
    ("ini", "marker"),
    [
        ("smartpay_fail_on = double-charge unmatched-fault", ""),
        ("", "@pytest.mark.smartpay(fail_on='double-charge')"),
        ("smartpay_fail_on = none", "@pytest.mark.smartpay(fail_on=['double-charge'])"),
    ],
    ids=["ini", "marker", "marker-over-ini"],
)
def test_a_double_charge_fails_the_test_where_that_is_asked_for(
    suite: Suite, ini: str, marker: str
) -> None:
    """Both requests stand side by side, with the remedy below them."""
    outcome = suite(DOUBLE_CHARGE.format(marker=marker), ini=ini)

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "double-charge: 2 approved orders for one cart (reference 'cart-1001'), *",
            "  request  POST /v1/orders *POST /v1/orders",
            "  key      k1 * k2",
            "  status   succeeded * succeeded",
            "When you retry a charge, send the Idempotency-Key of the first attempt.",
        ]
    )


@pytest.mark.parametrize(
    ("ini", "marker"),
    [
        ("", ""),
        ("smartpay_fail_on = double-charge", "@pytest.mark.smartpay(fail_on='none')"),
        ("smartpay_fail_on = double-charge", "@pytest.mark.smartpay(fail_on=())"),
    ],
    ids=["default", "none", "empty"],
)
def test_a_double_charge_passes_where_it_is_not_asked_for(
    suite: Suite, ini: str, marker: str
) -> None:
    """Only faults that nobody met count by default; a marker takes verdicts back."""
    outcome = suite(DOUBLE_CHARGE.format(marker=marker), ini=ini)

    outcome.assert_outcomes(passed=1)


def test_advice_is_a_warning_and_tells_each_oddity_once(suite: Suite) -> None:
    """Two requests of two tests make one entry in the summary."""
    outcome = suite(ADVICE.format(marker=""), ini="filterwarnings = default")

    outcome.assert_outcomes(passed=2, warnings=2)
    outcome.stdout.fnmatch_lines(
        [
            "test_advice_is_a_warning_and_tells_each_oddity_once.py::test_odd?1?",
            "*: SmartpayAdviceWarning: create_order: customerInfo.email is *",
        ]
    )


@pytest.mark.parametrize(
    "ini",
    [
        "smartpay_warn_advice = false",
        "filterwarnings = ignore::smartpay_mock.testing.SmartpayAdviceWarning",
    ],
    ids=["setting", "filter"],
)
def test_advice_can_be_silenced(suite: Suite, ini: str) -> None:
    """By the plugin's setting, or by pytest's own filters."""
    outcome = suite(ADVICE.format(marker=""), ini=ini)

    outcome.assert_outcomes(passed=2, warnings=0)


@pytest.mark.parametrize(
    ("ini", "text"),
    [
        ("filterwarnings = error", "*SmartpayAdviceWarning: create_order: customer*"),
        ("smartpay_fail_on = advice", "advice: create_order: customerInfo.email is *"),
    ],
    ids=["warnings", "verdict"],
)
def test_advice_fails_tests_that_want_it_so(suite: Suite, ini: str, text: str) -> None:
    """Where warnings are errors, or advice is a verdict."""
    outcome = suite(ADVICE.format(marker=""), ini=ini)

    outcome.assert_outcomes(failed=2)
    outcome.stdout.fnmatch_lines([text])


def test_an_unknown_verdict_in_the_settings_stops_the_run(suite: Suite) -> None:
    """A typo must not switch the oracle off in silence."""
    outcome = suite("", ini="smartpay_fail_on = double-charges")

    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(
        ["ERROR: smartpay_fail_on: unknown check double-charges. *double-charge, *"]
    )


def test_an_unknown_verdict_in_a_marker_fails_its_test(suite: Suite) -> None:
    """The text lists those there are."""
    marker = "@pytest.mark.smartpay(fail_on='double_charge')"

    outcome = suite(DOUBLE_CHARGE.format(marker=marker))

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*: unknown check double_charge. Use none, or*"])
    outcome.stdout.no_fnmatch_line("*another exception occurred*")


def test_an_error_of_the_emulator_fails_the_test_it_happened_in(suite: Suite) -> None:
    """Its traceback is shown, and the next test is not blamed."""
    outcome = suite(
        """
        import pytest
        from smartpay_mock.resources import HANDLERS

        def test_broken(smartpay, monkeypatch):
            def fall_over(*_):
                raise ZeroDivisionError("a defect of the emulator")

            monkeypatch.setitem(HANDLERS, "create_order", fall_over)
            assert pay(smartpay).status_code == 500

        def test_sound(smartpay):
            assert pay(smartpay).status_code == 200
        """
    )

    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "error in a thread of the emulator or of a receiver:",
            "*ZeroDivisionError: a defect of the emulator",
        ]
    )


def test_a_test_that_fails_by_itself_takes_the_emulators_errors_along(
    suite: Suite,
) -> None:
    """They are shown beside its failure, and the next test is not blamed."""
    outcome = suite(
        """
        import pytest
        from smartpay_mock.resources import HANDLERS

        def test_broken(smartpay, monkeypatch):
            def fall_over(*_):
                raise ZeroDivisionError("a defect of the emulator")

            monkeypatch.setitem(HANDLERS, "create_order", fall_over)
            assert pay(smartpay).status_code == 200

        def test_sound(smartpay):
            assert pay(smartpay).status_code == 200
        """
    )

    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "* Captured smartpay errors call *",
            "*ZeroDivisionError: a defect of the emulator",
        ]
    )


def test_an_error_of_the_emulator_in_a_fixture_is_an_error_of_its_test(
    suite: Suite,
) -> None:
    """Nobody judges a fixture, so the account's own teardown tells."""
    outcome = suite(
        """
        import pytest
        from smartpay_mock.resources import HANDLERS

        @pytest.fixture
        def paid(smartpay):
            yield
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(HANDLERS, "create_order", lambda *_: 1 / 0)
                pay(smartpay)

        def test_one(paid):
            pass

        def test_sound(smartpay):
            pass
        """
    )

    outcome.assert_outcomes(passed=2, errors=1)
    outcome.stdout.fnmatch_lines(["*ERROR at teardown of test_one*"])


def test_a_test_that_fails_by_itself_names_the_faults_nobody_met(suite: Suite) -> None:
    """More often than not they are why it failed."""
    outcome = suite(
        """
        import pytest, requests

        def test_lost(smartpay):
            smartpay.faults.add("create_refund", "reset")
            with pytest.raises(requests.ConnectionError):
                pay(smartpay)
        """
    )

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "* Captured smartpay requests call *",
            "#1 POST /v1/orders -> 200 succeeded",
            "reset on create_refund before_commit",
            "  applied 0 of 1 times",
        ]
    )


def test_what_a_fault_lets_pass_is_told(suite: Suite) -> None:
    """Else one request and a fault for the fifth look like a contradiction."""
    outcome = suite(
        """
        def test_late(smartpay):
            smartpay.faults.add("*", "status", after=4)
            smartpay.faults.add("create_refund", "reset", times=0)
            pay(smartpay)
        """
    )

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(
        [
            "  applied 0 of 1 times; requests of that operation: 1, of which the "
            "first 4 pass.",
            "  applied 0 times; requests of that operation: 0.",
        ]
    )


@pytest.mark.parametrize("place", ["test", "fixture"])
def test_a_wrong_use_is_shown_where_it_is_written(suite: Suite, place: str) -> None:
    """The sandbox's own frames say nothing to the test's author."""
    outcome = suite(
        f"""
        import pytest

        @pytest.fixture
        def plan(smartpay, request):
            def plan():
                smartpay.faults.add("create_order", "rest")

            if request.param == "fixture":
                plan()
            return plan

        @pytest.mark.parametrize("plan", ["{place}"], indirect=True)
        def test_typo(plan):
            plan()
        """
    )

    outcome.stdout.fnmatch_lines(
        [
            '>*smartpay.faults.add("create_order", "rest")',
            "E *SandboxUsageError: What was given cannot be used: kind: *",
            "test_a_wrong_use_is_shown_where_it_is_written.py:*: SandboxUsageError",
        ]
    )
    outcome.stdout.no_fnmatch_line("*smartpay_mock/*")


def test_an_error_of_a_webhook_handler_fails_the_test(suite: Suite) -> None:
    """Though it happened in another thread, and nobody asked the receiver."""
    outcome = suite(
        """
        def handle(event):
            raise KeyError(event.type)

        def test_hooks(smartpay):
            smartpay.webhooks.receive(["order.rejected"], handler=handle)
            pay(smartpay, token=smartpay.tokens.declined)
            smartpay.webhooks.drain()
        """
    )

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["KeyError: 'order.rejected'"])


def test_an_expected_failure_may_be_a_verdict(suite: Suite) -> None:
    """The verdict is part of the test, so xfail covers it; a skipped test has none."""
    outcome = suite(
        """
        import pytest

        @pytest.mark.xfail
        def test_unmet(smartpay):
            smartpay.faults.add("create_order", "reset")

        def test_skipped(smartpay):
            smartpay.faults.add("create_order", "reset")
            pytest.skip("for a reason")
        """
    )

    outcome.assert_outcomes(xfailed=1, skipped=1)


def test_what_a_test_leaves_open_is_closed(suite: Suite) -> None:
    """Gates are released and receivers stopped, though the test did neither."""
    outcome = suite(
        """
        import threading

        CALLS = []

        def test_held(smartpay):
            smartpay.webhooks.receive()
            gate = smartpay.hold("create_order")
            CALLS.append(threading.Thread(target=pay, args=(smartpay,)))
            CALLS[0].start()
            gate.wait_for(1)

        def test_released(smartpay):
            CALLS[0].join(10)
            assert not CALLS[0].is_alive()
            receivers = [t for t in threading.enumerate() if "server" in t.name]
            for thread in receivers:
                thread.join(10)
        """
    )

    outcome.assert_outcomes(passed=2)
