"""One call of a WSGI app, as every in-process entry point makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any

import pytest
import requests

from smartpay_mock.intercept import SmartpayAdapter
from smartpay_mock.intercept.wsgi import Request, build_environ, call

URL = "https://user:secret@api.smartpay.co:8443/v1/a%2Fb%20c?x=1&y=%20"


def test_the_environment_is_what_a_server_would_make() -> None:
    """Path decoded, query as it is, port and host from the URL, no credentials."""
    environ = build_environ(Request("GET", URL))

    assert environ["PATH_INFO"] == "/v1/a/b c"
    assert environ["QUERY_STRING"] == "x=1&y=%20"
    assert environ["HTTP_HOST"] == "api.smartpay.co:8443"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == (
        "api.smartpay.co",
        "8443",
    )
    assert environ["wsgi.url_scheme"] == "https"


def test_headers_are_named_as_in_wsgi_and_repeated_ones_are_joined() -> None:
    """Content type and length have names of their own; the length is the true one."""
    headers = [
        ("Accept", "a"),
        ("accept", "b"),
        ("Content-Type", "application/json"),
        ("Content-Length", "999"),
        ("Transfer-Encoding", "chunked"),
        ("Host", "elsewhere.example.com"),
    ]

    environ = build_environ(Request("POST", URL, headers, b"12345"))

    assert environ["HTTP_ACCEPT"] == "a, b"
    assert environ["CONTENT_TYPE"] == "application/json"
    assert environ["CONTENT_LENGTH"] == "5"
    assert "HTTP_TRANSFER_ENCODING" not in environ
    assert environ["HTTP_HOST"] == "elsewhere.example.com"


def test_a_response_is_closed_when_it_was_read() -> None:
    """Apps clean up in ``close``."""
    closed: list[bool] = []

    class Body:
        def __iter__(self) -> Any:
            yield b"one "
            yield b"two"

        def close(self) -> None:
            closed.append(True)

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [])(b"zero ")
        return Body()

    reply = call(app, Request("GET", URL))

    assert reply.body == b"zero one two"
    assert closed == [True]


def test_the_answer_to_head_has_no_body(probe: Any) -> None:
    """Whatever the app returned."""
    reply = call(probe, Request("HEAD", f"{URL}"[:39] + "/ok"))

    assert reply.body == b""


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionResetError(), "reset"),
        (RemoteDisconnected("gone"), "empty"),
        (IncompleteRead(b"ab"), "half"),
        (TimeoutError(), "stall"),
    ],
    ids=["reset", "empty", "half", "stall"],
)
def test_a_connection_that_broke_behind_the_app_is_a_fault(
    error: Exception, kind: str
) -> None:
    """An app that passes calls on to a shared server meets the faults itself."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise error

    reply = call(app, Request("GET", URL))

    assert reply.fault is not None
    assert reply.fault.kind == kind


def test_half_a_body_behind_the_app_is_half_a_body_for_the_client() -> None:
    """What arrived is passed on, and then the cut."""

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        raise IncompleteRead(b"{half")

    with requests.Session() as session:
        session.mount("https://", SmartpayAdapter(app))
        with pytest.raises(requests.exceptions.ChunkedEncodingError, match="5 bytes"):
            session.get(URL)


def test_what_else_the_app_raises_reaches_the_caller() -> None:
    """A broken app is not taken for a broken network."""

    def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> list[bytes]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        call(app, Request("GET", URL))
