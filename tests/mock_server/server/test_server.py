"""The thread server serves everybody, stops at once and keeps its errors."""

from __future__ import annotations

import inspect
import socket
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from selectors import EVENT_READ
from typing import Any

import pytest
import requests

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.server import Server
from smartpay_mock.server.bind import listen
from smartpay_mock.server.connection import Connection
from smartpay_mock.server.http import RequestParser
from smartpay_mock.server.server import _Loop

STOP_SECONDS = 0.1
DEADLINE_SECONDS = 10.0


def stop_seconds(server: Server) -> float:
    """Return how long ``server`` takes to stop."""
    began = time.monotonic()
    server.stop()
    return time.monotonic() - began


def hold(
    server: Server, probe: Any, connect: Callable[..., Any], count: int
) -> list[Any]:
    """Return clients whose requests are held by the app."""
    clients = [connect(server.port) for _ in range(count)]
    for client in clients:
        client.get("/held")
    for _ in clients:
        assert probe.arrived.acquire(timeout=DEADLINE_SECONDS), "a request starved"
    return clients


def test_a_request_is_answered_as_soon_as_start_returns(server: Server) -> None:
    """No waiting for a port to open."""
    answer = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)

    assert answer.status_code == 200
    assert server.errors == []


def test_the_app_sees_the_request_as_it_was_sent(server: Server) -> None:
    """Method, path, query, headers and body arrive unchanged."""
    answer = requests.post(
        f"{server.url}/echo/v1?limit=2&limit=3",
        data="gr\u00fc\u00df".encode(),
        headers={"Idempotency-Key": "key-1", "Content-Type": "text/plain"},
        timeout=DEADLINE_SECONDS,
    )

    seen = answer.json()
    assert answer.status_code == 201
    assert (seen["method"], seen["path"]) == ("POST", "/echo/v1")
    assert (seen["query"], seen["key"]) == ("limit=2&limit=3", "key-1")
    assert (seen["type"], seen["scheme"]) == ("text/plain", "http")
    assert seen["body"].encode("latin-1").decode() == "gr\u00fc\u00df"
    assert seen["host"] == f"127.0.0.1:{server.port}"


def test_threads_of_held_requests_are_given_back(
    server: Server,
    probe: Any,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a burst needed ends when it was not needed for a while."""
    monkeypatch.setattr("smartpay_mock.server.workers.SPARE_SECONDS", 0.01)
    clients = hold(server, probe, connect, 20)
    at_most = server.thread_count

    probe.hold.set()
    for client in clients:
        client.read_answer()
    deadline = time.monotonic() + DEADLINE_SECONDS
    while server.thread_count > 4 and time.monotonic() < deadline:
        threading.Event().wait(0.005)

    assert at_most >= 20
    assert server.thread_count <= 4


def test_beyond_the_ceiling_a_request_waits_for_a_thread(
    server: Server,
    probe: Any,
    connect: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The number of threads is bounded as stated; nothing is refused or lost."""
    monkeypatch.setattr("smartpay_mock.server.workers.MAX_THREADS", 2)
    hold(server, probe, connect, 2)
    late = connect(server.port)
    late.get("/ok")
    late.socket.settimeout(0.05)
    with pytest.raises(TimeoutError):
        late.socket.recv(1)
    threads = server.thread_count
    late.socket.settimeout(DEADLINE_SECONDS)
    probe.hold.set()

    answer = late.read_answer()

    assert threads == 2
    assert answer.startswith(b"HTTP/1.1 200")


def test_a_client_that_sends_slowly_delays_nobody(
    server: Server, connect: Callable[..., Any]
) -> None:
    """Half a head, or half a body, keeps only its own connection busy."""
    slow_head, slow_body = connect(server.port), connect(server.port)
    slow_head.send("GET /ok HTT")
    slow_body.send("POST /ok HTTP/1.1\nHost: x\nContent-Length: 10\n\n", b"12345")

    other = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)
    slow_head.send("P/1.1\nHost: x\n\n")
    slow_body.send("", b"67890")

    assert other.status_code == 200
    assert slow_head.read_answer().startswith(b"HTTP/1.1 200")
    assert slow_body.read_answer().startswith(b"HTTP/1.1 200")


def test_few_functions_are_between_the_socket_and_the_app() -> None:
    """A debugger that stops in the app shows this stack of ours."""
    stack: list[str] = []

    def app(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        for frame, _ in traceback.walk_stack(inspect.currentframe()):
            if "smartpay_mock" in frame.f_code.co_filename:
                stack.append(frame.f_code.co_qualname)
        start_response("204 NO CONTENT", [])
        return []

    with Server(app) as server:
        requests.get(server.url, timeout=DEADLINE_SECONDS)

    assert stack == ["_Loop._answer", "_Loop._handle", "_Loop.run"]


def test_head_and_body_arrive_together(
    server: Server, connect: Callable[..., Any]
) -> None:
    """One packet per answer: the client wakes up once, and Nagle has no say."""
    client = connect(server.port)
    client.get("/ok")

    received = client.socket.recv(65_536)

    assert received.startswith(b"HTTP/1.1 200")
    assert received.endswith(b"....")


def test_stopping_is_fast_with_an_idle_connection(
    server: Server, connect: Callable[..., Any]
) -> None:
    """A kept-alive connection does not hold the server back; it is closed."""
    client = connect(server.port)
    client.get("/ok")
    client.read_answer()

    seconds = stop_seconds(server)

    assert seconds < STOP_SECONDS
    assert client.socket.recv(1) == b""


def test_stopping_is_fast_with_held_and_half_sent_requests(
    server: Server, probe: Any, connect: Callable[..., Any]
) -> None:
    """Who waits for the app, or for a client, is cut off."""
    half_sent = connect(server.port)
    half_sent.send("GET /ok HTT")
    held = hold(server, probe, connect, 3)

    seconds = stop_seconds(server)

    assert seconds < STOP_SECONDS * 2
    assert held[0].socket.recv(1) == b""
    assert half_sent.socket.recv(1) == b""


def test_stopping_frees_the_port_when_every_thread_is_held(
    probe: Any, connect: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even if no thread is left to do it."""
    monkeypatch.setattr("smartpay_mock.server.workers.MAX_THREADS", 1)
    server = Server(probe).start()
    port = server.port
    hold(server, probe, connect, 1)

    server.stop()

    with Server(probe, port=port) as again:
        assert again.port == port
    probe.hold.set()
    assert server.errors == []


def test_a_request_under_way_is_answered_before_the_server_stops(
    server: Server, probe: Any, connect: Callable[..., Any]
) -> None:
    """Stopping is graceful towards requests that end soon."""
    (client,) = hold(server, probe, connect, 1)
    threading.Timer(0.01, probe.hold.set).start()

    server.stop()

    assert client.read_answer().startswith(b"HTTP/1.1 200")


def test_a_stopped_server_can_be_started_again(probe: Any) -> None:
    """And the port given at first is taken again, old connections or not."""
    server = Server(probe).start()
    port = server.port
    requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)
    server.stop()

    with Server(probe, port=port) as again:
        answer = requests.get(f"{again.url}/ok", timeout=DEADLINE_SECONDS)

    assert answer.status_code == 200


def test_the_server_can_be_stopped_by_a_request() -> None:
    """An app may offer a way to shut down."""
    servers: list[Server] = []

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        servers[0].stop()
        start_response("204 NO CONTENT", [])
        return []

    servers.append(Server(app).start())
    url = servers[0].url

    answered = requests.get(url, timeout=DEADLINE_SECONDS).status_code

    assert answered == 204
    with pytest.raises(requests.ConnectionError):
        requests.get(url, timeout=DEADLINE_SECONDS)


def test_what_the_app_raises_is_collected_and_not_printed(
    server: Server, capfd: pytest.CaptureFixture[str]
) -> None:
    """The client gets a 500; the test that looks at ``errors`` gets the exception."""
    answer = requests.get(f"{server.url}/raise", timeout=DEADLINE_SECONDS)
    after = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)

    assert answer.status_code == 500
    assert [str(error) for error in server.errors] == ["an error of the app"]
    assert capfd.readouterr() == ("", "")
    assert after.status_code == 200


def test_the_app_can_report_what_it_answered_itself(server: Server) -> None:
    """An app that makes its own 500 hands the exception over."""
    answer = requests.get(f"{server.url}/report", timeout=DEADLINE_SECONDS)

    assert answer.text == "sorry"
    assert isinstance(server.errors[0], LookupError)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /ok HTT",
        b"POST /ok HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345",
        b"\x16\x03\x01 not HTTP\r\n\r\n",
        b"GET /ok HTTP/9.9\r\n\r\n",
        b"GET " + b"/" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["nothing", "half-head", "half-body", "noise", "version", "endless-line"],
)
def test_what_a_client_breaks_is_no_error_of_the_server(
    server: Server, connect: Callable[..., Any], sent: bytes
) -> None:
    """Clients that vanish or talk nonsense leave no trace, and others are served."""
    client = connect(server.port)
    client.socket.sendall(sent)
    client.socket.close()

    after = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)

    assert after.status_code == 200
    server.stop()
    assert server.errors == []


def test_a_refused_upload_gets_its_answer_and_ends_the_connection(
    probe: Any, connect: Callable[..., Any]
) -> None:
    """Eight megabytes over the limit are neither kept nor answered by a reset."""
    size = 8 << 20
    with Server(probe, body_limit=lambda _: 1_000) as server:
        client = connect(server.port)
        client.send(
            f"POST /unread HTTP/1.1\nHost: x\nContent-Length: {size}\n\n", b"x" * size
        )
        answer = client.read_to_the_end()

    assert answer.startswith(b"HTTP/1.1 401")
    assert b"Connection: close" in answer
    assert answer.endswith(b"no")


def test_clients_that_are_slow_to_end_a_refused_upload_delay_nobody(
    probe: Any, connect: Callable[..., Any]
) -> None:
    """The server discards the rest of their bodies without a thread for each."""
    with Server(probe, body_limit=lambda _: 1_000) as server:
        slow = [connect(server.port) for _ in range(20)]
        for client in slow:
            head = "POST /unread HTTP/1.1\nHost: x\nContent-Length: 8000000\n\n"
            client.send(head, b"x" * 2_000)
            assert client.read_to_the_end().startswith(b"HTTP/1.1 401")
            client.socket.sendall(b"x" * 2_000)
        answer = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)
        threads = server.thread_count

    assert answer.status_code == 200
    assert threads <= 2


def test_two_threads_take_a_connection_out_of_the_selector_once(
    probe: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one finds it gone; a second removal would end the loop's thread."""
    loop = _Loop(Server(probe), listen("127.0.0.1", 0), None)
    connection = Connection(socket.socket(), RequestParser({}, lambda _: 0), loop)
    connection.events = EVENT_READ
    removed, both = [], threading.Barrier(2)

    def unregister(sock: socket.socket) -> None:
        removed.append(sock)
        with suppress(threading.BrokenBarrierError):
            both.wait(0.2)  # gives the other thread time to get here too

    monkeypatch.setattr(loop._selector, "unregister", unregister)
    threads = [
        threading.Thread(target=loop.unwatch, args=(connection,)) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.sock.close()
    loop.stop()

    assert len(removed) == 1


def test_a_thread_that_is_late_closes_what_it_polls(
    connect: Callable[..., Any],
) -> None:
    """Another thread that closed it would let this one poll a file that is gone."""
    called, may_end = threading.Event(), threading.Event()

    def app(_: dict[str, Any], start_response: Any) -> list[bytes]:
        called.set()
        may_end.wait(DEADLINE_SECONDS)  # keeps the loop: it does not say that it waits
        start_response("204 NO CONTENT", [])
        return []

    server = Server(app).start()
    loop = server._loop
    assert loop is not None
    connect(server.port).get("/")
    assert called.wait(DEADLINE_SECONDS)

    server.stop()
    was_open = loop._selector.get_map() is not None
    may_end.set()
    loop.workers.join(DEADLINE_SECONDS)

    assert was_open
    assert loop._selector.get_map() is None
    assert (loop.workers.count, server.errors) == (0, [])


def test_a_connection_that_returns_to_an_ended_loop_is_closed(probe: Any) -> None:
    """A slow thread may take it back after all others were closed."""
    loop = _Loop(Server(probe), listen("127.0.0.1", 0), None)
    connection = Connection(socket.socket(), RequestParser({}, lambda _: 0), loop)
    connection.owner = 1
    loop.stop()

    connection.owner = 0
    loop._watch(connection)

    assert connection.sock.fileno() == -1


def test_an_unread_chunked_body_is_not_taken_for_a_request(
    server: Server, connect: Callable[..., Any]
) -> None:
    """What follows the head belongs to its body, read or not."""
    client = connect(server.port)
    smuggled = b"20\r\nGET /echo HTTP/1.1\r\nHost: xx\r\n\r\n\r\n0\r\n\r\n"
    client.send(
        "POST /unread HTTP/1.1\nHost: x\nTransfer-Encoding: chunked\n\n", smuggled
    )
    client.send("GET /ok HTTP/1.1\nHost: x\nConnection: close\n\n")

    answers = client.read_to_the_end()

    assert answers.count(b"HTTP/1.1") == 2
    assert answers.startswith(b"HTTP/1.1 401")


def test_a_port_in_use_is_refused_with_the_way_out(server: Server) -> None:
    """The message names the port and what to do."""
    with pytest.raises(SandboxUsageError) as caught:
        Server(server.app, port=server.port).start()

    assert str(server.port) in str(caught.value)
    assert "--port 0" in str(caught.value)


@pytest.mark.parametrize(
    ("host", "remedy"),
    [("no-such-host.invalid", "--host 127.0.0.1"), ("192.0.2.1", "--host 127.0.0.1")],
    ids=["unknown", "foreign"],
)
def test_a_host_that_cannot_be_bound_is_refused_with_the_way_out(
    probe: Any, host: str, remedy: str
) -> None:
    """The message for a wrong address differs from that for a port in use."""
    with pytest.raises(SandboxUsageError) as caught:
        Server(probe, host).start()

    assert host in str(caught.value)
    assert remedy in str(caught.value)


def test_a_server_that_does_not_run_has_no_url(probe: Any) -> None:
    """And says how to get one."""
    server = Server(probe)

    with pytest.raises(SandboxUsageError, match=r"start\(\)"):
        _ = server.url


@pytest.mark.parametrize(
    ("host", "url"),
    [("0.0.0.0", "http://127.0.0.1:"), ("::1", "http://[::1]:")],  # noqa: S104 - what is tested
)
def test_the_url_is_one_a_client_can_use(probe: Any, host: str, url: str) -> None:
    """Every interface is reached by loopback; IPv6 gets its brackets."""
    with Server(probe, host) as server:
        answer = requests.get(f"{server.url}/ok", timeout=DEADLINE_SECONDS)

        assert server.url.startswith(url)
        assert answer.status_code == 200
