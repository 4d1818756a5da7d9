"""The members of request bodies: which are mandatory, and which values they may have.

The rows are in ``members.json``. Each value of a row is one test of the row's clause.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.payloads import changed
from smartpay_contracts.resources import ARRANGE, call, case
from smartpay_contracts.shop import Shop

ROWS = json.loads(Path(__file__).with_name("members.json").read_text(encoding="utf-8"))
EXPECTED = ("echoed", "accepted", "invalid", "refused")

BODIES = {
    "token session": payloads.token_session,
    "percentage coupon": payloads.percentage_coupon,
}
"""Other good bodies than those of ``ARRANGE``."""


def value_cases() -> list[Any]:
    """Return one case for each operation and value of each row."""
    return [
        case(
            row["clause"],
            operation,
            row.get("body"),
            row["member"],
            _value(value),
            expected,
            id=f"{operation}-{row['member']}-{expected}-{json.dumps(value)[:40]}",
        )
        for row in ROWS["values"]
        for operation in row["operations"]
        for expected in EXPECTED
        for value in row.get(expected, ())
    ]


def _value(value: Any) -> Any:
    if isinstance(value, dict) and "repeat" in value:
        return value["repeat"] * value["times"]
    return value


def mandatory_cases() -> list[Any]:
    """Return one case for each mandatory member of each row."""
    return [
        case(row["clause"], row["operation"], row.get("body"), member)
        for row in ROWS["mandatory"]
        for member in row["members"]
    ]


@pytest.mark.parametrize(
    ("operation", "name", "member", "value", "expected"), value_cases()
)
def test_a_value_of_a_member_is_accepted_or_refused(
    *, operation: str, name: str, member: str, value: Any, expected: str, shop: Shop
) -> None:
    """Everything else about the call is good."""
    arguments = ARRANGE[operation](shop)
    body = changed(BODIES[name]() if name else arguments.body, member, value)

    answer = call(operation, shop, replace(arguments, body=body))

    if expected == "refused":
        shop.checks.refused_with(answer, 400)
    elif expected == "invalid":
        shop.checks.refused(answer, "request.invalid")
    else:
        seen = shop.checks.ok(answer)
        assert expected == "accepted" or seen[member] == value
        assert operation != "create_order" or seen["status"] == "succeeded"


@pytest.mark.parametrize(("operation", "name", "member"), mandatory_cases())
def test_a_body_without_a_mandatory_member_is_refused(
    operation: str, name: str | None, member: str, shop: Shop
) -> None:
    """The answer is 400, whether the member is missing or null."""
    body = BODIES[name]() if name else ARRANGE[operation](shop).body

    for broken in (payloads.without(body, member), changed(body, member, None)):
        shop.checks.refused_with(shop.api.call(operation, broken), 400)
