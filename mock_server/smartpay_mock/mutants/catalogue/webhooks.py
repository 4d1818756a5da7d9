"""Mutants whose webhooks are lost, duplicated, or signed badly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.events.outbox import ENDPOINT_KIND
from smartpay_mock.events.sending import Post, Send
from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    digest,
    sign,
)
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import Document, change_transition, wrap_delivery

OK = 200
Change = Callable[[Document, Post, str], Document]


def secret_of(app: Application, post: Post) -> str:
    """Return the signing secret of the endpoint that receives a post."""
    id_ = post.headers[SUBSCRIPTION_HEADER]
    for account in app.store.locate(ENDPOINT_KIND, id_):
        with app.store.read(account) as unit:
            body = unit.get(ENDPOINT_KIND, id_)
        if body is not None:
            return str(decode(body)["signingSecret"])
    return "B"


def with_headers(change: Change) -> Patch:
    """Change the headers, given headers, post and secret."""

    def deliver(app: Application, send: Send, post: Post) -> int:
        headers = change(dict(post.headers), post, secret_of(app, post))
        return send(replace(post, headers=headers))

    return wrap_delivery(deliver)


def never(_application: Application, _send: Send, _post: Post) -> int:
    """Send nothing and report success."""
    return OK


def twice(_application: Application, send: Send, post: Post) -> int:
    """Send everything twice."""
    send(post)
    return send(post)


def once(_application: Application, send: Send, post: Post) -> int:
    """Report success whatever happens."""
    try:
        send(post)
    except OSError:
        return OK
    return OK


def fresh_ids() -> Callable[[Application, Send, Post], int]:
    """Use a new event id for every attempt."""

    def deliver(app: Application, send: Send, post: Post) -> int:
        event = {**decode(post.body), "id": app.fresh_ids.new("event")}
        body = encode(event)
        at = int(post.headers[TIMESTAMP_HEADER])
        headers = {
            **post.headers,
            EVENT_HEADER: event["id"],
            SIGNATURE_HEADER: sign(secret_of(app, post), at, body),
        }
        return send(replace(post, headers=headers, body=body))

    return deliver


MUTANTS = (
    Mutant(
        "webhooks-never-sent",
        "A shop that waits for its webhook never ships.",
        ("events.post", "events.order-authorized", "events.retry"),
        wrap_delivery(never),
    ),
    Mutant(
        "webhooks-sent-twice",
        "A shop that ignores event ids ships twice.",
        ("events.once",),
        wrap_delivery(twice),
    ),
    Mutant(
        "webhooks-never-retried",
        "A shop that was down for a minute never learns of an order.",
        ("events.retry", "events.retry-2xx", "events.retry-same-event"),
        wrap_delivery(once),
    ),
    Mutant(
        "retries-are-new-events",
        "A shop that filters duplicates by event id ships twice.",
        ("events.retry-same-event",),
        wrap_delivery(fresh_ids()),
    ),
    Mutant(
        "webhooks-unsigned",
        "Anyone can claim to your shop that an order was paid.",
        ("events.headers", "events.signature"),
        with_headers(lambda headers, _post, _secret: {**headers, SIGNATURE_HEADER: ""}),
    ),
    Mutant(
        "signed-with-another-secret",
        "Your shop rejects every webhook as forged.",
        ("events.signature",),
        with_headers(
            lambda headers, post, secret: {
                **headers,
                SIGNATURE_HEADER: digest(secret[::-1], post.body),
            }
        ),
    ),
    Mutant(
        "cancellation-without-event",
        "Your warehouse keeps goods for an order that was canceled.",
        ("events.order-canceled",),
        change_transition("order", "cancel", "requires_capture", events=()),
    ),
    Mutant(
        "rejection-without-event",
        "Your warehouse keeps goods for a consumer who was declined.",
        ("events.order-rejected",),
        change_transition("order", "decline", "new", events=()),
    ),
)
