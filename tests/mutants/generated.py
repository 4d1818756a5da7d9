"""Proof mutants, generated from the tables of the contract.

Each family breaks one kind of table row: a clause with its operations, a member of a
resource, a transition, an event type, a number of ``Rules``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from tests.mutants.bodies import SAMPLE, accept, proof, refuse_sent
from tests.mutants.patches import edit_objects

from smartpay_mock.api.application import Application
from smartpay_mock.app import Patch
from smartpay_mock.kernel.clock import DAY_MS
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.json import encode
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    Document,
    change_operations,
    change_transition,
    remove_transitions,
    replace_parts,
    wrap_handlers,
)
from smartpay_mock.mutants.responses import change_member, remove, set_members
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import NOT_FOUND, invalid
from smartpay_schemas import CLAUSES, EVENTS, LIFECYCLES, names, schema

Operations = tuple[str, ...]
Params = dict[str, str]

# -- clauses: the end of an id says what the operations of the clause must do ----------


def _kind(operation: str) -> str:
    """Return the kind of object of ``create_payment`` and the like."""
    return operation.partition("_")[2]


def _object(operation: str) -> str:
    """Return the value of ``object`` for the kind of an operation."""
    first, *others = _kind(operation).removesuffix("s").split("_")
    return first + "".join(word.capitalize() for word in others)


def _camel(words: str) -> str:
    first, *others = words.split("-")
    return first + "".join(word.capitalize() for word in others)


def _guess_missing(operations: Operations) -> Patch:
    return accept("is missing", operations=operations, filling=SAMPLE)


def _refuse_null(operations: Operations) -> Patch:
    return refuse_sent(
        lambda row, body: row.id in operations and b"null" in encode(body)
    )


def _refuse_empty(operations: Operations) -> Patch:
    return refuse_sent(lambda row, body: row.id in operations and body == {})


def _unsaved(operations: Operations) -> Patch:
    """Answer an update that is not saved."""

    def wrap(
        kind: str, _original: Any, ctx: Context, params: Params, body: Document
    ) -> Document:
        return {**ctx.find(kind, params["id"]), **body}

    return wrap_handlers(partial(wrap, _kind(operations[0])), *operations)


def _not_found(operations: Operations) -> Patch:
    """Refuse to retrieve an object that exists."""

    def wrap(
        kind: str, _original: Any, ctx: Context, params: Params, body: Document
    ) -> Document:
        raise ApiError(NOT_FOUND[kind], id=params["id"])

    return wrap_handlers(partial(wrap, _kind(operations[0])), *operations)


def _saved_with(operations: Operations, edit: Callable[[Document], Any]) -> Patch:
    """Edit the object that a handler returns, and save it."""

    def wrap(original: Any, ctx: Context, params: Params, body: Document) -> Document:
        document: Document = original(ctx, params, body)
        edit(document)
        ctx.save(document)
        return document

    return wrap_handlers(wrap, *operations)


def _smaller(operations: Operations) -> Patch:
    def edit(document: Document) -> None:
        for member in ("amount", "discountAmount"):
            change_member(member, lambda amount: amount - 1)(document)

    return _saved_with(operations, edit)


def _inactive(operations: Operations) -> Patch:
    return _saved_with(operations, set_members(active=False))


def _always_active(operations: Operations) -> Patch:
    return _saved_with(operations, set_members(active=True))


def _unique(member: str, operations: Operations) -> Patch:
    """Refuse an object that shares a member with an earlier one."""
    used: set[str] = set()

    def wrap(original: Any, ctx: Context, params: Params, body: Document) -> Any:
        made = original(ctx, params, body)
        value = f"{ctx.unit.account} {body.get(member, made['id'])}"
        if value in used:
            raise invalid(f"{member}: it is used already")
        used.add(value)
        return made

    return wrap_handlers(wrap, *operations)


def _any_choice(member: str, default: str, operations: Operations) -> Patch:
    chosen: dict[str, Any] = {member: default}
    return accept(member, operations=operations, **chosen)


def _other_states(operations: Operations) -> Patch:
    edit = change_member("status", str.upper)
    return edit_objects(_object(operations[0]), edit)


def _expanded(how: str, operations: Operations) -> Patch:
    return change_operations(operations, expand=how)


BY_ENDING: Mapping[str, Callable[[Operations], Patch]] = {
    "mandatory-members": _guess_missing,
    "mandatory-address": _guess_missing,
    "mandatory-item": _guess_missing,
    ".nulls": _refuse_null,
    "active-null": _refuse_null,
    "item-kind-null": _refuse_null,
    "update.empty": _refuse_empty,
    ".update": _unsaved,
    "update.money-stays": _smaller,
    ".get": _not_found,
    "s.create.active": _inactive,
    "create.inactive": _always_active,
    "name-free": partial(_unique, "name"),
    "url-free": partial(_unique, "url"),
    "reference-free": partial(_unique, "reference"),
    "capture-method": partial(_any_choice, "captureMethod", "automatic"),
    "cancel-remainder": partial(_any_choice, "cancelRemainder", "automatic"),
    "create.reason": partial(_any_choice, "reason", "fraudulent"),
    "discount-type": partial(_any_choice, "discountType", "amount"),
    "orders.status": _other_states,
    "payments.status": _other_states,
    "tokens.status": _other_states,
    "tokens.get.active": _other_states,
    "expand.default": partial(_expanded, "always"),
    "session-plain": partial(_expanded, "always"),
    "others-plain": partial(_expanded, "always"),
    "creation-expanded": partial(_expanded, "never"),
    "delete-204": partial(change_operations, status=200),
    "endpoints.delete": partial(change_operations, status=200),
    "get-ignored": partial(change_operations, idempotent=True),
}
"""End of a clause's id -> how to break the operations of the clause."""


def _of_clauses() -> Iterator[Mutant]:
    for clause in CLAUSES.values():
        for ending, patch_of in BY_ENDING.items():
            if clause.id.endswith(ending) and clause.checkable and clause.operations:
                name = clause.id.replace(".", "-")
                yield proof(f"{name}-broken", patch_of(clause.operations), clause.id)
                break


# -- resources: a required member is missing or of another type, or there is one more --

_SHOWN = (
    *("order", "lineItem", "price", "product", "payment", "refund", "token"),
    *("checkoutSession", "coupon", "promotionCode", "webhookEndpoint"),
)


def _required_members() -> dict[str, list[str]]:
    """Return the kinds of object with the members that each always has."""
    contents = [schema(name) for name in names()]
    return {
        kind: content["required"]
        for content in contents
        for kind in [content.get("properties", {}).get("object", {}).get("const")]
        if kind in _SHOWN
    }


def _of_resources() -> Iterator[Mutant]:
    for kind, members in _required_members().items():
        words = _kebab(kind)
        for member in members:
            yield proof(
                f"{words}-without-{_kebab(member)}",
                edit_objects(kind, remove(member)),
                "data.shape",
            )
        yield proof(
            f"{words}-with-odd-{_kebab(members[-1])}",
            edit_objects(kind, set_members(**{members[-1]: 3.5})),
            "data.shape",
        )
        yield proof(
            f"{words}-with-another-member",
            edit_objects(kind, set_members(internalId=7)),
            "data.no-more",
        )


def _kebab(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name)


# -- lifecycles: a transition leads to another state, or is missing --------------------

TRANSITIONS: Mapping[tuple[str, str, str], Operations] = {
    ("order", "capture_last", "requires_capture"): (
        "payments.create.full",
        "payments.create.last",
    ),
    ("order", "charge", "requires_authorization"): ("consumer.authorize.automatic",),
    ("order", "reserve", "requires_authorization"): ("consumer.authorize.manual",),
    ("order", "cancel", "requires_capture"): ("orders.cancel.canceled",),
    ("payment", "capture", "new"): ("payments.create.processed",),
    ("refund", "refund", "new"): ("refunds.create.succeeded",),
    ("token", "approve", "requires_authorization"): ("consumer.approve",),
    ("token", "disable", "active"): ("tokens.disable",),
    ("token", "enable", "disabled"): ("tokens.enable",),
    ("token", "delete", "active"): ("tokens.delete",),
    ("token", "delete", "disabled"): ("tokens.delete.disabled",),
}
"""Resource, action and state -> the clauses that the transition serves."""


def _of_lifecycles() -> Iterator[Mutant]:
    for (resource, action, source), clauses in TRANSITIONS.items():
        lifecycle = LIFECYCLES[resource]
        row = lifecycle.find(source, action)
        right = row.to_state if row else ""
        others = [state for state in lifecycle.states if state != right]
        other = source if source in others else others[0]
        name = f"{resource}-{action}-{source}".replace("_", "-")
        redirected = change_transition(resource, action, source, to=other)
        yield proof(f"{name}-redirected", redirected, *clauses)
        if source != "new":
            removed = remove_transitions(resource, action, source)
            yield proof(f"{name}-removed", removed, *clauses)


# -- events: one type is never sent ----------------------------------------------------

_EVENT_CLAUSES = {
    "order.rejected": ("events.order-rejected", "events.order-declined"),
    **{
        f"token.{step}": ("events.token-life",)
        for step in ("created", "approved", "disabled", "enabled", "deleted")
    },
    "coupon.created": ("events.coupons",),
    "coupon.updated": ("events.coupons",),
    "promotion_code.created": ("events.promotion-codes",),
    "promotion_code.updated": ("events.promotion-codes",),
}


def _without_event(type_: str) -> Patch:
    class Silent(Context):
        def publish(self, events: list[tuple[str, Document]]) -> None:
            super().publish([event for event in events if event[0] != type_])

    return replace_parts(context_type=Silent)


def _of_events() -> Iterator[Mutant]:
    for type_ in EVENTS:
        own = f"events.{type_.replace('.', '-')}"
        clauses = _EVENT_CLAUSES.get(type_, (own,))
        if all(id_ in CLAUSES and CLAUSES[id_].checkable for id_ in clauses):
            name = f"{type_}-never-sent".replace(".", "-").replace("_", "-")
            yield proof(name, _without_event(type_), *clauses)


# -- rules: a number is larger ---------------------------------------------------------

NUMBERS: Mapping[str, tuple[int, Operations]] = {
    "page_size": (1, ("pagination.default",)),
    "capture_window_ms": (DAY_MS, ("orders.create.expires-at",)),
    "idempotency_window_ms": (DAY_MS, ("idempotency.window",)),
}
"""Field of ``Rules`` -> how much larger, and the clauses that depend on it."""


def _larger(field: str, by: int) -> Patch:
    def patch(app: Application) -> Application:
        number = getattr(app.rules, field) + by
        app.rules = replace(app.rules, **{field: number})
        return app

    return patch


def _of_rules() -> Iterator[Mutant]:
    for field, (by, clauses) in NUMBERS.items():
        name = f"{field.replace('_', '-')}-larger"
        yield proof(name, _larger(field, by), *clauses)


MUTANTS = (
    *_of_clauses(),
    *_of_resources(),
    *_of_lifecycles(),
    *_of_events(),
    *_of_rules(),
)
