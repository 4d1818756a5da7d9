"""Ways of sending a webhook that a receiver cannot rely on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.events.attempt import SEND_ERRORS, Post, Send
from smartpay_mock.events.outbox import ENDPOINT_KIND
from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.twins.seams import Document, posted

OK = 200
_SUCCESSES = range(200, 300)

Change = Callable[[Document, Post, str], Document]


def secret_of(engine: Application, post: Post) -> str:
    """Return the signing secret of the endpoint that a post goes to."""
    id_ = post.headers[SUBSCRIPTION_HEADER]
    for account in engine.store.locate(ENDPOINT_KIND, id_):
        with engine.store.read(account) as unit:
            body = unit.get(ENDPOINT_KIND, id_)
        if body is not None:
            return str(decode(body)["signingSecret"])
    return "B"


def with_headers(change: Change) -> Patch:
    """Send other headers; ``change`` gets headers, post and the secret."""

    def deliver(engine: Application, send: Send, post: Post) -> int:
        headers = change(dict(post.headers), post, secret_of(engine, post))
        return send(replace(post, headers=headers))

    return posted(deliver)


def with_event(change: Callable[[Document], Any]) -> Patch:
    """Send another event, well signed."""

    def deliver(engine: Application, send: Send, post: Post) -> int:
        event = decode(post.body)
        event = change(event) or event
        body = encode(event)
        at = int(post.headers[TIMESTAMP_HEADER])
        signature = sign(secret_of(engine, post), at, body)
        headers = {**post.headers, SIGNATURE_HEADER: signature}
        return send(replace(post, headers=headers, body=body))

    return posted(deliver)


def signed(signature: Callable[[Post, str], str]) -> Patch:
    """Sign in another way; ``signature`` gets the post and the secret."""
    return with_headers(
        lambda headers, post, secret: {
            **headers,
            SIGNATURE_HEADER: signature(post, secret),
        }
    )


def left_out(*names: str) -> Patch:
    """Leave headers out."""
    return with_headers(
        lambda headers, _post, _secret: {
            name: value for name, value in headers.items() if name not in names
        }
    )


def in_seconds(headers: Document, post: Post, secret: str) -> Document:
    """Write the time of signing in seconds."""
    seconds = int(headers[TIMESTAMP_HEADER]) // 1_000
    return {
        **headers,
        TIMESTAMP_HEADER: str(seconds),
        SIGNATURE_HEADER: sign(secret, seconds, post.body),
    }


def long_ago(headers: Document, post: Post, secret: str) -> Document:
    """Stamp every attempt with the time of the first."""
    moment = decode(post.body)["createdAt"] - 60_000
    return {
        **headers,
        TIMESTAMP_HEADER: str(moment),
        SIGNATURE_HEADER: sign(secret, moment, post.body),
    }


def never(_engine: Application, _send: Send, _post: Post) -> int:
    """Send nothing, and say that it arrived."""
    return OK


def twice(_engine: Application, send: Send, post: Post) -> int:
    """Send everything twice."""
    send(post)
    return send(post)


def once(_engine: Application, send: Send, post: Post) -> int:
    """Take any end of an attempt for success."""
    try:
        send(post)
    except OSError:
        return OK
    return OK


def content(_engine: Application, send: Send, post: Post) -> int:
    """Take a connection that breaks for a receipt."""
    try:
        return send(post)
    except SEND_ERRORS:
        return OK


def any_success(_engine: Application, send: Send, post: Post) -> int:
    """Take every 2xx for a receipt."""
    status = send(post)
    return OK if status in _SUCCESSES else status


def only_first() -> Callable[[Application, Send, Post], int]:
    """Send an event to the first endpoint only."""
    seen: dict[str, str] = {}

    def deliver(_engine: Application, send: Send, post: Post) -> int:
        data = decode(post.body)["eventData"]
        subject = f"{data['type']} {data['data']['id']}"
        first = seen.setdefault(subject, post.headers[SUBSCRIPTION_HEADER])
        return send(post) if post.headers[SUBSCRIPTION_HEADER] == first else OK

    return deliver


def one_secret() -> Callable[[Application, Send, Post], int]:
    """Sign for every endpoint with the first one's secret."""
    first: list[str] = []

    def deliver(engine: Application, send: Send, post: Post) -> int:
        first.append(secret_of(engine, post))
        at = int(post.headers[TIMESTAMP_HEADER])
        signature = sign(first[0], at, post.body)
        return send(
            replace(post, headers={**post.headers, SIGNATURE_HEADER: signature})
        )

    return deliver


def fresh_ids() -> Callable[[Application, Send, Post], int]:
    """Give every attempt an event id of its own."""

    def deliver(engine: Application, send: Send, post: Post) -> int:
        event = {**decode(post.body), "id": engine.fresh_ids.new("event")}
        body = encode(event)
        at = int(post.headers[TIMESTAMP_HEADER])
        headers = {
            **post.headers,
            EVENT_HEADER: event["id"],
            SIGNATURE_HEADER: sign(secret_of(engine, post), at, body),
        }
        return send(replace(post, headers=headers, body=body))

    return deliver
