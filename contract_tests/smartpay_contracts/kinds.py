"""The kinds of objects of the API and one good call of every operation, as tables.

Tests that hold for every kind or every operation are written once over these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.client import NOTHING, Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.world import APPROVED, World
from smartpay_schemas import OPERATIONS, schema

NOBODYS = "0000000000000000000000"
"""An id's suffix that no server gives out."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object.

    Attributes:
        name: As in the operations' ids, such as ``checkout_session``.
        object: As in the member ``object``.
        prefix: What its ids begin with.
        plural: As in the lists' operations.
        not_found: Code of the refusal when there is none of an id.
        make: Makes one in the test's account.
        update: A body that changes it, for kinds that have PATCH.
    """

    name: str
    object: str
    prefix: str
    plural: str
    not_found: str
    make: Callable[[World], Doc]
    update: Mapping[str, Any] | None = None

    @property
    def create_operation(self) -> str:
        """The operation that makes one."""
        return f"create_{self.name}"

    @property
    def get_operation(self) -> str:
        """The operation that retrieves one."""
        return f"get_{self.name}"

    @property
    def list_operation(self) -> str:
        """The operation that lists them."""
        return f"list_{self.plural}"

    @property
    def update_operation(self) -> str:
        """The operation that changes one."""
        return f"update_{self.name}"

    @property
    def nobodys(self) -> str:
        """An id of this kind that does not exist."""
        return f"{self.prefix}_test_{NOBODYS}"


def _token(world: World) -> Doc:
    token = world.waiting_token()
    world.approve(token)
    return world.now("token", token)


_TEXTS = {"description": "changed by the kit", "reference": "changed-by-the-kit"}

KINDS = {
    kind.name: kind
    for kind in (
        Kind("order", "order", "order", "orders", "order.not-found", World.order),
        Kind(
            "payment",
            "payment",
            "payment",
            "payments",
            "payment.not-found",
            World.payment,
            _TEXTS,
        ),
        Kind(
            "refund",
            "refund",
            "refund",
            "refunds",
            "refund.not-found",
            World.refund,
            _TEXTS,
        ),
        Kind("token", "token", "paytok", "tokens", "token.not-found", _token),
        Kind(
            "checkout_session",
            "checkoutSession",
            "checkout",
            "checkout_sessions",
            "checkout-session.not-found",
            World.session,
        ),
        Kind(
            "coupon",
            "coupon",
            "coupon",
            "coupons",
            "coupon.not-found",
            World.coupon,
            {"name": "changed by the kit"},
        ),
        Kind(
            "promotion_code",
            "promotionCode",
            "promotioncode",
            "promotion_codes",
            "promotion-code.not-found",
            World.promotion_code,
            {"active": False},
        ),
        Kind(
            "webhook_endpoint",
            "webhookEndpoint",
            "webhookendpoint",
            "webhook_endpoints",
            "webhook-endpoint.notfound",
            World.endpoint,
            {"description": "changed by the kit"},
        ),
    )
}

UPDATABLE = {name: kind for name, kind in KINDS.items() if kind.update is not None}
CREATABLE = {
    name: kind for name, kind in KINDS.items() if kind.create_operation in OPERATIONS
}


def kind_of(operation: str) -> Kind:
    """Return the kind of object whose id stands in an operation's path."""
    tag = OPERATIONS[operation].tag
    if tag == "consumer":
        return KINDS["order" if operation == "authorize_order" else "token"]
    return next(k for k in KINDS.values() if k.plural.replace("_", "-") == tag)


def each(kinds: Mapping[str, Kind]) -> pytest.MarkDecorator:
    """Return the parametrisation of a test over kinds of objects."""
    return pytest.mark.parametrize("kind", kinds.values(), ids=lambda kind: kind.name)


def kind_of_object(name: str) -> Kind:
    """Return the kind whose objects say ``name`` in their member ``object``."""
    return next(kind for kind in KINDS.values() if kind.object == name)


@dataclass(frozen=True, slots=True)
class Arguments:
    """What a good call of an operation needs.

    Attributes:
        body: To be sent as JSON, or ``NOTHING``.
        id: Of the object in the path.
    """

    body: Any = NOTHING
    id: str | None = None


def _listing(kind: str) -> Callable[[World], Arguments]:
    def arrange(world: World) -> Arguments:
        KINDS[kind].make(world)
        return Arguments()

    return arrange


def _getting(kind: str) -> Callable[[World], Arguments]:
    return lambda world: Arguments(id=KINDS[kind].make(world)["id"])


def _updating(kind: str) -> Callable[[World], Arguments]:
    return lambda world: Arguments(
        body=dict(KINDS[kind].update or {}), id=KINDS[kind].make(world)["id"]
    )


def _of_disabled_token(world: World) -> Arguments:
    arguments = _of_switchable_token(world)
    world.checks.succeeded(world.api.call("disable_token", id=arguments.id))
    return arguments


def _of_switchable_token(world: World) -> Arguments:
    return Arguments(id=world.switchable_token())


def _of_own_token(world: World) -> Arguments:
    return Arguments(id=world.own_token())


ARRANGE: dict[str, Callable[[World], Arguments]] = {
    "create_order": lambda world: Arguments(world.order_body()),
    "cancel_order": lambda world: Arguments(id=world.authorized()["id"]),
    "create_payment": lambda world: Arguments(
        payloads.payment(
            world.authorized()["id"],
            300,
            reference=world.reference(),
            cancelRemainder="manual",
        )
    ),
    "create_refund": lambda world: Arguments(
        payloads.refund(world.payment()["id"], 100, reference=world.reference())
    ),
    "enable_token": _of_disabled_token,
    "disable_token": _of_switchable_token,
    "delete_token": _of_own_token,
    "create_checkout_session": lambda world: Arguments(
        payloads.order_session(reference=world.reference())
    ),
    "create_coupon": lambda world: Arguments(payloads.coupon(name=world.reference())),
    "create_promotion_code": lambda world: Arguments(
        payloads.promotion_code(world.coupon()["id"], world.reference())
    ),
    "create_webhook_endpoint": lambda _world: Arguments(payloads.endpoint()),
    "delete_webhook_endpoint": lambda world: Arguments(id=world.endpoint()["id"]),
    "consumer_login": lambda world: Arguments(world.credentials()),
    "authorize_order": lambda world: Arguments(
        dict(APPROVED), id=world.unauthorized(captureMethod="manual")["id"]
    ),
    "approve_token": lambda world: Arguments(id=world.waiting_token()),
    **{kind.list_operation: _listing(name) for name, kind in KINDS.items()},
    **{kind.get_operation: _getting(name) for name, kind in KINDS.items()},
    **{kind.update_operation: _updating(name) for name, kind in UPDATABLE.items()},
}
"""How to come to a good call of each operation."""


def caller_of(operation: str, world: World) -> Client:
    """Return who may call an operation: the merchant, or a consumer."""
    if OPERATIONS[operation].side == "consumer":
        return world.consumer
    return world.api


def call(operation: str, world: World, arguments: Arguments, **more: Any) -> Exchange:
    """Call an operation with its arguments, as the one who may."""
    caller = caller_of(operation, world)
    return caller.call(operation, arguments.body, id=arguments.id, **more)


def merchant_operations(*methods: str) -> list[str]:
    """Return the merchant's operations, those with these methods if any are given."""
    return [
        row.id
        for row in OPERATIONS.values()
        if row.side == "merchant" and (not methods or row.method in methods)
    ]


def operations_with(member: str) -> list[str]:
    """Return the operations whose request body may have a member."""
    return [
        row.id
        for row in OPERATIONS.values()
        if row.request and member in schema(row.request)["properties"]
    ]


def with_id(operations: list[str]) -> list[str]:
    """Return those of the operations whose path names an object."""
    return [name for name in operations if "{id}" in OPERATIONS[name].path]
