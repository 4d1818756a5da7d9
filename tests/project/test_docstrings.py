"""Every behaviour says where it is known from."""

from __future__ import annotations

import inspect

import pytest

from smartpay_mock.resources import HANDLERS


@pytest.mark.parametrize("operation", HANDLERS)
def test_an_operation_states_its_source(operation: str) -> None:
    """The docstring has ``Source:``: a document, an SDK, or the word *assumed*."""
    documentation = inspect.getdoc(HANDLERS[operation]) or ""

    assert "Source:" in documentation, (
        f"the docstring of {operation}'s handler names no source; end it with "
        "'Source: <document or SDK>' or 'Source: *assumed*'"
    )
