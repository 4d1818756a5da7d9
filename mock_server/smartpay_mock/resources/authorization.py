"""Decide whether a charge is authorized: test values in place of credit checks.

The reasons are looked through in order; the first that declines decides. What can be
made to decline, and how, is the catalogue ``test_values.json``.

Source: that inactive tokens and consumers are declined is the guide's; the triggers
are *assumed*.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from smartpay_fixtures import sandbox_values
from smartpay_mock.resources.context import Context

Document = dict[str, Any]


class Decision(NamedTuple):
    """The outcome of an authorization.

    Attributes:
        is_approved: Whether the consumer is charged.
        reason: What decided, in words.
        is_final: Whether a decline ends the order; else the consumer may retry.
    """

    is_approved: bool
    reason: str
    is_final: bool = True


APPROVED = Decision(True, "no rule declines it")

# By kind of ``kernel.faults.OUTCOMES``.
_PLANNED = {
    "approve": Decision(True, "planned by a fault plan"),
    "decline": Decision(False, "planned by a fault plan"),
    "decline_softly": Decision(False, "planned by a fault plan", is_final=False),
}
_APPROVED_METHOD = "pm_test_visaApproved"
# Outcomes of test_values.json that decline -> whether that ends the order.
_DECLINES = {"declined": True, "declined_softly": False}
_NEEDS_CONSUMER = "authorization_required"


def decide_token_charge(ctx: Context, token: Document, body: Document) -> Decision:
    """Return the decision on charging ``token`` for the order in ``body``."""
    id_ = token.get("_consumer")
    consumer = (ctx.load("consumer", id_) if id_ else None) or {}
    decision = (
        _planned(ctx)
        or _token_declines(token)
        or consumer_declines(consumer)
        or _email_declines(body.get("customerInfo", {}), is_present=False)
        or APPROVED
    )
    _explain(ctx, decision)
    return decision


def decide_authorization(
    ctx: Context, order: Document, consumer: Document, body: Document
) -> Decision:
    """Return the decision on a consumer's authorization of ``order``."""
    decision = (
        _planned(ctx)
        or consumer_declines(consumer)
        or session_declines(ctx, order)
        or _payment_method_declines(body.get("paymentMethod", _APPROVED_METHOD))
        or APPROVED
    )
    _explain(ctx, decision)
    return decision


def _planned(ctx: Context) -> Decision | None:
    """Return the outcome that a fault plan or the request's header asks for."""
    if ctx.outcome not in _PLANNED:
        return None
    ctx.is_outcome_used = True
    return _PLANNED[ctx.outcome]


def _explain(ctx: Context, decision: Decision) -> None:
    verdict = "approved" if decision.is_approved else "declined"
    ctx.explain("authorization", f"{verdict}: {decision.reason}")


def _token_declines(token: Document) -> Decision | None:
    if token["status"] == "disabled":
        return Decision(False, f"token {token['id']} is disabled, not active any more")
    if token.get("_decision") in _DECLINES:
        return Decision(False, f"token {token['id']} is set to decline")
    return None


def consumer_declines(consumer: Document) -> Decision | None:
    """Return the decline that lies in the consumer's account, if any."""
    if not consumer.get("active", True):
        return Decision(False, f"consumer {consumer['id']} is not active any more")
    if consumer.get("decision") in _DECLINES:
        return Decision(
            False,
            f"consumer {consumer['id']} is set to decline",
            is_final=_DECLINES[consumer["decision"]],
        )
    return None


def _email_declines(customer: Document, *, is_present: bool) -> Decision | None:
    """Return the decline that the customer's e-mail address asks for, if any.

    Args:
        customer: ``customerInfo`` of the order or session.
        is_present: Whether the consumer authorizes; else the merchant charges.
    """
    address = customer.get("emailAddress", "")
    row = sandbox_values().value("email", address)
    outcome = row.outcome.name if row else ""
    asked = f"customerInfo.emailAddress {address}"
    if outcome in _DECLINES:
        return Decision(False, f"{asked} declines")
    if outcome == _NEEDS_CONSUMER and not is_present:
        return Decision(False, f"{asked} needs the consumer's authorization")
    return None


def session_declines(ctx: Context, subject: Document) -> Decision | None:
    """Return the decline asked for by the session that made an order or a token."""
    session = ctx.load("checkout_session", subject.get("_session", "")) or {}
    return _email_declines(session.get("customerInfo", {}), is_present=True)


def _payment_method_declines(payment_method: str) -> Decision | None:
    """Return the decline that a payment method or card number asks for, if any."""
    row = sandbox_values().value(
        "payment_method", payment_method
    ) or sandbox_values().value("card", payment_method)
    if row is not None and row.outcome.name in _DECLINES:
        return Decision(
            False,
            f"paymentMethod {row.value} declines",
            is_final=_DECLINES[row.outcome.name],
        )
    return None
