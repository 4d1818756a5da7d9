"""Twins whose webhooks are not sent, not signed, or not as they should be."""

from __future__ import annotations

from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    digest,
)
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.posting import (
    any_success,
    content,
    fresh_ids,
    in_seconds,
    left_out,
    long_ago,
    never,
    once,
    one_secret,
    only_first,
    signed,
    twice,
    with_event,
    with_headers,
)
from smartpay_mock.twins.seams import Document, posted


def _renamed(event: Document) -> None:
    data = event["eventData"]
    data["type"] = data["type"].replace(".", "_")


def _reordered(event: Document) -> Document:
    return dict(reversed(event.items()))


def _flat(event: Document) -> Document:
    data = event.pop("eventData")
    return {**event, **data}


MUTANTS = in_area(
    "events",
    Row(
        "webhooks-never-sent",
        "A shop that waits for its webhook never ships.",
        ("events.post", "events.order-authorized", "events.retry"),
        posted(never),
    ),
    Row(
        "webhooks-sent-twice",
        "A shop that does not look at event ids ships twice.",
        ("events.once",),
        posted(twice),
    ),
    Row(
        "webhooks-never-retried",
        "A shop that was down for a minute misses an order for ever.",
        ("events.retry", "events.retry-2xx", "events.retry-same-event"),
        posted(once),
    ),
    Row(
        "silence-is-a-receipt",
        "An event that came while a shop restarted is lost.",
        ("events.retry-silence",),
        posted(content),
    ),
    Row(
        "any-2xx-is-a-receipt",
        "An event that a proxy took with 202 is lost.",
        ("events.retry-2xx",),
        posted(any_success),
    ),
    Row(
        "retries-are-new-events",
        "A shop that looks at event ids ships twice after all.",
        ("events.retry-same-event",),
        posted(fresh_ids()),
    ),
    Row(
        "first-endpoint-only",
        "The second server of a shop learns nothing.",
        ("events.every-endpoint",),
        posted(only_first()),
    ),
    Row(
        "webhooks-unsigned",
        "Anybody can tell a shop that an order was paid.",
        ("events.headers", "events.signature"),
        left_out(SIGNATURE_HEADER),
    ),
    Row(
        "webhooks-without-ids",
        "A shop cannot tell which events it has seen, nor for which endpoint.",
        ("events.headers",),
        left_out(EVENT_HEADER, SUBSCRIPTION_HEADER),
    ),
    Row(
        "signed-without-time",
        "A recorded webhook can be replayed for ever, and true ones are refused.",
        ("events.signature",),
        signed(lambda post, secret: digest(secret, post.body)),
    ),
    Row(
        "signed-with-another-secret",
        "A shop refuses every webhook as forged.",
        ("events.signature",),
        signed(lambda post, secret: digest(secret[::-1], post.body)),
    ),
    Row(
        "signed-in-upper-case",
        "A shop that compares texts refuses every webhook as forged.",
        ("events.signature",),
        with_headers(
            lambda headers, _post, _secret: {
                **headers,
                SIGNATURE_HEADER: headers[SIGNATURE_HEADER].upper(),
            }
        ),
    ),
    Row(
        "signed-with-one-secret",
        "The second server of a shop refuses every webhook as forged.",
        ("events.every-endpoint",),
        posted(one_secret()),
    ),
    Row(
        "signed-at-seconds",
        "A shop that checks the age refuses webhooks of 1970.",
        ("events.timestamp",),
        with_headers(in_seconds),
    ),
    Row(
        "signed-long-ago",
        "A shop that checks the age refuses the retry after an outage.",
        ("events.timestamp",),
        with_headers(long_ago),
    ),
    Row(
        "event-types-of-another-kind",
        "A shop that listens for order.authorized hears nothing.",
        ("events.order-authorized", "events.payment-created", "events.shape"),
        with_event(_renamed),
    ),
    Row(
        "events-without-version",
        "A shop cannot tell how to read what it gets.",
        ("events.shape", "events.version"),
        with_event(lambda event: event["eventData"].pop("version") and None),
    ),
    Row(
        "events-without-wrapping",
        "A handler that reads eventData crashes.",
        ("events.shape",),
        with_event(_flat),
    ),
    Row(
        "event-members-in-another-order",
        "A handler that compares texts does not know the event again.",
        ("events.key-order",),
        with_event(_reordered),
    ),
    Row(
        "events-of-next-year",
        "A handler that was written for one version is sent another.",
        ("events.version",),
        with_event(lambda event: event["eventData"].update(version="2099-01-01")),
    ),
)
