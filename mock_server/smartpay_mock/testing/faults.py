"""Faults and holds: what a test plans to go wrong, and when calls go on."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Literal, Self

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import Fault as Plan
from smartpay_mock.testing.desk import Desk

FaultKind = Literal[
    "status", "latency", "reset", "empty", "half", "broken_json", "timeout"
]
When = Literal["before_commit", "after_commit"]


class Fault:
    """One planned fault.

    Attributes:
        id: Names it in messages.
        operation: Which calls meet it; ``*`` for every one.
        kind: What happens to them.
        when: Before or after the call's effect is kept.
        times: How many calls meet it; 0 for every one.
        after: How many matching calls pass first.
    """

    def __init__(self, desk: Desk, plan: Plan) -> None:
        self._desk = desk
        self._plan = plan
        self.id = plan.id
        self.operation = plan.operation
        self.kind = plan.kind
        self.when = plan.when
        self.times = plan.times
        self.after = plan.after

    @property
    def met(self) -> int:
        """How many calls have met it so far."""
        for plan in self._desk.ask("GET", "/faults"):
            if plan["id"] == self.id:
                self._plan = Plan(**plan)
        return self._plan.met

    @property
    def unmet(self) -> int:
        """How many calls it still waits for; 0 when it was met as often as asked."""
        return max(0, max(1, self.times) - self.met)

    def remove(self) -> None:
        """Take the plan back; nobody meets it from now on."""
        self._desk.ask("DELETE", "/faults/{id}", id_=self.id)

    def describe(self) -> str:
        """Return the plan in words."""
        return self._plan.describe()

    def __repr__(self) -> str:
        return f"<Fault {self._plan.describe()}, met {self._plan.met}>"


class Faults:
    """Plans what goes wrong with calls of this account."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def add(
        self,
        operation: str,
        kind: FaultKind,
        *,
        when: When = "before_commit",
        times: int = 1,
        after: int = 0,
        status: int | None = None,
        retry_after: int | str | None = None,
        body: Mapping[str, Any] | None = None,
        ms: int | None = None,
        jitter_ms: int | None = None,
        p95_ms: int | None = None,
        virtual: bool | None = None,
    ) -> Fault:
        """Plan a fault. One that nobody meets fails the test.

        Args:
            operation: An operation id such as ``create_order``; ``*`` for every one.
            kind: ``status`` (an error answer), ``latency``, ``reset`` (a TCP RST),
                ``empty`` (closed without a byte), ``half`` (half a body),
                ``broken_json``, or ``timeout`` (no answer).
            when: ``before_commit``: nothing happened. ``after_commit``: it happened,
                but the client does not learn of it properly.
            times: How many calls meet it; 0 for every one.
            after: How many matching calls pass first.
            status: Of ``status``: the HTTP status, 503 if not given.
            retry_after: Of ``status``: the Retry-After header, in seconds or as an
                HTTP date.
            body: Of ``status``: the JSON body.
            ms: Of ``latency``: how long. Of ``timeout``: how long the connection is
                kept open, 60,000 if not given. In milliseconds.
            jitter_ms: Of ``latency``: up to so much more.
            p95_ms: Of ``latency``: one call in twenty takes so long.
            virtual: Of ``latency``: the account's clock moves and nobody waits.

        Raises:
            SandboxUsageError: The plan cannot be; the text says why.
        """
        options = {
            "status": status,
            "retry_after": retry_after,
            "body": body,
            "ms": ms,
            "jitter_ms": jitter_ms,
            "p95_ms": p95_ms,
            "virtual": virtual,
        }
        plan = {
            "operation": operation,
            "kind": kind,
            "when": when,
            "times": times,
            "after": after,
            **{name: value for name, value in options.items() if value is not None},
        }
        return Fault(self._desk, Plan(**self._desk.ask("POST", "/faults", body=plan)))

    def planned(self) -> list[Fault]:
        """Return every plan of the account, in the order they were made."""
        return [Fault(self._desk, Plan(**p)) for p in self._desk.ask("GET", "/faults")]

    def unmet(self) -> list[Fault]:
        """Return the plans that were met less often than they ask for."""
        plans = self._desk.ask("GET", "/faults/unmet")
        return [Fault(self._desk, Plan(**plan)) for plan in plans]

    def clear(self) -> None:
        """Take every plan back."""
        self._desk.ask("DELETE", "/faults")


class Hold:
    """A gate that holds calls until the test lets them go.

    As a context manager it is released at the end::

        with smartpay.hold("create_order") as gate:
            threads = start_fifty_checkouts()
            gate.wait_for(50)
    """

    def __init__(self, desk: Desk, id_: str, operation: str) -> None:
        self.operation = operation
        self._desk = desk
        self._id = id_
        self._is_released = False

    @property
    def waiting(self) -> int:
        """How many calls are held now."""
        if self._is_released:
            return 0
        return int(self._desk.ask("GET", "/holds/{id}", id_=self._id)["waiting"])

    def wait_for(self, calls: int, *, timeout_s: float = 10.0) -> None:
        """Return as soon as ``calls`` calls are held.

        In a coroutine, wait in a thread: the calls cannot come while the event loop
        waits here.

        Args:
            calls: How many, at least 1.
            timeout_s: How long to wait for them, in seconds.

        Raises:
            SandboxUsageError: They did not come in time, or the gate was released.
        """
        if self._is_released:
            raise SandboxUsageError(
                f"The gate for {self.operation} was released; nothing stops at it "
                "any more. Wait before you release it, or set up another one."
            )
        query = {"calls": str(calls), "timeoutMs": str(round(timeout_s * 1000))}
        self._desk.ask("GET", "/holds/{id}", id_=self._id, query=query)

    def release(self) -> None:
        """Let every held call go, and those to come; again does nothing."""
        if not self._is_released:
            self._is_released = True
            self._desk.ask("DELETE", "/holds/{id}", id_=self._id)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
