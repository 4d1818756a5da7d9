"""The fixture, its marker and its configuration, in suites of a user."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]


def test_nothing_leaks_from_test_to_test(suite: Suite) -> None:
    """Each test has an empty account and its own clock."""
    outcome = suite(
        """
        import pytest

        KEYS, DAY_MS = set(), 86_400_000

        @pytest.mark.parametrize("number", range(5))
        def test_alone(smartpay, smartpay_server, number):
            pay(smartpay, amount=number + 1)
            smartpay.faults.add("*", "latency", virtual=True, times=0)
            pay(smartpay, token=smartpay.tokens.declined)
            smartpay.set_token(smartpay.tokens.approved, status="disabled")
            smartpay.clock.advance(days=1)

            assert [order["amount"] for order in smartpay.orders][0] == number + 1
            assert len(smartpay.orders) == 2
            assert len(smartpay.requests) == 2
            elsewhere = smartpay_server.account("another").clock.now
            assert 0 <= smartpay.clock.now - elsewhere - DAY_MS < 60_000
            assert smartpay.secret_key not in KEYS
            KEYS.add(smartpay.secret_key)
        """
    )

    outcome.assert_outcomes(passed=5)


def test_classes_and_unittest_can_use_the_fixture(suite: Suite) -> None:
    """They get an account and its checks."""
    outcome = suite(
        """
        import unittest
        import pytest

        class TestCheckout:
            @pytest.fixture(autouse=True)
            def provider(self, request):
                self.smartpay = request.getfixturevalue("smartpay")

            def test_pay(self):
                assert pay(self.smartpay).status_code == 200

        class Checkout(unittest.TestCase):
            @pytest.fixture(autouse=True)
            def provider(self, smartpay):
                self.smartpay = smartpay

            def test_pay(self):
                self.assertEqual(pay(self.smartpay).status_code, 200)

            def test_check(self):
                self.smartpay.faults.add("create_order", "reset")
        """
    )

    outcome.assert_outcomes(passed=2, failed=1)
    outcome.stdout.fnmatch_lines(["unmatched-fault: reset on create_order *"])


def test_the_small_fixtures_are_members_of_the_account(suite: Suite) -> None:
    """They are the clock, the faults, the webhooks and the URL."""
    outcome = suite(
        """
        def test_parts(
            smartpay, smartpay_url, smartpay_clock, smartpay_faults, smartpay_webhooks
        ):
            assert smartpay_url == smartpay.url
            assert smartpay_clock is smartpay.clock
            assert smartpay_faults is smartpay.faults
            assert smartpay_webhooks is smartpay.webhooks
        """
    )

    outcome.assert_outcomes(passed=1)


def test_the_configuration_can_be_overridden_anywhere(suite: Suite) -> None:
    """Each distinct configuration has its own emulator."""
    outcome = suite(
        """
        import pytest

        URLS = []
        ODD = {"customerInfo.email": "a@example.jp"}

        def test_tolerant(smartpay):
            URLS.append(smartpay.url)
            assert pay(smartpay, **ODD).status_code == 200

        class TestStrict:
            @pytest.fixture(scope="class")
            def smartpay_config(self):
                return {"strict": True}

            def test_strict(self, smartpay):
                URLS.append(smartpay.url)
                assert pay(smartpay, **ODD).status_code == 400

        def test_tolerant_again(smartpay):
            URLS.append(smartpay.url)
            assert URLS[0] == URLS[2] != URLS[1]
        """,
        ini="smartpay_warn_advice = false",
    )

    outcome.assert_outcomes(passed=3)


def test_an_unknown_setting_is_refused(suite: Suite) -> None:
    """The tests that need the emulator fail; the text lists the settings."""
    outcome = suite(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smartpay_config():
            return {"stirct": True}

        def test_pay(smartpay):
            pass
        """
    )

    outcome.assert_outcomes(errors=1)
    outcome.stdout.fnmatch_lines(
        ["smartpay_config: unknown setting stirct. The settings are *", "*strict*"]
    )


def test_the_marker_sets_up_the_account(suite: Suite) -> None:
    """Seed, frozen clock and scenario; the closest marker wins."""
    outcome = suite(
        """
        from datetime import UTC, datetime
        import pytest

        pytestmark = pytest.mark.smartpay(seed=7, frozen=1_767_225_600_000)

        def test_module(smartpay):
            assert smartpay.clock.now == 1_767_225_600_000
            assert smartpay.clock.is_frozen

        @pytest.mark.smartpay(
            frozen=datetime(2026, 4, 1, tzinfo=UTC), scenario="partly-captured"
        )
        def test_own(smartpay):
            assert smartpay.orders[0]["id"] == smartpay.ids["order"]
            assert smartpay.payments[0]["createdAt"] > 1_775_001_600_000
            assert smartpay.requests == []

        @pytest.mark.smartpay(frozen=True)
        def test_now(smartpay):
            assert smartpay.clock.now == smartpay.clock.now > 1_767_225_600_000

        def test_reset(smartpay):
            first = pay(smartpay).json()
            smartpay.reset()
            assert smartpay.clock.now == 1_767_225_600_000
            assert pay(smartpay).json()["id"] == first["id"]
        """,
        "--strict-markers",
    )

    outcome.assert_outcomes(passed=4)


@pytest.mark.parametrize(
    ("marker", "complaint"),
    [
        (
            "sede=1",
            "unknown argument sede. It takes fail_on, frozen, scenario, seed, by name.",
        ),
        ("'seed'", "unknown argument 'seed'. It takes "),
        ("scenario='lost'", "There is no scenario 'lost'. Known: approved-order, "),
        ("frozen='april'", "freeze('april') is not ISO 8601 text. "),
    ],
    ids=["unknown", "positional", "scenario", "time"],
)
def test_an_invalid_marker_fails_the_test(
    suite: Suite, marker: str, complaint: str
) -> None:
    """The text says what the marker takes, without a traceback."""
    outcome = suite(
        f"""
        import pytest

        @pytest.mark.smartpay({marker})
        def test_pay(smartpay):
            pass
        """
    )

    outcome.assert_outcomes(errors=1)
    assert complaint in " ".join(outcome.outlines)  # wrapped, so that it fits
    outcome.stdout.no_fnmatch_line("*Traceback*")


def test_the_option_seed_applies_to_every_test(suite: Suite) -> None:
    """With it ids repeat from run to run; without it they do not."""
    source = """
        def test_pay(smartpay):
            print("made", pay(smartpay).json()["id"], smartpay.secret_key)
        """

    made = [
        next(line for line in suite(source, "-s", *args).outlines if "made" in line)
        for args in (["--smartpay-seed=7"], ["--smartpay-seed=7"], [])
    ]

    assert made[0] == made[1] != made[2]


def test_a_second_run_of_a_test_has_another_account(suite: Suite) -> None:
    """This holds within one process."""
    outcome = suite(
        """
        KEYS = []

        def test_pay(smartpay):
            KEYS.append(smartpay.secret_key)
            pay(smartpay)
            assert len(smartpay.orders) == 1
            assert len(set(KEYS)) == len(KEYS)
        """,
        "test_a_second_run_of_a_test_has_another_account.py",
        "test_a_second_run_of_a_test_has_another_account.py::test_pay",
        "--keep-duplicates",
    )

    outcome.assert_outcomes(passed=2)


def test_help_lists_options_settings_marker_and_fixtures(suite: Suite) -> None:
    """Pytest itself lists all that the plugin takes."""
    options = suite("", "--help").stdout.str()
    markers = suite("", "--markers").stdout.str()
    fixtures = suite("", "--fixtures").stdout.str()

    assert all(
        name in options
        for name in (
            "--smartpay-shared",
            "--smartpay-seed",
            "smartpay_fail_on",
            "smartpay_warn_advice",
        )
    )
    assert "@pytest.mark.smartpay(fail_on=..., scenario=..., seed=..." in markers
    assert "A payment provider for this test alone" in fixtures
