"""Every (resource, state, action): the table is followed, and nothing beside it."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.lifecycle import NEW, step
from smartpay_schemas import LIFECYCLES

PAIRS = [
    pytest.param(resource, state, action, id=f"{resource}-{state}-{action}")
    for resource, lifecycle in LIFECYCLES.items()
    for state, action in product((NEW, *lifecycle.states), lifecycle.refusals)
]


@pytest.mark.parametrize(("resource", "state", "action"), PAIRS)
def test_a_pair_moves_as_the_table_says_or_is_refused(
    resource: str, state: str, action: str
) -> None:
    """A row is taken; without one the document stays, with the table's own refusal."""
    document: dict[str, Any] = {"id": "x", "status": state} if state != NEW else {}
    document.setdefault("id", "x")
    before = dict(document)
    row = LIFECYCLES[resource].find(state, action)
    code = LIFECYCLES[resource].refusals[action]

    if row is not None:
        assert step(LIFECYCLES, resource, document, action) is row
        assert document["status"] == row.to_state
    elif code is None:
        with pytest.raises(
            LookupError, match=f"{resource}: there is no {action} in the state {state}"
        ):
            step(LIFECYCLES, resource, document, action)
        assert document == before
    else:
        with pytest.raises(ApiError) as refused:
            step(LIFECYCLES, resource, document, action)
        assert refused.value == ApiError(code, id="x", status=state)
        assert document == before


@pytest.mark.parametrize("resource", LIFECYCLES)
def test_every_state_can_be_reached(resource: str) -> None:
    """But for a refund's failure, which nobody ever saw."""
    lifecycle = LIFECYCLES[resource]
    reached = {NEW}
    for _ in lifecycle.states:
        reached |= {
            m.to_state for m in lifecycle.transitions if m.from_state in reached
        }

    unreached = set(lifecycle.states) - reached

    assert unreached == ({"failed"} if resource == "refund" else set())
