"""How the kit calls: recorded, paced, and clear about what went wrong."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from smartpay_contracts.connection import Connection, Pace, TargetLost
from smartpay_contracts.exchange import ContractFailure, Exchange


class _UnreliableHandler(BaseHTTPRequestHandler):
    """Hangs up on /silent, redirects /away, answers everything else."""

    protocol_version = "HTTP/1.0"

    def do_GET(self) -> None:
        """Answer as the path says."""
        # The kit's check for a listening server is marked by its Connection header.
        if self.path == "/silent" and self.headers["Connection"] != "close":
            return
        self.send_response(302 if self.path == "/away" else 200)
        self.send_header("Location", "/elsewhere")
        self.end_headers()
        self.wfile.write(str(self.headers.get("Authorization")).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - inherited
        """Say nothing."""


@contextmanager
def unreliable_server() -> Iterator[str]:
    """Run a server that may hang up and yield its address."""
    server = HTTPServer(("127.0.0.1", 0), _UnreliableHandler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def get(connection: Connection, url: str) -> Exchange:
    """Return a plain call."""
    return connection.send("GET", url, headers={"Authorization": "Basic sk_test_abc"})


def test_every_call_is_recorded_and_none_is_redirected() -> None:
    """What a server answers is what is finished_run."""
    connection = Connection()
    with unreliable_server() as url:
        answer = get(connection, f"{url}/away")
    connection.close()

    assert answer.status == 302
    assert connection.exchanges == [answer]


def test_the_credential_is_sent_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A .netrc of the person's does not replace it."""
    netrc = tmp_path_factory.mktemp("home") / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n", "utf-8")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    connection = Connection(proxies=True)

    with unreliable_server() as url:
        answer = get(connection, f"{url}/")
    connection.close()

    assert answer.text == "Basic sk_test_abc"


def test_a_server_that_hangs_up_breaks_its_promise() -> None:
    """It answers the next call, so this is a failure of the test and not the end."""
    connection = Connection()

    with (
        unreliable_server() as url,
        pytest.raises(ContractFailure, match="still answers"),
    ):
        get(connection, f"{url}/silent")

    connection.close()
    assert not connection.lost


def test_a_server_that_is_gone_ends_the_run() -> None:
    """The message says where it was, and what to do."""
    connection = Connection()
    with unreliable_server() as url:
        get(connection, f"{url}/")

    with pytest.raises(TargetLost, match="stopped answering at GET /"):
        get(connection, f"{url}/")

    connection.close()
    assert connection.lost


def test_a_server_that_hangs_ends_the_run() -> None:
    """It accepts connections and never answers; further calls are pointless."""
    connection = Connection(timeout_s=0.05)

    with (
        closing(socket.create_server(("127.0.0.1", 0))) as deaf,
        pytest.raises(TargetLost, match="nothing answers there any more"),
    ):
        get(connection, f"http://127.0.0.1:{deaf.getsockname()[1]}/")

    connection.close()
    assert connection.lost


def test_calls_keep_their_distance() -> None:
    """Four calls at fifty a second take three gaps of twenty milliseconds."""
    pace, started = Pace(50), time.monotonic()

    for _ in range(4):
        pace.wait()

    assert time.monotonic() - started >= 0.06


def test_without_a_limit_nothing_waits() -> None:
    """A thousand calls pass at once."""
    pace, started = Pace(None), time.monotonic()

    for _ in range(1_000):
        pace.wait()

    assert time.monotonic() - started < 1
