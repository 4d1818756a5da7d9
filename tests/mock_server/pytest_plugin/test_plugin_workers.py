"""Parallel tests: with one server per worker, and with a shared server."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]

ALONE = """
    import pytest, requests

    @pytest.mark.parametrize("number", range(24))
    def test_alone(smartpay, number, record_property):
        record_property("served by", smartpay.root_url)
        made = [pay(smartpay).json()["id"] for _ in range(1 + number % 2)]
        headers = {"Authorization": f"Basic {smartpay.secret_key}"}
        page = requests.get(f"{smartpay.url}/orders", headers=headers, timeout=20)

        assert [order["id"] for order in page.json()["data"]] == made[::-1]
        assert [order["id"] for order in smartpay.orders] == made
    """
SERVED_BY = 'name="served by" value="'


def addresses(pytester: pytest.Pytester) -> set[str]:
    """Return the addresses of the emulators that a run used."""
    report = (pytester.path / "report.xml").read_text(encoding="utf-8")
    return {part.split('"')[0] for part in report.split(SERVED_BY)[1:]}


@pytest.mark.parametrize(
    ("args", "servers"),
    [
        (("--smartpay-shared",), 1),
        (("-n2",), 2),
        (("-n2", "--smartpay-shared"), 1),
        (("-n2", "--dist=each", "--smartpay-shared"), 1),
    ],
    ids=["shared-by-one", "server-per-worker", "shared", "each"],
)
def test_each_worker_has_a_server_unless_they_share_one(
    suite: Suite, pytester: pytest.Pytester, args: tuple[str, ...], servers: int
) -> None:
    """In each case a listing holds exactly the orders of its own test."""
    outcome = suite(ALONE, "-pxdist", "--junitxml=report.xml", *args, apart=True)

    runs = 2 if "--dist=each" in args else 1
    outcome.assert_outcomes(passed=24 * runs)
    assert len(addresses(pytester)) == servers


def test_the_marker_and_the_checks_work_on_a_shared_server(suite: Suite) -> None:
    """So does interception."""
    outcome = suite(
        """
        import pytest, requests

        @pytest.mark.smartpay(scenario="refunded", seed=1)
        def test_seed_data(smartpay):
            before = smartpay.snapshot()
            smartpay.reset()
            assert smartpay.refunds == []
            smartpay.restore(before)
            assert smartpay.refunds

        def test_interception(smartpay):
            url = "https://api.smartpay.co/v1/orders"
            headers = {"Authorization": f"Basic {smartpay.secret_key}"}
            with smartpay.intercept():
                answer = requests.post(url, json=smartpay.payload(), headers=headers)
            assert smartpay.orders == [answer.json()]

        def test_unmet(smartpay):
            smartpay.faults.add("create_order", "reset")
        """,
        "-pxdist",
        "-n1",
        "--smartpay-shared",
        apart=True,
    )

    outcome.assert_outcomes(passed=2, failed=1)
    outcome.stdout.fnmatch_lines(["unmatched-fault: reset on create_order *"])


def test_another_configuration_is_not_shared(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """The shared emulator has the default settings; other emulators run beside it."""
    outcome = suite(
        """
        import pytest

        @pytest.fixture(scope="session")
        def smartpay_config():
            return {"strict": True}

        @pytest.mark.parametrize("number", range(4))
        def test_strict(smartpay, number, record_property):
            record_property("served by", smartpay.root_url)
            odd = {"customerInfo.email": "a@example.jp"}
            assert pay(smartpay, **odd).status_code == 400
        """,
        "-pxdist",
        "-n2",
        "--smartpay-shared",
        "--junitxml=report.xml",
        apart=True,
    )

    outcome.assert_outcomes(passed=4)
    assert len(addresses(pytester)) == 2


def test_an_error_of_the_shared_emulator_fails_the_run(suite: Suite) -> None:
    """No test can report it, so the summary shows it and the run fails."""
    outcome = suite(
        """
        def test_broken(smartpay):
            assert pay(smartpay).status_code == 500
        """,
        "-pxdist",
        "-pbreaker",
        "-n1",
        "--smartpay-shared",
        apart=True,
        breaker="""
            import os
            from smartpay_mock.resources import HANDLERS

            def fail(*_):
                raise ZeroDivisionError("a defect of the emulator")

            HANDLERS["create_order"] = fail
            """,
    )

    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(
        ["*= smartpay: errors of the emulator =*", "*a defect of the emulator"]
    )
