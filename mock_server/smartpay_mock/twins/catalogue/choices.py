"""Twins that take the other side where the emulator had to choose."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from smartpay_mock.api.auth import Callers, Credential, Refusal
from smartpay_mock.api.idempotency import HEADER
from smartpay_mock.app import Patch
from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.resources import Context
from smartpay_mock.twins.catalogue.service import refusing
from smartpay_mock.twins.editing import given, refused
from smartpay_mock.twins.mutant import Row, in_area
from smartpay_mock.twins.seams import (
    Document,
    Params,
    Perform,
    answered,
    handled,
    identified,
    meddled,
    operated,
    with_body,
)
from smartpay_mock.twins.verdicts import strict
from smartpay_schemas import Operation

CONSUMER = "consumer+test@example.com"
_UNAUTHORIZED = 401


def _without(*beginnings: str) -> type[Callers]:
    """Return callers that do not take credentials which begin like this."""

    class Choosy(Callers):
        def identify(
            self, operation: Operation, params: Mapping[str, str], call: Call
        ) -> Credential | Refusal:
            sent = call.headers.get("authorization", "").lower()
            if operation.side == "merchant" and sent.startswith(beginnings):
                return Refusal("the key is spelled in another way")
            return super().identify(operation, params, call)

    return Choosy


class _Trusting(Callers):
    """Takes any stranger for the consumer."""

    def identify(
        self, operation: Operation, params: Mapping[str, str], call: Call
    ) -> Credential | Refusal:
        found = super().identify(operation, params, call)
        if operation.side != "consumer" or not isinstance(found, Refusal):
            return found
        kind = "token" if operation.id == "approve_token" else "order"
        holders = self.store.locate(kind, params["id"])
        return Credential(holders[0], "", CONSUMER) if holders else found


def _bare(operation: Operation, _call: Call, answer: Answer) -> Answer:
    if answer.status != _UNAUTHORIZED or operation.side != "merchant":
        return answer
    return replace(answer, body=encode({"statusCode": _UNAUTHORIZED}))


def _as_json(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Read a body as JSON whatever it is called."""
    headers = {**call.headers, "content-type": "application/json"}
    return perform(operation, params, replace(call, headers=headers))


def _unread(
    perform: Perform, operation: Operation, params: Params, call: Call
) -> Answer:
    """Take a body that is too large for an empty one."""
    if call.is_too_large:
        call = replace(with_body(call, b"{}"), is_too_large=False)
    return perform(operation, params, call)


def _remembering_strangers() -> Patch:
    kept: dict[tuple[str, str, str], Answer] = {}

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if HEADER not in call.headers:
            return perform(operation, params, call)
        scope = (call.method, call.path, call.headers[HEADER])
        answer = kept.get(scope) or perform(operation, params, call)
        if answer.status == _UNAUTHORIZED:
            kept[scope] = answer
        return answer

    return meddled(meddle)


def _any_password(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    return honest(ctx, params, {**body, "password": "password"})


def _confirming(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Confirm an authorization that was given before."""
    order = ctx.find("order", params["id"])
    if order["status"] != "requires_authorization":
        return order
    return honest(ctx, params, body)


def _hidden(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Not find a token that waits for its approval."""
    token = honest(ctx, params, body)
    if token["status"] == "requires_authorization":
        raise ApiError("token.not-found", id=token["id"])
    return token


def _without_product(operation: Operation, body: Document) -> bool:
    kinds = {item.get("kind", "product") for item in body.get("items", ())}
    return operation.id == "create_order" and "product" not in kinds


def _by_no_address(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Make an order of nobody."""
    return honest(ctx, params, {**body, "customerInfo": {}})


def _amount_first(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Look at a capture's amount before the order's status."""
    order = ctx.load("order", body["order"])
    if order and body["amount"] > order["amount"]:
        raise ApiError(
            "payment.excessive-amount",
            amount=body["amount"],
            left=order["amount"],
            id=order["id"],
        )
    return honest(ctx, params, body)


MUTANTS = (
    *in_area(
        "service",
        Row(
            "aliases-gone",
            "An SDK that looks for its own host name in the address charges for real.",
            ("service.aliases",),
            refusing(
                lambda operation, call: call.path.startswith("/api.smartpay"),
                ApiError("request.not-found", method="GET", path="/api.smartpay.co"),
            ),
        ),
    ),
    *in_area(
        "auth",
        Row(
            "base64-key-refused",
            "Clients that know HTTP Basic from its standard are locked out.",
            ("auth.base64-key",),
            identified(_without("basic c2t")),
        ),
        Row(
            "bearer-key-refused",
            "Clients that send the key as a bearer token are locked out.",
            ("auth.bearer-key",),
            identified(_without("bearer")),
        ),
        Row(
            "401-without-realm",
            "A typed client finds the members of its own type missing.",
            ("auth.body-values",),
            answered(_bare),
        ),
    ),
    *in_area(
        "errors",
        Row(
            "any-media-type",
            "A client that sends a form by mistake learns of it in production.",
            ("errors.media-type",),
            meddled(_as_json),
        ),
        Row(
            "large-bodies-unread",
            "A shop with a large basket is told that everything is missing.",
            ("errors.too-large",),
            meddled(_unread),
        ),
    ),
    *in_area(
        "idempotency",
        Row(
            "401-remembered",
            "After the key was mended every retry is refused as before.",
            ("idempotency.unauthorized-not-stored",),
            _remembering_strangers(),
        ),
    ),
    *in_area(
        "orders",
        Row(
            "products-only",
            "A shop that charges a fee alone cannot charge.",
            ("orders.create.no-product",),
            strict("items: there is no product", _without_product),
        ),
        Row(
            "addresses-decide-nothing",
            "A test of a decline that an old sample shows passes for no reason.",
            ("orders.create.magic-addresses",),
            handled(_by_no_address, "create_order"),
        ),
    ),
    *in_area(
        "payments",
        Row(
            "capture-refused-without-a-reason",
            "Support cannot tell a shop why it is not paid.",
            ("payments.create.cannot-capture-reason",),
            refused(given(message="It cannot be captured."), "order.cannot-capture"),
        ),
        Row(
            "amount-before-status",
            "A client that is too late lowers its amount, and is refused again.",
            ("payments.create.status-first",),
            handled(_amount_first, "create_payment"),
        ),
    ),
    *in_area(
        "tokens",
        Row(
            "waiting-token-hidden",
            "A shop that polls a token takes it for deleted before it is approved.",
            ("tokens.get.unapproved",),
            handled(_hidden, "get_token"),
        ),
    ),
    *in_area(
        "consumer",
        Row(
            "any-password",
            "Anybody who knows a consumer's address buys in their name.",
            ("consumer.login.refused",),
            handled(_any_password, "consumer_login"),
        ),
        Row(
            "strangers-authorize",
            "Anybody who knows an order's id pays it with another one's money.",
            ("consumer.authorize.credential",),
            identified(_Trusting),
        ),
        Row(
            "authorized-twice",
            "A consumer who clicks twice is told that both went well.",
            ("consumer.authorize.again",),
            handled(_confirming, "authorize_order"),
        ),
        Row(
            "consumer-answers-empty",
            "A test suite cannot read what became of the order or the token.",
            ("consumer.authorize.answer", "consumer.approve.answer"),
            operated(["authorize_order", "approve_token"], response=None),
        ),
    ),
    *in_area(
        "promotion-codes",
        Row(
            "taken-code-not-named",
            "A shop that makes a hundred codes cannot tell which one is taken.",
            ("promotions.create.exists-names-it",),
            refused(given(message="It exists."), "promotion-code.exists"),
        ),
    ),
)
