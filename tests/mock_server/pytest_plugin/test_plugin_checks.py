"""Checks that fail a test which passed its own assertions, and their reports."""

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


def test_the_plugin_lists_every_check() -> None:
    """The plugin restates the names, because it must not import the checks."""
    assert set(pytest_plugin.CHECKS) == set(checks.CHECKS)


def test_a_fault_that_no_call_got_fails_its_test(suite: Suite) -> None:
    """The failure names the fault, its applications, and the requests."""
    outcome = suite(
        """
        def test_met(smartpay):
            smartpay.faults.add("create_order", "status")
            pay(smartpay)

        def test_unmet(smartpay):
            smartpay.faults.add("create_refund", "reset", when="after_commit")
            smartpay.faults.add("create_order", "status", times=3)
            smartpay.faults.add("*", "status", after=4)
            smartpay.faults.add("create_refund", "reset", times=0)
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
            "  applied 0 of 1 times; requests of that operation: 1, of which the "
            "first 4 pass.",
            "  applied 0 times; requests of that operation: 0.",
        ],
        consecutive=False,
    )


def test_a_failed_test_lists_its_requests_and_open_faults(suite: Suite) -> None:
    """The report has the reason of a decline, and each fault that no call got."""
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
            "reset on create_order before_commit",
            "  applied 0 of 1 times",
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
def test_a_double_charge_fails_the_test_if_the_check_is_on(
    suite: Suite, ini: str, marker: str
) -> None:
    """The report shows both requests side by side, and the remedy."""
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
def test_a_double_charge_passes_if_the_check_is_off(
    suite: Suite, ini: str, marker: str
) -> None:
    """It is off by default; a marker that turns it off says it is on purpose."""
    outcome = suite(DOUBLE_CHARGE.format(marker=marker), ini=ini)

    outcome.assert_outcomes(passed=1)
    is_named = "charged one cart twice" in outcome.stdout.str()
    assert is_named is not bool(marker)


@pytest.mark.parametrize(
    ("args", "fails"),
    [((), ""), ((), "        assert False"), (("-pxdist", "-n2"), "")],
    ids=["passed", "failed", "xdist"],
)
def test_the_summary_names_the_tests_that_charged_twice(
    suite: Suite, args: tuple[str, ...], fails: str
) -> None:
    """By default, with both requests and the setting that fails such tests."""
    tests = f"""
    def test_retry(smartpay):
        cart = smartpay.payload(reference="cart-1001")
        pay(smartpay, cart=cart, key="k1")
        pay(smartpay, cart=cart, key="k2")
{fails}

    def test_replay(smartpay):
        cart = smartpay.payload(reference="cart-1001")
        pay(smartpay, cart=cart, key="k1")
        pay(smartpay, cart=cart, key="k1")

    def test_two_carts(smartpay):
        pay(smartpay)
        pay(smartpay)
    """

    outcome = suite(tests, *args, apart=bool(args))

    failed = int(bool(fails))
    outcome.assert_outcomes(passed=3 - failed, failed=failed)
    outcome.stdout.fnmatch_lines(
        [
            "* smartpay: tests that charged one cart twice *",
            "*::test_retry",
            "  double-charge: 2 approved orders for one cart (*'cart-1001'), *",
            "    key      k1 * k2",
            "1 in all. To fail such tests, write in pyproject.toml:",
            '  smartpay_fail_on = ["double-charge", "unmatched-fault"]',
        ]
    )


def test_advice_is_a_warning_once_per_test(suite: Suite) -> None:
    """Two requests of two tests make one entry in the summary."""
    outcome = suite(ADVICE.format(marker=""), ini="filterwarnings = default")

    outcome.assert_outcomes(passed=2, warnings=2)
    outcome.stdout.fnmatch_lines(
        [
            "test_advice_is_a_warning_once_per_test.py::test_odd?1?",
            "*: SmartpayAdviceWarning: create_order: customerInfo.email is *",
        ]
    )


def test_pytest_warns_sees_advice(suite: Suite) -> None:
    """Over the socket and intercepted; what it expects is not a warning of the run."""
    outcome = suite(
        """
        import pytest, requests
        from smartpay_mock.testing import SmartpayAdviceWarning

        def odd(smartpay):
            cart = smartpay.payload(without=["customerInfo.emailAddress"])
            cart["customerInfo"]["email"] = "a@example.jp"
            return cart

        def test_socket(smartpay):
            for _ in range(2):
                with pytest.warns(SmartpayAdviceWarning, match="email is unknown"):
                    pay(smartpay, cart=odd(smartpay))

        def test_interception(smartpay):
            headers = {"Authorization": f"Basic {smartpay.secret_key}"}
            url = "https://api.smartpay.co/v1/orders"
            with smartpay.intercept(), pytest.warns(SmartpayAdviceWarning):
                requests.post(url, json=odd(smartpay), headers=headers)

        def test_nothing_odd(smartpay):
            with pytest.raises(pytest.fail.Exception, match="DID NOT WARN"):
                with pytest.warns(SmartpayAdviceWarning):
                    pay(smartpay)
        """,
        ini="filterwarnings = error",
    )

    outcome.assert_outcomes(passed=3, warnings=0)


@pytest.mark.parametrize(
    "ini",
    [
        "smartpay_warn_advice = false",
        "filterwarnings = ignore::smartpay_mock.testing.SmartpayAdviceWarning",
    ],
    ids=["setting", "filter"],
)
def test_advice_can_be_silenced(suite: Suite, ini: str) -> None:
    """A setting of the plugin and pytest's own filters do it."""
    outcome = suite(ADVICE.format(marker=""), ini=ini)

    outcome.assert_outcomes(passed=2, warnings=0)


@pytest.mark.parametrize(
    ("ini", "text"),
    [
        ("filterwarnings = error", "*SmartpayAdviceWarning: create_order: customer*"),
        ("smartpay_fail_on = advice", "advice: create_order: customerInfo.email is *"),
    ],
    ids=["warnings", "check"],
)
def test_advice_can_fail_tests(suite: Suite, ini: str, text: str) -> None:
    """It does if warnings are errors, or if the check is on."""
    outcome = suite(ADVICE.format(marker=""), ini=ini)

    outcome.assert_outcomes(failed=2)
    outcome.stdout.fnmatch_lines([text])


def test_an_unknown_check_in_the_settings_stops_the_run(suite: Suite) -> None:
    """A typo must not turn a check off."""
    outcome = suite("", ini="smartpay_fail_on = double-charges")

    assert outcome.ret == pytest.ExitCode.USAGE_ERROR
    outcome.stderr.fnmatch_lines(
        ["ERROR: smartpay_fail_on: unknown check double-charges. *double-charge, *"]
    )


def test_an_unknown_check_in_a_marker_fails_its_test(suite: Suite) -> None:
    """The text lists the known checks."""
    marker = "@pytest.mark.smartpay(fail_on='double_charge')"

    outcome = suite(DOUBLE_CHARGE.format(marker=marker))

    outcome.assert_outcomes(failed=1)
    outcome.stdout.fnmatch_lines(["*: unknown check double_charge. Use none, or*"])
    outcome.stdout.no_fnmatch_line("*another exception occurred*")


@pytest.mark.parametrize(
    ("status", "heading"),
    [
        (500, "error in a thread of the emulator or of a receiver:"),
        (200, "* Captured smartpay errors call *"),
    ],
    ids=["passed", "failed"],
)
def test_an_error_of_the_emulator_is_reported_with_its_test(
    suite: Suite, status: int, heading: str
) -> None:
    """It fails a test that passed; the next test is not affected."""
    outcome = suite(
        f"""
        import pytest
        from smartpay_mock.resources import HANDLERS

        def test_broken(smartpay, monkeypatch):
            def fail(*_):
                raise ZeroDivisionError("a defect of the emulator")

            monkeypatch.setitem(HANDLERS, "create_order", fail)
            assert pay(smartpay).status_code == {status}

        def test_sound(smartpay):
            assert pay(smartpay).status_code == 200
        """
    )

    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(
        [heading, "*ZeroDivisionError: a defect of the emulator"]
    )


def test_an_error_of_the_emulator_in_a_teardown_is_an_error_of_its_test(
    suite: Suite,
) -> None:
    """The checks run before the teardown, so closing the account reports it."""
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


@pytest.mark.parametrize("place", ["test", "fixture"])
def test_a_usage_error_ends_at_the_users_line(suite: Suite, place: str) -> None:
    """The traceback has no frames of the sandbox."""
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
            "E *SandboxUsageError: Invalid request: kind: *",
            "test_a_usage_error_ends_at_the_users_line.py:*: SandboxUsageError",
        ]
    )
    outcome.stdout.no_fnmatch_line("*smartpay_mock/*")


def test_an_error_of_a_webhook_handler_fails_the_test(suite: Suite) -> None:
    """It does, although it happened in another thread."""
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


def test_xfail_covers_the_checks(suite: Suite) -> None:
    """The checks are part of the test; a skipped test has none."""
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


def test_open_holds_and_receivers_end_with_their_test(suite: Suite) -> None:
    """Held calls continue, and receivers stop."""
    outcome = suite(
        """
        import threading

        CALLS = []

        def test_held(smartpay):
            smartpay.webhooks.receive()
            hold = smartpay.hold("create_order")
            CALLS.append(threading.Thread(target=pay, args=(smartpay,)))
            CALLS[0].start()
            hold.wait_for(1)

        def test_released(smartpay):
            CALLS[0].join(10)
            assert not CALLS[0].is_alive()
            receivers = [t for t in threading.enumerate() if "server" in t.name]
            for thread in receivers:
                thread.join(10)
        """
    )

    outcome.assert_outcomes(passed=2)
