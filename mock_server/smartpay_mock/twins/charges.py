"""Wraps of the handler that charges: whom, how much, how often, and what is told."""

from __future__ import annotations

from typing import Any

from smartpay_mock.resources import Context
from smartpay_mock.resources.context import Document, invalid
from smartpay_mock.resources.payments import capture
from smartpay_mock.resources.tokens import keep_token
from smartpay_mock.twins.samples import APPROVED
from smartpay_mock.twins.seams import Wrap


def charging(*statuses: str) -> Wrap:
    """Charge tokens in these statuses as if they were active."""

    def wrap(
        honest: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Document | None:
        token = ctx.load("token", body["token"])
        if token is None or token["status"] not in statuses:
            done: Document | None = honest(ctx, params, body)
            return done
        keep_token(ctx, {**token, "status": "active"})
        order: Document = honest(ctx, params, body)
        keep_token(ctx, token)
        return order

    return wrap


class EverActive(Context):
    """Takes every consumer for an active one."""

    def load(self, kind: str, id_: str) -> Document | None:
        """Return a document, a consumer as if active."""
        found = super().load(kind, id_)
        return {**found, "active": True} if found and kind == "consumer" else found


def unknown_charged(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Charge a token of the world where the one named is unknown."""
    if ctx.load("token", body["token"]) is None:
        body = {**body, "token": APPROVED}
    return honest(ctx, params, body)


def forgetting_rejected(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Throw a rejected order away."""
    order = honest(ctx, params, body)
    if order["status"] == "rejected":
        ctx.unit.delete("order", order["id"])
    return order


def success_for_rejected(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Say of a rejected order that it has succeeded."""
    order = honest(ctx, params, body)
    return {**order, "status": "succeeded"} if order["status"] == "rejected" else order


def rejected_for_success(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Say of an order that succeeded that it was rejected."""
    order = honest(ctx, params, body)
    return {**order, "status": "rejected"} if order["status"] == "succeeded" else order


def captured_again(*statuses: str) -> Wrap:
    """Return the wrap that captures orders in these statuses once more."""

    def wrap(
        honest: Any, ctx: Context, params: dict[str, str], body: Document
    ) -> Document:
        order: Document = honest(ctx, params, body)
        if order["status"] in statuses:
            capture(ctx, order, {"amount": order["amount"]})
            ctx.save("order", order)
        return order

    return wrap


def uncaptured(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Take no payment."""
    order = honest(ctx, params, body)
    order["payments"] = []
    ctx.save("order", order)
    return order


def short_by_one(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Capture a yen less than was authorized."""
    order = honest(ctx, params, body)
    for id_ in order["payments"]:
        payment = ctx.find("payment", id_)
        payment["amount"] -= 1
        ctx.save("payment", payment, owner=order["id"])
    return order


def used_up(honest: Any, ctx: Context, params: dict[str, str], body: Document) -> Any:
    """Disable the token with its first order."""
    order = honest(ctx, params, body)
    token = ctx.find("token", order["tokenId"])
    keep_token(ctx, {**token, "status": "disabled"})
    return order


def capturing(method: str) -> Wrap:
    """Return the wrap that captures by one method, whatever was asked."""
    return lambda honest, ctx, params, body: honest(
        ctx, params, {**body, "captureMethod": method}
    )


def fee_on_top(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Add the shipping fee to an amount that holds it."""
    fee = body.get("shippingInfo", {}).get("feeAmount", 0)
    if "amount" in body:
        body = {**body, "amount": body["amount"] + fee}
    return honest(ctx, params, body)


def unique_references(
    honest: Any, ctx: Context, params: dict[str, str], body: Document
) -> Any:
    """Refuse a reference that was used before."""
    reference = body.get("reference")
    if reference and ctx.unit.get("reference", reference) is not None:
        raise invalid("reference: it is taken")
    if reference:
        ctx.unit.put("reference", reference, b"{}")
    return honest(ctx, params, body)
