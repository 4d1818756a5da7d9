"""Many tests at once: on a server per worker, and on one that all workers share."""

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
CROWD = """
    import json
    from http.client import HTTPConnection
    import pytest
    from smartpay_fixtures import order_payload

    CART = json.dumps(order_payload(seed=1))

    def ask(smartpay, method, body=None):
        headers = {"Authorization": f"Basic {smartpay.secret_key}"}
        line = HTTPConnection(smartpay.root_url.removeprefix("http://"), timeout=60)
        line.request(method, "/v1/orders", body, headers)
        answer = json.load(line.getresponse())
        line.close()
        return answer

    @pytest.mark.parametrize("number", range(1_000))
    def test_alone(smartpay, number):
        made = ask(smartpay, "POST", CART)["id"]

        assert [order["id"] for order in ask(smartpay, "GET")["data"]] == [made]
    """
SERVED_BY = 'name="served by" value="'


def addresses(pytester: pytest.Pytester) -> set[str]:
    """Return the addresses of the emulators that a run used."""
    report = (pytester.path / "report.xml").read_text(encoding="utf-8")
    return {part.split('"')[0] for part in report.split(SERVED_BY)[1:]}


@pytest.mark.parametrize(
    ("args", "servers"),
    [
        ((), 1),
        (("--smartpay-shared",), 1),
        (("-n2",), 2),
        (("-n2", "--smartpay-shared"), 1),
        (("-n2", "--dist=each", "--smartpay-shared"), 1),
    ],
    ids=["serial", "shared-by-one", "server-per-worker", "shared", "each"],
)
def test_each_worker_has_a_server_unless_they_share_one(
    suite: Suite, pytester: pytest.Pytester, args: tuple[str, ...], servers: int
) -> None:
    """Whichever it is, a full listing holds exactly what the test made."""
    outcome = suite(ALONE, "-pxdist", "--junitxml=report.xml", *args, apart=True)

    runs = 2 if "--dist=each" in args else 1
    outcome.assert_outcomes(passed=24 * runs)
    assert len(addresses(pytester)) == servers


def test_a_thousand_tests_on_one_server_never_meet(suite: Suite) -> None:
    """Four workers, one emulator, a thousand accounts."""
    outcome = suite(CROWD, "-pxdist", "-n4", "--smartpay-shared", apart=True)

    outcome.assert_outcomes(passed=1_000)


def test_all_of_the_fixture_works_on_a_shared_server(suite: Suite) -> None:
    """Faults, gates, clock, webhooks, scenario, verdicts and in-process doors."""
    outcome = suite(
        """
        import pytest, requests
        from concurrent.futures import ThreadPoolExecutor

        def test_lost_answer(smartpay):
            smartpay.faults.add("create_order", "reset", when="after_commit")
            cart = smartpay.payload()
            with pytest.raises(requests.ConnectionError):
                pay(smartpay, cart=cart, key="k1")
            assert pay(smartpay, cart=cart, key="k1").headers["Idempotency-Replayed"]
            assert len(smartpay.orders) == 1

        def test_race(smartpay):
            cart = smartpay.payload()
            with ThreadPoolExecutor(5) as pool, smartpay.hold("create_order") as gate:
                calls = [
                    pool.submit(pay, smartpay, cart=cart, key="k1") for _ in range(5)
                ]
                gate.wait_for(5)
                gate.release()
                assert len({call.result().content for call in calls}) == 1

        def test_webhooks_and_time(smartpay):
            with smartpay.webhooks.receive(["order.canceled"]) as inbox:
                pay(smartpay, captureMethod="manual")
                smartpay.clock.advance(days=7)
                inbox.assert_received(["order.canceled"])

        @pytest.mark.smartpay(scenario="refunded", seed=1)
        def test_world(smartpay):
            assert smartpay.refunds
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

    outcome.assert_outcomes(passed=5, failed=1)
    outcome.stdout.fnmatch_lines(["unmatched-fault: reset on create_order *"])


def test_a_configuration_of_ones_own_is_not_shared(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """The shared emulator has the default settings; others run beside it."""
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
    """No test sees it happen there, so the summary shows it and the run fails."""
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

            def fall_over(*_):
                raise ZeroDivisionError("a defect of the emulator")

            HANDLERS["create_order"] = fall_over
            """,
    )

    assert outcome.ret == pytest.ExitCode.TESTS_FAILED
    outcome.assert_outcomes(passed=1)
    outcome.stdout.fnmatch_lines(
        ["*= smartpay: errors of the emulator =*", "*a defect of the emulator"]
    )
