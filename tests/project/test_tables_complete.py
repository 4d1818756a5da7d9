"""Adding an endpoint is a row, its schemas, a handler, a contract test and its docs."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

import smartpay_schemas
from smartpay_mock.resources import HANDLERS, LISTINGS
from smartpay_schemas import ERRORS, OPERATIONS, Operation

ROOT = Path(__file__).resolve().parents[2]


@cache
def words_under(folder: str, pattern: str) -> frozenset[str]:
    """Return every identifier-like word in the files of a folder."""
    return frozenset(
        word
        for path in (ROOT / folder).rglob(pattern)
        for word in re.findall(r"[\w.-]+", path.read_text(encoding="utf-8"))
    )


def has_handler(operation: Operation) -> bool:
    """Lists are served by one reader and say what they list; the rest has a handler."""
    return operation.id in (LISTINGS if operation.collection else HANDLERS)


def has_schemas(operation: Operation) -> bool:
    """The schemas that the row names exist."""
    named = {operation.request, operation.response} - {None}
    return named <= set(smartpay_schemas.names())


def has_contract_test(operation: Operation) -> bool:
    """Some test of the kit names the operation."""
    return operation.id in words_under("contract_tests/smartpay_contracts", "*.py")


def is_documented(operation: Operation) -> bool:
    """The reference pages name the operation: make docs."""
    return operation.id in words_under("docs/reference", "*.md")


PARTS: dict[str, Callable[[Operation], bool]] = {
    "a handler (or listing) in mock_server/smartpay_mock/resources": has_handler,
    "its schemas in schemas/smartpay_schemas": has_schemas,
    "a test in contract_tests/smartpay_contracts that names it": has_contract_test,
    "an entry in docs/reference (make docs)": is_documented,
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=lambda row: row.id)
def test_an_operation_has_all_its_parts(operation: Operation) -> None:
    """The message names each part that is missing."""
    missing = [part for part, is_there in PARTS.items() if not is_there(operation)]

    assert not missing, f"{operation.id} lacks {'; '.join(missing)}"


def test_no_handler_serves_an_operation_without_a_row() -> None:
    """A handler nobody can reach is dead code."""
    assert {*HANDLERS, *LISTINGS} <= set(OPERATIONS)


@pytest.mark.parametrize("code", ERRORS)
def test_an_error_is_documented(code: str) -> None:
    """A reader who meets a code finds it in the reference: make docs."""
    assert code in words_under("docs/reference", "*.md")
