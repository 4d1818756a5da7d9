"""The resource types of the API and one good call of every operation, as tables.

Tests of every resource type or operation are parametrised from these tables.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.client import NOTHING, Client
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import APPROVED, Shop
from smartpay_schemas import OPERATIONS

UNKNOWN_SUFFIX = "0000000000000000000000"
"""An id's suffix that no server gives out."""

_OTHER_PREFIXES = {"token": "paytok", "checkout_session": "checkout"}
_OTHER_CODES = {"webhook_endpoint": "webhook-endpoint.notfound"}


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource type of the API.

    Attributes:
        name: As in the operations' ids, such as ``checkout_session``.
        make: Makes an object in the test's account.
        update: A body that changes it, for types that have PATCH.
    """

    name: str
    make: Callable[[Shop], Doc]
    update: Mapping[str, Any] | None = None

    @property
    def object(self) -> str:
        """The value of the member ``object``, such as ``checkoutSession``."""
        first, *others = self.name.split("_")
        return first + "".join(word.capitalize() for word in others)

    @property
    def prefix(self) -> str:
        """How its ids begin."""
        return _OTHER_PREFIXES.get(self.name, self.name.replace("_", ""))

    @property
    def not_found(self) -> str:
        """The error code for an unknown id."""
        code = f"{self.name.replace('_', '-')}.not-found"
        return _OTHER_CODES.get(self.name, code)

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
        return f"list_{self.name}s"

    @property
    def update_operation(self) -> str:
        """The operation that changes one."""
        return f"update_{self.name}"

    @property
    def unknown_id(self) -> str:
        """An id that does not exist."""
        return f"{self.prefix}_test_{UNKNOWN_SUFFIX}"


def _token(shop: Shop) -> Doc:
    token = shop.waiting_token()
    shop.approve(token)
    return shop.now("token", token)


_TEXTS = {"description": "changed by the kit", "reference": "changed-by-the-kit"}

RESOURCES = {
    resource.name: resource
    for resource in (
        Resource("order", Shop.order),
        Resource("payment", Shop.payment, _TEXTS),
        Resource("refund", Shop.refund, _TEXTS),
        Resource("token", _token),
        Resource("checkout_session", Shop.session),
        Resource("coupon", Shop.coupon, {"name": "changed by the kit"}),
        Resource("promotion_code", Shop.promotion_code, {"active": False}),
        Resource(
            "webhook_endpoint", Shop.endpoint, {"description": "changed by the kit"}
        ),
    )
}

UPDATABLE = {
    name: resource
    for name, resource in RESOURCES.items()
    if resource.update is not None
}
CREATABLE = {
    name: resource
    for name, resource in RESOURCES.items()
    if resource.create_operation in OPERATIONS
}


def resource_of(operation: str) -> Resource:
    """Return the resource whose id stands in an operation's path."""
    tag = OPERATIONS[operation].tag
    if tag == "consumer":
        return RESOURCES["order" if operation == "authorize_order" else "token"]
    return RESOURCES[tag.removesuffix("s").replace("-", "_")]


def each(resources: Mapping[str, Resource]) -> pytest.MarkDecorator:
    """Return the parametrisation of a test over resources."""
    return pytest.mark.parametrize(
        "resource", resources.values(), ids=lambda resource: resource.name
    )


def case(clauses: str, *values: Any, id: str | None = None) -> Any:  # noqa: A002 - as pytest.param
    """Return one case of a test and the clauses it checks, separated by spaces."""
    marks = [pytest.mark.clause(name) for name in clauses.split()]
    return pytest.param(*values, marks=marks, id=id)


def resource_named(name: str) -> Resource:
    """Return the resource whose objects say ``name`` in their member ``object``."""
    return next(resource for resource in RESOURCES.values() if resource.object == name)


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a good call.

    Attributes:
        body: To be sent as JSON, or ``NOTHING``.
        id: Of the object in the path.
    """

    body: Any = NOTHING
    id: str | None = None


def _listing(resource: str) -> Callable[[Shop], Arguments]:
    def arrange(shop: Shop) -> Arguments:
        RESOURCES[resource].make(shop)
        return Arguments()

    return arrange


def _getting(resource: str) -> Callable[[Shop], Arguments]:
    return lambda shop: Arguments(id=RESOURCES[resource].make(shop)["id"])


def _updating(resource: str) -> Callable[[Shop], Arguments]:
    return lambda shop: Arguments(
        body=dict(RESOURCES[resource].update or {}),
        id=RESOURCES[resource].make(shop)["id"],
    )


def _of_disabled_token(shop: Shop) -> Arguments:
    arguments = Arguments(id=shop.switchable_token())
    shop.checks.succeeded(shop.api.call("disable_token", id=arguments.id))
    return arguments


ARRANGE: dict[str, Callable[[Shop], Arguments]] = {
    "create_order": lambda shop: Arguments(shop.order_body()),
    "cancel_order": lambda shop: Arguments(id=shop.authorized()["id"]),
    "create_payment": lambda shop: Arguments(
        payloads.payment(
            shop.authorized()["id"],
            300,
            reference=shop.reference(),
            cancelRemainder="manual",
        )
    ),
    "create_refund": lambda shop: Arguments(
        payloads.refund(shop.payment()["id"], 100, reference=shop.reference())
    ),
    "enable_token": _of_disabled_token,
    "disable_token": lambda shop: Arguments(id=shop.switchable_token()),
    "delete_token": lambda shop: Arguments(id=shop.own_token()),
    "create_checkout_session": lambda shop: Arguments(
        payloads.order_session(reference=shop.reference())
    ),
    "create_coupon": lambda shop: Arguments(payloads.coupon(name=shop.reference())),
    "create_promotion_code": lambda shop: Arguments(
        payloads.promotion_code(shop.coupon()["id"], shop.reference())
    ),
    "create_webhook_endpoint": lambda _shop: Arguments(payloads.endpoint()),
    "delete_webhook_endpoint": lambda shop: Arguments(id=shop.endpoint()["id"]),
    "consumer_login": lambda shop: Arguments(shop.credentials()),
    "authorize_order": lambda shop: Arguments(
        dict(APPROVED), id=shop.unauthorized(captureMethod="manual")["id"]
    ),
    "approve_token": lambda shop: Arguments(id=shop.waiting_token()),
    **{resource.list_operation: _listing(name) for name, resource in RESOURCES.items()},
    **{resource.get_operation: _getting(name) for name, resource in RESOURCES.items()},
    **{
        resource.update_operation: _updating(name)
        for name, resource in UPDATABLE.items()
    },
}
"""How to prepare a good call of each operation."""


def caller_of(operation: str, shop: Shop) -> Client:
    """Return the client that may call an operation: the merchant's or a consumer's."""
    if OPERATIONS[operation].side == "consumer":
        return shop.consumer
    return shop.api


def call(
    operation: str, shop: Shop, arguments: Arguments | None = None, **more: Any
) -> Exchange:
    """Call an operation as the merchant or consumer; without arguments, a good call."""
    arguments = arguments or ARRANGE[operation](shop)
    caller = caller_of(operation, shop)
    return caller.call(operation, arguments.body, id=arguments.id, **more)


def merchant_operations(*methods: str) -> list[str]:
    """Return the merchant's operations, those with these methods if any are given."""
    return [
        row.id
        for row in OPERATIONS.values()
        if row.side == "merchant" and (not methods or row.method in methods)
    ]


def with_id(operations: list[str]) -> list[str]:
    """Return those of the operations whose path names an object."""
    return [name for name in operations if "{id}" in OPERATIONS[name].path]
