"""Faults on the raw socket: what a broken network looks like to a real client.

The app asks for one by calling ``environ["smartpay.transport"]`` and returning what
it gets. The door carries it out after the app has returned and released everything,
so an ``after_commit`` fault can never undo the commit it follows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from smartpay_mock.kernel.exchange import TransportFault

ENVIRON_KEY = "smartpay.transport"
Headers = Sequence[tuple[str, str]]
TransportCallable = Callable[[TransportFault, str, Headers, bytes], Iterable[bytes]]


@dataclass(frozen=True, slots=True)
class Order:
    """A fault, and the answer the client would have had without it."""

    fault: TransportFault
    status: str
    headers: Headers
    body: bytes


class Line(Protocol):
    """What a fault needs of a connection."""

    def send(self, data: bytes) -> None:
        """Send ``data`` now."""

    def wait_until_gone(self, seconds: float) -> None:
        """Return when the client has closed, the server stops or time is up."""

    def close(self) -> None:
        """Close the descriptor."""

    def abort_on_close(self) -> None:
        """Make ``close`` send a RST."""


class Transport:
    """What one request finds under ``environ["smartpay.transport"]``."""

    def __init__(self) -> None:
        self.order: Order | None = None

    def __call__(
        self, fault: TransportFault, status: str, headers: Headers, body: bytes
    ) -> Iterable[bytes]:
        """Note the fault; the door carries it out when the app has returned.

        Args:
            fault: What is to happen.
            status: The status line the answer would have, such as ``200 OK``.
            headers: Its headers.
            body: Its whole body.
        """
        self.order = Order(fault, status, headers, body)
        return ()


def half_of(order: Order) -> bytes:
    """Return head and half of the body; half of the head when there is no body.

    The head promises the whole body, so every client can tell that it is cut off.
    """
    kept = [
        (name, value)
        for name, value in order.headers
        if name.lower() not in {"content-length", "transfer-encoding"}
    ]
    kept.append(("Content-Length", str(len(order.body))))
    lines = [f"HTTP/1.1 {order.status}", *(f"{name}: {value}" for name, value in kept)]
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    if not order.body:
        return head[: len(head) // 2]
    return head + order.body[: len(order.body) // 2]


def _reset(line: Line, order: Order) -> None:
    line.abort_on_close()


def _empty(line: Line, order: Order) -> None:
    """Close without a byte: ``carry_out`` does that anyway."""


def _half(line: Line, order: Order) -> None:
    line.send(half_of(order))


def _stall(line: Line, order: Order) -> None:
    line.wait_until_gone(order.fault.stall_ms / 1000)


_KINDS: dict[str, Callable[[Line, Order], None]] = {
    "reset": _reset,
    "empty": _empty,
    "half": _half,
    "stall": _stall,
}


def carry_out(line: Line, order: Order) -> None:
    """Do to ``line`` what ``order`` says, then close it."""
    try:
        _KINDS[order.fault.kind](line, order)
    finally:
        line.close()
