"""Faults on the raw socket: what a real client sees of a broken network.

The application asks for a fault by calling ``environ["smartpay.transport"]`` and
returning the result. The server applies the fault after the application has returned
and released everything, so an ``after_commit`` fault never undoes the commit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from smartpay_mock.kernel.exchange import TransportFault

Headers = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A fault, and the answer that the client would get without it."""

    fault: TransportFault
    status: str
    headers: Headers
    body: bytes


class FaultPlanner:
    """The callable that a request finds under ``environ["smartpay.transport"]``.

    Attributes:
        plan: The fault to apply; ``None`` if the application asked for none.
    """

    __slots__ = ("plan",)

    def __init__(self) -> None:
        self.plan: FaultPlan | None = None

    def __call__(
        self, fault: TransportFault, status: str, headers: Headers, body: bytes
    ) -> Iterable[bytes]:
        """Store the fault; the server applies it when the application has returned.

        Args:
            fault: The fault to apply.
            status: The status line of the lost answer, such as ``200 OK``.
            headers: Its headers.
            body: Its whole body.
        """
        self.plan = FaultPlan(fault, status, headers, body)
        return ()


class Connection(Protocol):
    """The operations that a fault needs of a connection."""

    def send(self, data: bytes) -> None:
        """Send ``data``."""

    def finish(self) -> None:
        """Close once everything is sent."""

    def reset(self) -> None:
        """Close with a TCP RST."""

    def stall(self, seconds: float) -> None:
        """Send nothing, and close when the client has closed or time is up."""


def half_of(plan: FaultPlan) -> bytes:
    """Return the head and half of the body; half of the head if there is no body.

    The head states the length of the whole body, so that every client can detect
    the cut.
    """
    kept = [
        (name, value)
        for name, value in plan.headers
        if name.lower() not in {"content-length", "transfer-encoding"}
    ]
    kept.append(("Content-Length", str(len(plan.body))))
    lines = [f"HTTP/1.1 {plan.status}", *(f"{name}: {value}" for name, value in kept)]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if not plan.body:
        return head[: len(head) // 2]
    return head + plan.body[: len(plan.body) // 2]


def _reset(connection: Connection, plan: FaultPlan) -> None:
    connection.reset()


def _empty(connection: Connection, plan: FaultPlan) -> None:
    connection.finish()


def _half(connection: Connection, plan: FaultPlan) -> None:
    connection.send(half_of(plan))
    connection.finish()


def _stall(connection: Connection, plan: FaultPlan) -> None:
    connection.stall(plan.fault.stall_ms / 1000)


_KINDS: dict[str, Callable[[Connection, FaultPlan], None]] = {
    "reset": _reset,
    "empty": _empty,
    "half": _half,
    "stall": _stall,
}


def apply(connection: Connection, plan: FaultPlan) -> None:
    """Apply a planned fault to a connection; the connection ends with it."""
    _KINDS[plan.fault.kind](connection, plan)
