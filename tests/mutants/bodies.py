"""Patches that accept or refuse more request bodies than the schemas do."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from tests.mutants.patches import wrap_validation

from smartpay_mock.api.validation import Validate, cleaned
from smartpay_mock.app import Patch
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import Document
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_schemas import OPERATIONS, Operation

Refuses = Callable[[Operation, Any], bool]

# A value for every mandatory member of every request.
SAMPLE: Document = {
    "name": "sweater",
    "amount": 1_000,
    "currency": "JPY",
    "order": "order_test_sample",
    "payment": "payment_test_sample",
    "reason": "requested_by_customer",
    "discountType": "amount",
    "discountAmount": 100,
    "discountPercentage": 10,
    "code": "SAMPLE",
    "coupon": "coupon_test_sample",
    "url": "https://example.com/hook",
    "token": "paytok_test_approved",
    "customerInfo": {},
    "successUrl": "https://example.com/success",
    "cancelUrl": "https://example.com/cancel",
    "items": [{"name": "sweater", "amount": 1_000, "currency": "JPY"}],
    "shippingInfo": {
        "address": {
            "line1": "1-17-1",
            "locality": "Minato",
            "postalCode": "105-6415",
            "country": "JP",
        }
    },
}


def accept(
    *problems: str,
    operations: Collection[str] = OPERATIONS,
    filling: Document | None = None,
    **members: Any,
) -> Patch:
    """Accept bodies whose only problems contain one of these words.

    Args:
        *problems: Parts of the texts in ``details``.
        operations: The operations concerned.
        filling: Added to the body where it lacks something, at every depth.
        **members: Set in the body.
    """

    def check(
        original: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        try:
            return original(operation, document, ctx)
        except ApiError as error:
            others = [
                problem
                for problem in error.details
                if not any(word in problem for word in problems)
            ]
            if others or not error.details or operation.id not in operations:
                raise
        body: Document = filled(cleaned(document), filling or {})
        return {**body, **members}

    return wrap_validation(check)


def filled(value: Any, sample: Any) -> Any:
    """Return a document with the members of the sample that it lacks."""
    if isinstance(value, dict) and isinstance(sample, dict):
        mine = {name: filled(part, sample.get(name)) for name, part in value.items()}
        return {**sample, **mine}
    if isinstance(value, list) and isinstance(sample, list) and sample:
        return [filled(entry, sample[0]) for entry in value]
    return value


def refuse_sent(refuses: Refuses) -> Patch:
    """Refuse bodies as they were sent, before members that are null are removed."""

    def check(
        original: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        if operation.request and refuses(operation, document):
            raise invalid("the mutant refuses this body")
        return original(operation, document, ctx)

    return wrap_validation(check)


def refuse_valid(refuses: Refuses) -> Patch:
    """Refuse valid bodies, after members that are null were removed."""

    def check(
        original: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        body = original(operation, document, ctx)
        if operation.request and refuses(operation, body):
            raise invalid("the mutant refuses this body")
        return body

    return wrap_validation(check)


def proof(name: str, patch: Patch, *clauses: str) -> Mutant:
    """Return a mutant that only proves the contract kit."""
    return Mutant(name, "", clauses, patch)
