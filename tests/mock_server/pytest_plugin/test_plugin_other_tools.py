"""The fixture beside other tools in the same test."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Suite = Callable[..., pytest.RunResult]


def test_responses_mocks_other_services(suite: Suite) -> None:
    """It works over the socket with a pass-through, and with interception."""
    outcome = suite(
        """
        import requests, responses

        OTHER = "https://stock.example.com/tea"
        API = "https://api.smartpay.co/v1/orders"

        @responses.activate
        def test_socket(smartpay):
            responses.add_passthru(smartpay.root_url)
            responses.get(OTHER, json={"left": 3})
            assert requests.get(OTHER).json() == {"left": 3}
            assert pay(smartpay).json()["status"] == "succeeded"

        @responses.activate
        def test_interception_inside_mock(smartpay):
            responses.get(OTHER, json={"left": 3})
            with smartpay.intercept():
                assert requests.get(OTHER).json() == {"left": 3}
                headers = {"Authorization": f"Basic {smartpay.secret_key}"}
                order = requests.post(API, json=smartpay.payload(), headers=headers)
                assert order.json()["status"] == "succeeded"
            assert len(smartpay.orders) == 1
        """
    )

    outcome.assert_outcomes(passed=2)


def test_respx_mocks_other_services(suite: Suite) -> None:
    """Calls to the emulator pass through."""
    outcome = suite(
        """
        import httpx

        def test_pay(smartpay, respx_mock):
            respx_mock.get("https://stock.example.com/tea").respond(json={"left": 3})
            respx_mock.route(host="127.0.0.1").pass_through()
            headers = {"Authorization": f"Basic {smartpay.secret_key}"}

            assert httpx.get("https://stock.example.com/tea").json() == {"left": 3}
            order = httpx.post(
                f"{smartpay.url}/orders", json=smartpay.payload(), headers=headers
            )
            assert order.json()["status"] == "succeeded"
            assert smartpay.orders == [order.json()]
        """,
        "-prespx.plugin",
    )

    outcome.assert_outcomes(passed=1)


def test_vcrpy_replays_other_services(suite: Suite, pytester: pytest.Pytester) -> None:
    """The cassette holds only the other service."""
    pytester.maketxtfile(
        cassette="""
        interactions:
        - request: {method: GET, uri: 'http://stock.example.com/tea', body: null,
            headers: {}}
          response: {status: {code: 200, message: OK}, body: {string: '3 left'},
            headers: {}}
        version: 1
        """
    )
    outcome = suite(
        """
        import requests, vcr

        def test_pay(smartpay):
            with vcr.use_cassette("cassette.txt", ignore_localhost=True):
                assert requests.get("http://stock.example.com/tea").text == "3 left"
                assert pay(smartpay).json()["status"] == "succeeded"
                assert len(smartpay.orders) == 1
            with open("cassette.txt") as cassette:
                assert "127.0.0.1" not in cassette.read()
        """,
        apart=True,
    )

    outcome.assert_outcomes(passed=1)


def test_pytest_httpserver_serves_beside_it(suite: Suite) -> None:
    """One test can use both servers."""
    outcome = suite(
        """
        import requests

        def test_pay(smartpay, httpserver):
            httpserver.expect_request("/tea").respond_with_json({"left": 3})

            assert requests.get(httpserver.url_for("/tea")).json() == {"left": 3}
            assert pay(smartpay).json()["status"] == "succeeded"
        """,
        "-ppytest_httpserver.pytest_plugin",
    )

    outcome.assert_outcomes(passed=1)


def test_blocked_sockets_get_a_hint(suite: Suite) -> None:
    """Where pytest-socket blocks all sockets, interception works; the URL names it."""
    outcome = suite(
        """
        import socket
        import pytest, requests

        class SocketBlockedError(RuntimeError):
            __module__ = "pytest_socket"  # the class that --disable-socket raises

        def blocked(*args, **options):
            raise SocketBlockedError("A test tried to use socket.socket.")

        @pytest.fixture(autouse=True)
        def block(monkeypatch):
            monkeypatch.setattr(socket, "socket", blocked)
            monkeypatch.setattr(socket, "getaddrinfo", blocked)

        def test_socket(smartpay):
            smartpay.url

        def test_interception(smartpay):
            with smartpay.intercept():
                headers = {"Authorization": f"Basic {smartpay.secret_key}"}
                url = "https://api.smartpay.co/v1/orders"
                assert requests.get(url, headers=headers).status_code == 200
        """,
        apart=True,
    )

    outcome.assert_outcomes(passed=1, failed=1)
    outcome.stdout.fnmatch_lines(
        ["*pytest-socket blocks all sockets. Use smartpay.intercept()*--allow-hosts*"]
    )


def test_gevent_may_patch_the_standard_library(
    suite: Suite, pytester: pytest.Pytester
) -> None:
    """Greenlets and threads are served, and the session ends with open ends left."""
    pytest.importorskip("gevent", reason="gevent is not installed; run make setup.")
    pytester.makeconftest("from gevent import monkey\n\nmonkey.patch_all()")

    outcome = suite(
        """
        import socket, threading
        from urllib.parse import urlsplit
        import gevent

        def test_calls(smartpay):
            with smartpay.webhooks.receive() as inbox:
                with smartpay.hold("create_order") as hold:
                    calls = [gevent.spawn(pay, smartpay) for _ in range(2)]
                    calls += [threading.Thread(target=pay, args=(smartpay,))]
                    calls[-1].start()
                    hold.wait_for(3)
                for call in calls:
                    call.join()
                assert len(smartpay.orders) == 3
                inbox.wait_for(3)

        def test_left_open(smartpay):
            smartpay.hold("create_order")
            threading.Thread(target=pay, args=(smartpay,), daemon=True).start()
            gevent.spawn(pay, smartpay)
            url = urlsplit(smartpay.root_url)
            client = socket.create_connection((url.hostname, url.port))
            client.send(b"POST /v1/orders HTTP/1.1\\r\\n")
            globals()["kept"] = client
        """,
        "-Wignore",
        apart=True,
    )

    outcome.assert_outcomes(passed=2)
    outcome.stderr.no_fnmatch_line("*")


FROZEN = """
    import threading
    from shop import pay

    def check(smartpay):
        assert pay(smartpay).json()["createdAt"] == 1_767_225_600_000
        smartpay.clock.advance(days=1)
        assert pay(smartpay).json()["createdAt"] == 1_767_312_000_000

        with smartpay.hold("create_order") as hold:
            calls = [threading.Thread(target=pay, args=(smartpay,)) for _ in range(3)]
            for call in calls:
                call.start()
            hold.wait_for(3)
        for call in calls:
            call.join()
        assert len(smartpay.orders) == 5
    """


@pytest.mark.parametrize(
    "source",
    [
        """
        import freezegun
        from checks import check

        @freezegun.freeze_time("2026-01-01")
        def test_freezegun(smartpay):
            check(smartpay)
        """,
        """
        import datetime as dt
        import time_machine
        from checks import check

        @time_machine.travel(dt.datetime(2026, 1, 1, tzinfo=dt.UTC), tick=False)
        def test_time_machine(smartpay):
            check(smartpay)
        """,
    ],
    ids=["freezegun", "time-machine"],
)
def test_frozen_time_is_the_emulators_time_too(suite: Suite, source: str) -> None:
    """The emulator runs in the same process, and its clock starts from that time."""
    outcome = suite(source, checks=FROZEN, apart=True)

    outcome.assert_outcomes(passed=1)
