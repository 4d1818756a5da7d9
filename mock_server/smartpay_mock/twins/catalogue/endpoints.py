"""Twins that do not keep a webhook endpoint as it was made."""

from __future__ import annotations

import socket
from typing import Any
from urllib.parse import urlsplit

from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.editing import given, objects, refused, rendered, without
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import Document, handled
from smartpay_mock.twins.storing import keep, unrepeated
from smartpay_mock.twins.verdicts import lenient, strict
from smartpay_schemas import Operation

CREATE = "create_webhook_endpoint"
_PATIENCE_S = 0.5
_SHARED = "B" * 40


def _inactive(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    endpoint = honest(ctx, params, body)
    endpoint["active"] = False
    keep(ctx, endpoint)
    return endpoint


def _with_secret(change: Any) -> Any:
    def wrap(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
        endpoint = honest(ctx, params, body)
        endpoint["signingSecret"] = change(endpoint["signingSecret"])
        keep(ctx, endpoint)
        return endpoint

    return wrap


def _trying(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Refuse an endpoint where nothing listens, on this machine at least."""
    address = urlsplit(body["url"])
    if address.hostname in {"127.0.0.1", "localhost", "::1"}:
        place = (address.hostname, address.port or 80)
        try:
            socket.create_connection(place, _PATIENCE_S).close()
        except OSError:
            raise invalid("url: it does not answer") from None
    return honest(ctx, params, body)


def _nothing_done(
    _honest: Any, ctx: Context, params: dict[str, str], _body: Document
) -> None:
    ctx.find("webhook_endpoint", params["id"])


def _is_http(operation: Operation, body: Document) -> bool:
    return operation.tag == "webhook-endpoints" and str(body.get("url", "")).startswith(
        "http:"
    )


def _is_about_payouts(operation: Operation, body: Document) -> bool:
    types = body.get("eventSubscriptions", ())
    return operation.tag == "webhook-endpoints" and any(
        name.startswith("payout.") for name in types
    )


MUTANTS = in_area(
    "webhook-endpoints",
    Row(
        "endpoint-inactive-at-first",
        "A shop waits for events that nobody sends.",
        ("endpoints.create.active",),
        handled(_inactive, CREATE),
    ),
    Row(
        "subscriptions-lost",
        "A shop cannot tell which events it asked for.",
        ("endpoints.create.subscriptions", "endpoints.update"),
        objects("webhookEndpoint", given(eventSubscriptions=[])),
    ),
    Row(
        "payouts-not-offered",
        "A shop that books payouts cannot register for them.",
        ("endpoints.create.every-event", "endpoints.update"),
        strict("eventSubscriptions: payouts are not offered", _is_about_payouts),
    ),
    Row(
        "one-endpoint-per-url",
        "A shop cannot have its orders and its coupons told in two endpoints.",
        ("endpoints.create.url-free",),
        handled(unrepeated("webhook_endpoint", "url"), CREATE),
    ),
    Row(
        "endpoint-url-lost",
        "A shop cannot tell which of its servers is told.",
        ("endpoints.create", "endpoints.update"),
        objects("webhookEndpoint", given(url="https://example.com/")),
    ),
    Row(
        "secret-not-told",
        "A shop cannot check a single signature.",
        ("endpoints.create.secret",),
        rendered(without("signingSecret"), CREATE),
    ),
    Row(
        "secret-told-once",
        "A shop that lost its secret has to make a new endpoint.",
        ("endpoints.get.secret",),
        rendered(without("signingSecret"), "get_webhook_endpoint"),
    ),
    Row(
        "secret-in-hex",
        "A shop that decodes base62 computes another signature.",
        ("endpoints.create.secret", "endpoints.create.secret-length"),
        objects("webhookEndpoint", given(signingSecret="whsec_" + "0f" * 20)),
    ),
    Row(
        "secret-of-24-bytes",
        "A shop that expects 30 bytes refuses its own secret.",
        ("endpoints.create.secret-length",),
        handled(_with_secret(lambda secret: secret[:32]), CREATE),
    ),
    Row(
        "secret-shared",
        "Who knows one endpoint's secret signs for all.",
        ("endpoints.create.secret-own",),
        handled(_with_secret(lambda _secret: _SHARED), CREATE),
    ),
    Row(
        "endpoint-tried-at-once",
        "A shop cannot register its webhook before it is deployed.",
        ("endpoints.create.not-reached",),
        handled(_trying, CREATE),
    ),
    Row(
        "https-only",
        "A developer cannot get webhooks at home.",
        ("endpoints.create.http",),
        strict("url: it must be https", _is_http),
    ),
    Row(
        "any-event-name",
        "A misspelt event is never sent, and nobody knows why.",
        ("endpoints.create.event-names",),
        lenient("eventSubscriptions"),
    ),
    Row(
        "endpoint-not-deleted",
        "A server that was sold goes on learning who bought what.",
        ("endpoints.delete", "endpoints.delete.gone", "events.deleted"),
        handled(_nothing_done, "delete_webhook_endpoint"),
    ),
    Row(
        "endpoint-code-with-hyphen",
        "A client that knows webhook-endpoint.notfound takes it for a new error.",
        (
            "endpoints.not-found",
            "endpoints.delete.gone",
            "errors.names-the-object",
        ),
        refused(
            given(errorCode="webhook-endpoint.not-found"), "webhook-endpoint.notfound"
        ),
    ),
)
