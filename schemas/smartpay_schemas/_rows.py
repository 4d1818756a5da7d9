"""Typed, frozen rows of the four tables: operations, errors, lifecycles, clauses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Operation:
    """One endpoint of the API.

    Attributes:
        id: Name used everywhere, such as `create_order`.
        tag: Family of the endpoint in the reference documentation.
        side: `merchant` (secret key, below /v1), `consumer` (bearer token, host root)
            or `consumer-login` (no credential, host root).
        method: HTTP method in upper case.
        path: Path template, relative to /v1 or to the host root as `side` says.
        summary: One sentence.
        request: Schema of the body, or None when a body is ignored.
        response: Schema of the answer or of one entry of it, None when it is empty.
        collection: Whether the answer is a page of resources.
        status: HTTP status of success.
        expand: `always`, `query` (`?expand=all|no` decides) or `never`.
        idempotent: Whether an Idempotency-Key is honoured.
        errors: Codes this endpoint can answer beside those that any call can get.
        source: Where the row comes from.
    """

    id: str
    tag: str
    side: str
    method: str
    path: str
    summary: str
    request: str | None
    response: str | None
    collection: bool
    status: int
    expand: str
    idempotent: bool
    errors: tuple[str, ...]
    source: str


class ErrorRow(NamedTuple):
    """One error code: its HTTP status, message template, condition and source."""

    code: str
    status: int
    message: str
    condition: str
    source: str
    confidence: str


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of a lifecycle. `from_state` is `new` before the object exists.

    `operations` are the operations that take the step.
    """

    action: str
    from_state: str
    to_state: str
    events: tuple[str, ...]
    note: str
    operations: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The states of a resource and the steps between them.

    Attributes:
        resource: Such as `order`.
        states: Every state; `new` is not one of them.
        final: States that no action leaves.
        transitions: Every step, in the order of the table.
        refusals: Error code that answers an action where it has no step; None for an
            action that no caller can ask for.
        source: Where the lifecycle comes from.
    """

    resource: str
    states: tuple[str, ...]
    final: tuple[str, ...]
    transitions: tuple[Transition, ...]
    refusals: Mapping[str, str | None]
    source: str
    _steps: Mapping[tuple[str, str], Transition] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Arrange the steps by state and action; the first of two counts."""
        steps = {
            (step.from_state, step.action): step for step in self.transitions[::-1]
        }
        object.__setattr__(self, "_steps", steps)  # frozen for everybody else

    def find(self, state: str, action: str) -> Transition | None:
        """Return the step that an action takes from a state, None if it has none."""
        return self._steps.get((state, action))


class Clause(NamedTuple):
    """One promise of the contract.

    Attributes:
        id: Such as `orders.create.succeeded`.
        area: Group of the report, such as `orders`.
        operations: Ids of the operations it speaks of.
        statement: The promise, in one sentence.
        source: Document, SDK suite, or `assumed`.
        confidence: `documented`, `observed` or `assumed`.
        checkable: Whether a test can check it from outside.
        reason: Why it cannot be checked; empty when it can.
    """

    id: str
    area: str
    operations: tuple[str, ...]
    statement: str
    source: str
    confidence: str
    checkable: bool
    reason: str
