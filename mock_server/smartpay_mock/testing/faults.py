"""Planned faults and held calls."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Literal, Self

from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.faults import Fault as Plan
from smartpay_mock.testing.client import AccountClient

FaultKind = Literal[
    "status",
    "latency",
    "reset",
    "empty",
    "half",
    "broken_json",
    "timeout",
    "approve",
    "decline",
    "decline_softly",
]
When = Literal["before_commit", "after_commit"]


class Fault:
    """One planned fault.

    Attributes:
        id: Id of the fault.
        operation: Operation of the calls that get it; ``*`` for every operation.
        kind: Kind of fault.
        when: Before or after the call's effect is stored.
        times: Number of calls that get it; 0 for every call.
        after: Number of matching calls that pass first.
        matching: What a call must contain, as value by name or JSON pointer.
    """

    def __init__(self, client: AccountClient, plan: Plan) -> None:
        self._client = client
        self._plan = plan
        self.id = plan.id
        self.operation = plan.operation
        self.kind = plan.kind
        self.when = plan.when
        self.times = plan.times
        self.after = plan.after
        self.matching = plan.matching

    @property
    def met(self) -> int:
        """Number of calls whose client saw its effect so far."""
        for plan in self._client.admin("GET", "/faults"):
            if plan["id"] == self.id:
                self._plan = Plan(**plan)
        return self._plan.met

    @property
    def unmet(self) -> int:
        """Number of planned applications that are still open."""
        return max(0, max(1, self.times) - self.met)

    def remove(self) -> None:
        """Remove the fault; no call gets it from now on."""
        self._client.admin("DELETE", "/faults/{id}", id_=self.id)

    def describe(self) -> str:
        """Return the fault in words."""
        return self._plan.describe()

    def __repr__(self) -> str:
        return f"<Fault {self._plan.describe()}, met {self._plan.met}>"


class Faults:
    """Plans faults for the calls of this account."""

    def __init__(self, client: AccountClient) -> None:
        self._client = client

    def add(
        self,
        operation: str,
        kind: FaultKind,
        *,
        when: When = "before_commit",
        times: int = 1,
        after: int = 0,
        matching: Mapping[str, Any] | None = None,
        status: int | None = None,
        retry_after: int | str | None = None,
        body: Mapping[str, Any] | None = None,
        ms: int | None = None,
        jitter_ms: int | None = None,
        p95_ms: int | None = None,
        virtual: bool | None = None,
    ) -> Fault:
        """Plan a fault. A fault that no call gets fails the test.

        Args:
            operation: Operation id, such as ``create_order``; ``*`` for all.
            kind: ``status`` (an error answer), ``latency``, ``reset`` (a TCP RST),
                ``empty`` (closed without a byte), ``half`` (half a body),
                ``broken_json``, or ``timeout`` (no answer); or an outcome of the
                charge: ``approve``, ``decline``, ``decline_softly``.
            when: ``before_commit``: the call has no effect. ``after_commit``: the
                effect is stored, but the client gets no usable answer; a call that
                changes nothing does not get it.
            times: Number of calls that get it; 0 for every call.
            after: Number of matching calls that pass first.
            matching: What a call must contain, as value by name: ``reference``,
                ``token``, ``amount``, ``idempotency_key``, ``id`` (the id in the
                path), or a JSON pointer into the body such as ``/metadata/cart``.
            status: For ``status``: the HTTP status, 503 if not given.
            retry_after: For ``status``: the Retry-After header, in seconds or as an
                HTTP date.
            body: For ``status``: the JSON body.
            ms: In milliseconds. For ``latency``: the delay. For ``timeout``: how long
                the connection stays open, 60,000 if not given.
            jitter_ms: For ``latency``: the largest random addition to ``ms``.
            p95_ms: For ``latency``: the delay of one call in twenty.
            virtual: For ``latency``: move the account's clock instead of waiting.

        Raises:
            SandboxUsageError: An argument is invalid; the text says why.
        """
        plan = {
            "operation": operation,
            "kind": kind,
            "when": when,
            "times": times,
            "after": after,
            "matching": None if matching is None else dict(matching),
            "status": status,
            "retry_after": retry_after,
            "body": body,
            "ms": ms,
            "jitter_ms": jitter_ms,
            "p95_ms": p95_ms,
            "virtual": virtual,
        }
        return Fault(
            self._client, Plan(**self._client.admin("POST", "/faults", body=plan))
        )

    def planned(self) -> list[Fault]:
        """Return every fault of the account, in the order they were added."""
        return [
            Fault(self._client, Plan(**p)) for p in self._client.admin("GET", "/faults")
        ]

    def unmet(self) -> list[Fault]:
        """Return the faults that fewer calls got than planned."""
        plans = self._client.admin("GET", "/faults/unmet")
        return [Fault(self._client, Plan(**plan)) for plan in plans]

    def clear(self) -> None:
        """Remove every fault."""
        self._client.admin("DELETE", "/faults")


class Hold:
    """Holds calls until the test releases them.

    Use it as a context manager to release it at the end::

        with smartpay.hold("create_order") as hold:
            threads = start_fifty_checkouts()
            hold.wait_for(50)
    """

    def __init__(self, client: AccountClient, id_: str, operation: str) -> None:
        self.operation = operation
        self._client = client
        self._id = id_
        self._is_released = False

    @property
    def waiting(self) -> int:
        """Number of calls that are held now."""
        if self._is_released:
            return 0
        return int(self._client.admin("GET", "/holds/{id}", id_=self._id)["waiting"])

    def wait_for(self, calls: int, *, timeout_s: float = 10.0) -> None:
        """Wait until ``calls`` calls are held.

        In a coroutine, use ``await asyncio.to_thread(hold.wait_for, 2)``: a wait in
        the event loop would stop the calls too.

        Args:
            calls: Number of calls, at least 1.
            timeout_s: Longest wait, in seconds.

        Raises:
            SandboxUsageError: They did not arrive in time, or the hold was released.
        """
        if self._is_released:
            raise SandboxUsageError(
                f"The hold for {self.operation} was released, so it holds no calls any "
                "more. Call wait_for() before release(), or add another hold."
            )
        query = {"calls": str(calls), "timeoutMs": str(round(timeout_s * 1000))}
        self._client.admin("GET", "/holds/{id}", id_=self._id, query=query)

    def release(self) -> None:
        """Let held and later calls continue; a second call does nothing."""
        if not self._is_released:
            self._is_released = True
            with suppress(NotFoundError):  # a reset has released it
                self._client.admin("DELETE", "/holds/{id}", id_=self._id)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.release()
