"""Mutants of events and their deliveries that no table describes."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from tests.mutants.bodies import proof

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.events.destinations import Destination
from smartpay_mock.events.sending import SEND_ERRORS, Post, Send
from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.mutants.catalogue.webhooks import OK, secret_of, with_headers
from smartpay_mock.mutants.patches import (
    Document,
    Wrap,
    replace_parts,
    wrap_delivery,
    wrap_handlers,
)
from smartpay_mock.mutants.responses import change_member, remove
from smartpay_mock.resources import Context


class AlwaysActive(Context):
    """Sends to an endpoint that is not active, but shows it as it is."""

    sent: ClassVar[Document] = {"active": True}

    def load(self, kind: str, id_: str) -> Document | None:
        """Return a document, an endpoint as it was updated."""
        found = super().load(kind, id_)
        return found.get("_shown", found) if found else None

    def save(self, document: Document) -> None:
        """Save a document, an endpoint that is not active as another one."""
        if document["object"] == "webhookEndpoint" and not document["active"]:
            document = {**document, **self.sent, "_shown": document}
        super().save(document)


class StillRetried(AlwaysActive):
    """Sends only earlier deliveries to an endpoint that is not active."""

    sent: ClassVar[Document] = {"active": True, "eventSubscriptions": ["payout.paid"]}


def to_the_first_url(*headers: str) -> Patch:
    """Send what has the same values of ``headers`` to the same address."""
    first: dict[tuple[str, ...], Destination] = {}

    def deliver(_app: Application, send: Send, post: Post) -> int:
        key = tuple(post.headers[name] for name in headers)
        return send(replace(post, destination=first.setdefault(key, post.destination)))

    return wrap_delivery(deliver)


def with_event(change: Callable[[Document], Any]) -> Patch:
    """Change the event and sign it again."""

    def deliver(app: Application, send: Send, post: Post) -> int:
        event = decode(post.body)
        event = change(event) or event
        body = encode(event)
        at = int(post.headers[TIMESTAMP_HEADER])
        signature = sign(secret_of(app, post), at, body)
        headers = {**post.headers, SIGNATURE_HEADER: signature}
        return send(replace(post, headers=headers, body=body))

    return wrap_delivery(deliver)


def in_seconds(headers: Document, post: Post, secret: str) -> Document:
    """Sign with a time in seconds."""
    seconds = int(headers[TIMESTAMP_HEADER]) // 1_000
    return {
        **headers,
        TIMESTAMP_HEADER: str(seconds),
        SIGNATURE_HEADER: sign(secret, seconds, post.body),
    }


def content(_app: Application, send: Send, post: Post) -> int:
    """Count a broken connection as delivered."""
    try:
        return send(post)
    except SEND_ERRORS:
        return OK


def _sent_to(**changes: Any) -> Patch:
    """Change the destinations of deliveries with HTTPS."""

    def deliver(_app: Application, send: Send, post: Post) -> int:
        if post.destination.scheme == "https":
            post = replace(post, destination=replace(post.destination, **changes))
        return send(post)

    return wrap_delivery(deliver)


def _host(change: Callable[[Destination], str]) -> Patch:
    """Change the header Host."""

    def edit(headers: Document, post: Post, _secret: str) -> Document:
        return {"Host": change(post.destination), **headers}

    return with_headers(edit)


HOSTS: dict[str, Callable[[Destination], str]] = {
    "host-without-port": lambda to: to.host,
    "host-is-the-address": lambda to: f"{to.addresses[0]}:{to.port}",
    "ipv6-host-without-brackets": lambda to: f"{to.host}:{to.port}",
}


def _subscribed(is_meant: Callable[[list[str]], bool], *types: str) -> Wrap:
    """Subscribe an endpoint to other types of events than it shows."""

    def wrap(
        original: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Document:
        endpoint: Document = original(ctx, params, body)
        if is_meant(endpoint["eventSubscriptions"]):
            ctx.save({**endpoint, "eventSubscriptions": list(types)})
        return endpoint

    return wrap


def _in_data(edit: Callable[[Document], Any]) -> Callable[[Document], Any]:
    """Return the edit of an event that edits its ``eventData``."""

    def apply(event: Document) -> None:
        edit(event["eventData"])

    return apply


def _in_object(
    edit: Callable[[Document], Any], kind: str = ""
) -> Callable[[Document], Any]:
    """Return the edit of an event that edits its object, of one kind or of all."""

    def apply(event: Document) -> None:
        found = event["eventData"]["data"]
        if kind in {"", found["object"]}:
            edit(found)

    return apply


_WHOLE = change_member("lineItems", lambda ids: [{"id": id_} for id_ in ids])
_OLD = change_member("status", lambda _: "requires_authorization")

MUTANTS = (
    proof("https-posted-in-plain", _sent_to(scheme="http"), "events.https"),
    proof("own-certificates-checked", _sent_to(is_loopback=False), "events.https"),
    *(proof(name, _host(change), "events.host") for name, change in HOSTS.items()),
    proof(
        "events-of-all-kinds-for-all",
        wrap_handlers(_subscribed(bool), "create_webhook_endpoint"),
        "events.subscribed-only",
    ),
    proof(
        "no-events-by-default",
        wrap_handlers(
            _subscribed(operator.not_, "merchant_user.created"),
            "create_webhook_endpoint",
        ),
        "events.all-by-default",
        "events.every-endpoint",
    ),
    proof(
        "inactive-endpoint-gets-events",
        replace_parts(context_type=AlwaysActive),
        "events.inactive",
    ),
    proof(
        "inactive-endpoint-gets-retries",
        replace_parts(context_type=StillRetried),
        "events.inactive",
    ),
    proof(
        "old-url-gets-events",
        to_the_first_url(SUBSCRIPTION_HEADER),
        "events.changed-url",
    ),
    proof(
        "old-url-gets-retries",
        to_the_first_url(SUBSCRIPTION_HEADER, EVENT_HEADER),
        "events.changed-url",
    ),
    proof(
        "events-hold-whole-objects", with_event(_in_object(_WHOLE)), "events.data-plain"
    ),
    proof("events-tell-what-was", with_event(_in_object(_OLD)), "events.data-current"),
    proof("signed-at-seconds", with_headers(in_seconds), "events.timestamp"),
    proof("silence-is-a-receipt", wrap_delivery(content), "events.retry-silence"),
    *(
        proof(
            f"events-without-{member}".lower(),
            with_event(remove(member)),
            "events.shape",
        )
        for member in ("id", "object", "createdAt", "test", "eventData")
    ),
    *(
        proof(
            f"event-data-without-{member}",
            with_event(_in_data(remove(member))),
            "events.shape",
        )
        for member in ("type", "data")
    ),
    proof(
        "event-data-without-version",
        with_event(_in_data(remove("version"))),
        "events.shape",
        "events.version",
    ),
    *(
        proof(
            f"event-objects-without-{member}".lower(),
            with_event(_in_object(remove(member))),
            "events.shape",
        )
        for member in ("id", "object", "createdAt", "updatedAt", "metadata")
    ),
    *(
        proof(
            f"event-of-{kind}-without-test".lower(),
            with_event(_in_object(remove("test"), kind)),
            "events.shape",
        )
        for kind in ("order", "payment", "refund", "coupon", "promotionCode", "token")
    ),
)
