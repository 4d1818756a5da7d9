"""Fault plans as values: who meets them, and what they may be."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import (
    KINDS,
    WHENS,
    Fault,
    check_fault,
    take_faults,
    to_document,
)


def plan(**changes: Any) -> Fault:
    """Return a plan for every order."""
    return check_fault("f", **{"operation": "create_order", "kind": "reset", **changes})


@pytest.mark.parametrize(
    ("times", "after", "met"),
    [
        (1, 0, [True, False, False]),
        (2, 1, [False, True, True]),
        (0, 0, [True, True, True]),
        (1, 5, [False, False, False]),
    ],
)
def test_a_plan_is_met_so_often_after_so_many(
    times: int, after: int, met: list[bool]
) -> None:
    """Counting only what it is for."""
    fault = plan(times=times, after=after)

    taken = []
    for _ in met:
        assert not fault.take("get_order")
        taken.append(fault.take("create_order"))

    assert taken == met
    assert fault.met == sum(met)
    assert fault.is_spent is (times > 0 and sum(met) == times)


def test_a_star_is_met_by_every_operation() -> None:
    """Whatever it is called."""
    faults = [plan(operation="*", times=0), plan()]

    assert take_faults(faults, "get_order") == [faults[0]]
    assert take_faults(faults, "create_order") == faults


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("when", WHENS)
def test_every_kind_has_defaults_and_is_kept_whole(kind: str, when: str) -> None:
    """What is kept gives the same plan again."""
    fault = plan(kind=kind, when=when)

    assert fault.options == KINDS[kind]
    assert Fault(**to_document(fault)) == fault


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, "reset on create_order before_commit"),
        ({"kind": "status"}, "status on create_order before_commit, status=503"),
        (
            {"kind": "latency", "ms": 9, "when": "after_commit"},
            "latency on create_order after_commit, ms=9",
        ),
    ],
)
def test_a_plan_in_words_says_what_differs(changes: Any, words: str) -> None:
    """Defaults are left out."""
    assert plan(**changes).describe() == words


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"operation": "x"}, "Unknown operation 'x'. Use \\* or one of: approve"),
        ({"kind": "x"}, "Unknown fault 'x'. Use one of: broken_json"),
        ({"when": "x"}, "Use before_commit or after_commit"),
        ({"times": -1}, "must be 0 or more"),
        ({"after": -1}, "must be 0 or more"),
        ({"ms": 1}, "A reset fault takes no ms; it takes no options"),
        ({"kind": "status", "ms": 1}, "it takes status, retry_after, body"),
        ({"kind": "status", "status": True}, "Invalid status=True"),
        ({"kind": "timeout", "ms": 0.5}, "Invalid ms=0.5"),
        ({"kind": "latency", "virtual": None}, "Send true or false"),
    ],
)
def test_a_plan_that_cannot_be_is_refused(changes: Any, said: str) -> None:
    """With what can be."""
    with pytest.raises(SandboxUsageError, match=said):
        plan(**changes)
