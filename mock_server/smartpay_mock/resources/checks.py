"""Rules about a body that need more than the body: refused as ``request.invalid``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from smartpay_mock.kernel.errors import ApiError

Document = dict[str, Any]


def invalid(*problems: str) -> ApiError:
    """Return the refusal that lists ``problems``."""
    summary = problems[0] if len(problems) == 1 else f"{len(problems)} problems"
    return ApiError("request.invalid", details=list(problems), summary=summary)


def all_of(*reads: Callable[[], Any]) -> list[Any]:
    """Return what each of ``reads`` returns.

    Raises:
        ApiError: ``request.invalid`` with what all of them found wrong.
    """
    values, found = [], []
    for read in reads:
        try:
            values.append(read())
        except ApiError as error:
            if not error.details:  # it refuses for another reason
                raise
            found += error.details
    if found:
        raise invalid(*map(str, found))
    return values


def check_currency(body: Document, subject: Document, name: str) -> None:
    """Require the body's currency to be that of the object it acts on.

    Raises:
        ApiError: ``request.invalid``.

    Source: *assumed*; the reference only says that a currency must be supported.
    """
    if body["currency"].upper() != subject["currency"]:
        raise invalid(
            f"currency: {body['currency']} is not the {name}'s; "
            f"send {subject['currency']}"
        )


def check_line_items(body: Document, known: list[str], name: str) -> None:
    """Require the line items named in the body to be the order's.

    Raises:
        ApiError: ``request.invalid``, every stranger listed.

    Source: *assumed*.
    """
    strangers = [
        f"lineItems[{index}]: {id_} is no line item of the {name}; send ids of its own"
        for index, id_ in enumerate(body.get("lineItems", []))
        if id_ not in known
    ]
    if strangers:
        raise invalid(*strangers)
