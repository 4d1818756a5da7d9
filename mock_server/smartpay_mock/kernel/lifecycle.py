"""Step through ``lifecycles.json``: (resource, state, action) -> (state, events)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from smartpay_mock.kernel.errors import ApiError
from smartpay_schemas import Lifecycle, Transition

NEW = "new"


def step(
    lifecycles: Mapping[str, Lifecycle],
    resource: str,
    document: dict[str, Any],
    action: str,
) -> Transition:
    """Move ``document`` by ``action`` and return the transition taken.

    A document without a status is new.

    Args:
        lifecycles: The tables.
        resource: ``order``, ``token``, ``payment`` or ``refund``.
        document: Its ``status`` is changed in place.
        action: An action of the resource's table.

    Raises:
        ApiError: The table has no row for this state and action; the code is the
            lifecycle's refusal of that action.
    """
    lifecycle = lifecycles[resource]
    status = document.get("status", NEW)
    transition = lifecycle.find(status, action)
    if transition is None:
        code = lifecycle.refusals[action]
        if code is None:
            raise LookupError(f"{resource}: there is no {action} in the state {status}")
        raise ApiError(code, id=document["id"], status=status)
    document["status"] = transition.to_state
    return transition
