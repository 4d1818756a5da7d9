"""Sending on real sockets."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import trustme

from smartpay_mock.events.destinations import Destinations
from smartpay_mock.events.sending import Post, explain_failure, send_post

ACCOUNT = "acct_one"


def post_to(url: str, *, timeout_ms: int = 5_000) -> Post:
    """Return a request to a URL on loopback."""
    return Post(Destinations().find(url), {"X-Test": "1"}, b"{}", timeout_ms)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Yield a socket that listens and does not answer."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def answer_with(listener: socket.socket, data: bytes) -> threading.Thread:
    """Answer the next connection with these bytes, and close it."""

    def serve() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):  # the client may close first
            connection.recv(65_536)
            connection.sendall(data)

    thread = threading.Thread(target=serve)
    thread.start()
    return thread


def test_an_attempt_keeps_what_the_receiver_answered(
    account: Any, receiver: Any
) -> None:
    """The beginning of the body, beside the status."""
    account.endpoint(url=receiver.url)
    account.publish()

    account.deliverer(send=send_post).drain(ACCOUNT)

    assert account.deliveries()[0]["attempts"][0]["answer"] == "ok"


def test_a_redirect_is_not_followed(account: Any, receiver: Any) -> None:
    """It is an answer other than 200."""
    account.endpoint(url=receiver.url)
    account.publish()
    receiver.answers = [307]
    receiver.headers = {"Location": receiver.url}

    (outcome,) = account.deliverer(send=send_post).drain(ACCOUNT)

    assert outcome["attempts"][0]["status"] == 307
    assert len(receiver.requests) == 1


def test_a_refused_connection_is_recorded(
    account: Any, listener: socket.socket
) -> None:
    """The record names host and port."""
    port = listener.getsockname()[1]
    listener.close()
    account.endpoint(url=f"http://127.0.0.1:{port}/hook")
    account.publish()

    (outcome,) = account.deliverer(send=send_post).drain(ACCOUNT)

    assert outcome["state"] == "pending"
    assert outcome["attempts"][0]["error"] == (
        f"connection refused: nothing listens at 127.0.0.1:{port}"
    )


def test_a_receiver_that_never_answers_times_out(listener: socket.socket) -> None:
    """The attempt fails."""
    post = post_to(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_ms=20)

    with pytest.raises(TimeoutError) as silence:
        send_post(post)

    assert explain_failure(silence.value, post).startswith(
        "no complete answer within 20 ms"
    )


@pytest.mark.parametrize(
    "data", [b"", b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"]
)
def test_an_answer_that_is_not_http_fails_the_attempt(
    account: Any, listener: socket.socket, data: bytes
) -> None:
    """The delivery stays pending."""
    thread = answer_with(listener, data)
    account.endpoint(url=f"http://127.0.0.1:{listener.getsockname()[1]}/")
    account.publish()

    (outcome,) = account.deliverer(send=send_post).drain(ACCOUNT)
    thread.join(5)

    assert outcome["state"] == "pending"
    assert "error" in outcome["attempts"][0]


def test_a_200_with_an_incomplete_body_counts(listener: socket.socket) -> None:
    """Only the status matters."""
    thread = answer_with(
        listener, b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf a bo"
    )

    status = send_post(post_to(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    thread.join(5)

    assert status == 200


def test_the_checked_address_is_used(receiver: Any) -> None:
    """The name is not looked up again."""
    port = int(receiver.url.split(":")[2].split("/")[0])
    lookups: list[str] = []

    def look_up(host: str) -> list[str]:
        lookups.append(host)
        return ["127.0.0.1"]

    destination = Destinations(lookup=look_up).find(
        f"http://shop.invalid.test:{port}/hook"
    )
    status = send_post(Post(destination, {}, b"{}", 5_000))

    assert status == 200
    assert lookups == ["shop.invalid.test"]
    assert receiver.requests[0][0]["Host"] == f"shop.invalid.test:{port}"


def test_every_address_of_a_name_is_tried(receiver: Any) -> None:
    """A receiver may listen on one of two addresses."""
    found = Destinations().find(receiver.url)
    destination = replace(found, host="localhost", addresses=("::1", "127.0.0.1"))

    assert send_post(Post(destination, {}, b"{}", 5_000)) == 200


@pytest.fixture
def secure(start_receiver: Callable[..., Any]) -> Any:
    """Return a receiver with a certificate of an unknown authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    return start_receiver(context)


def test_a_local_receiver_may_have_any_certificate(secure: Any) -> None:
    """Only this machine can answer on loopback."""
    status = send_post(post_to(secure.url))

    assert status == 200
    assert len(secure.requests) == 1


def test_an_unknown_certificate_of_another_machine_is_refused(secure: Any) -> None:
    """The event is not sent."""
    away = replace(Destinations().find(secure.url), is_loopback=False)

    with pytest.raises(ssl.SSLCertVerificationError):
        send_post(Post(away, {}, b"{}", 5_000))

    assert secure.requests == []


HELLO = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n"


@pytest.mark.parametrize(
    "first",
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n",
    ],
    ids=["headers", "body", "after-103"],
)
def test_bytes_that_keep_coming_do_not_prolong_an_attempt(
    listener: socket.socket, first: bytes
) -> None:
    """An answer that is not complete in time is no answer."""
    is_over = threading.Event()

    def drip() -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(first)
            for _ in range(100):  # 2 s
                connection.sendall(b"H")
                is_over.wait(0.02)

    thread = threading.Thread(target=drip)
    thread.start()

    with pytest.raises(TimeoutError):
        send_post(
            post_to(f"http://127.0.0.1:{listener.getsockname()[1]}/", timeout_ms=200)
        )
    is_over.set()
    thread.join(5)


def test_a_look_up_that_took_all_the_time_leaves_none(receiver: Any) -> None:
    """The attempt ends as one that got no answer in time."""
    with pytest.raises(TimeoutError):
        send_post(replace(post_to(receiver.url), spent_ms=5_000))


@pytest.mark.parametrize("value", ["a\r\nb", "é"])
def test_a_header_that_would_break_the_request_is_not_sent(
    receiver: Any, value: str
) -> None:
    """The attempt fails instead."""
    with pytest.raises(OSError, match="control or non-ASCII"):
        send_post(replace(post_to(receiver.url), headers={"X-Test": value}))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_does_not_read_gets_one_deadline(
    listener: socket.socket, scheme: str
) -> None:
    """Sending, and TLS before it, are within the deadline."""
    url = f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/"
    post = replace(post_to(url, timeout_ms=100), body=bytes(20_000_000))

    with pytest.raises(TimeoutError):
        send_post(post)


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", 200),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 500 No\r\n\r\n", 500),
        (b"HTTP/1.1 199 Any\r\n\r\n" * 3 + b"HTTP/1.1 204 None\r\n\r\n", 204),
        (b"HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n", 101),
        (b"HTTP/1.1 101 Go\r\n\r\n", 101),
        (b"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200),
        (HELLO + b"a" * 40 + b"more than announced", 200),
        (b"HTTP/1.1 200 OK\r\n\r\n" + b"a" * 1_000_000, 200),
    ],
)
def test_the_status_of_the_final_answer_counts(
    listener: socket.socket, answer: bytes, status: int
) -> None:
    """Interim answers are skipped, and only the first part of a body is read."""
    thread = answer_with(listener, answer)

    found = send_post(post_to(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    thread.join(5)

    assert found == status


@pytest.mark.parametrize("end", [b"", b"HTTP/1.1 200 O"])
def test_interim_answers_alone_are_no_answer(
    listener: socket.socket, end: bytes
) -> None:
    """The attempt fails when the connection ends after them."""
    thread = answer_with(listener, b"HTTP/1.1 103 Early Hints\r\n\r\n" + end)

    with pytest.raises(ConnectionError):
        send_post(post_to(f"http://127.0.0.1:{listener.getsockname()[1]}/"))
    thread.join(5)
