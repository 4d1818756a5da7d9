"""Judges of bodies that are more lenient, or stricter, than the schemas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.api.tolerance import cleaned
from smartpay_mock.api.validation import Validate
from smartpay_mock.app import Patch
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.resources import Context
from smartpay_mock.resources.context import invalid
from smartpay_mock.twins.seams import Document, judged
from smartpay_schemas import Operation

Objects = Callable[[Operation, Document], bool]


def lenient(*forgiven: str, filling: Document | None = None, **instead: Any) -> Patch:
    """Overlook problems whose text has one of the words.

    Args:
        *forgiven: Parts of the texts in ``details``.
        filling: What a body then gets where it lacks something, at every depth, so
            that handlers can go on.
        **instead: What its members then become.
    """

    def judge(
        honest: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        try:
            return honest(operation, document, ctx)
        except ApiError as error:
            left = [
                problem
                for problem in error.details
                if not any(word in problem for word in forgiven)
            ]
            if left or not error.details:
                raise
        body: Document = filled(cleaned(document), filling or {})
        return {**body, **instead}

    return judged(judge)


def filled(value: Any, sample: Any) -> Any:
    """Return a document with what the sample has and it has not."""
    if isinstance(value, dict) and isinstance(sample, dict):
        mine = {name: filled(part, sample.get(name)) for name, part in value.items()}
        return {**sample, **mine}
    if isinstance(value, list) and isinstance(sample, list) and sample:
        return [filled(entry, sample[0]) for entry in value]
    return value


def strict(problem: str, objects: Objects) -> Patch:
    """Refuse bodies to which ``objects`` as well.

    Args:
        problem: What the refusal says.
        objects: Tells whether it objects to a body for an operation.
    """

    def judge(
        honest: Validate, operation: Operation, document: Any, ctx: Context
    ) -> Document:
        body = honest(operation, document, ctx)
        if operation.request and objects(operation, body):
            raise invalid(problem)
        return body

    return judged(judge)
