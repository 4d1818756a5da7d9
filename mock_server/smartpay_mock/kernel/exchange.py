"""An HTTP request and its response as plain values, without a web framework."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from smartpay_mock.kernel.ids import (
    LIVE_PREFIX,
    without_live_key_bytes,
    without_live_keys,
)

ADVICE_HEADER = "Smartpay-Sandbox-Advice"
"""Response header: what about the request was tolerated although it was odd."""

ADVICE_SEPARATOR = " | "
ORIGIN_HEADER = "smartpay-sandbox-origin"
"""Marks set-up calls of the fixture and of scenarios, which don't count as a test's."""
REASON_HEADER = "Smartpay-Sandbox-Reason"
"""Response header of a 401: why the credential was refused."""

FAULT_HEADER = "Smartpay-Sandbox-Fault"
"""Request header: the fault or outcome of this one call."""

TransportKind = Literal["reset", "empty", "half", "stall"]


class TransportFault(NamedTuple):
    """What the server does to the connection instead of sending a whole response.

    Attributes:
        kind: ``reset`` closes with a TCP RST; ``empty`` closes without a byte;
            ``half`` sends the head and half of the body, then closes; ``stall``
            sends nothing until the client disconnects, for ``stall_ms`` at most.
        stall_ms: How long ``stall`` keeps the connection open, in milliseconds.
    """

    kind: TransportKind
    stall_ms: int = 60_000


@dataclass(slots=True)
class Call:
    """An HTTP request as it arrived, with live secret keys masked.

    Attributes:
        method: Upper case.
        path: As sent, with the mount prefix (``/v1/orders``).
        query: Decoded query parameters; values given twice are joined by a comma.
        headers: Names in lower case.
        body: The raw bytes.
        base_url: Scheme and authority the client used, no slash at the end.
        decoded: The body's JSON value and the same value as compact bytes, after it was
            decoded.
        is_too_large: The body is over the limit and was not read.
        breaks_connections: Whether the server can break this call's connection.
        header_names: As sent, in lower case, a repeated one twice; ``None`` if the
            server doesn't reveal them.
        account: The account it acts on, if the emulator itself makes the call.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    base_url: str = "http://127.0.0.1:8585"
    decoded: tuple[Any, bytes] | None = None
    is_too_large: bool = False
    breaks_connections: bool = False
    header_names: tuple[str, ...] | None = None
    account: str = ""

    def __post_init__(self) -> None:
        """Mask live keys, so that neither state nor journal gets one."""
        self.path, mask = without_live_keys(self.path), without_live_keys
        if self.query:
            self.query = {mask(name): mask(text) for name, text in self.query.items()}
        if LIVE_PREFIX in "".join(self.headers.values()):
            self.headers = {name: mask(text) for name, text in self.headers.items()}
        self.body = without_live_key_bytes(self.body)


@dataclass(slots=True)
class Answer:
    """An HTTP response before the server sends it.

    Attributes:
        status: The HTTP status code.
        body: The raw bytes; empty for 204 and for enable and disable.
        content_type: ``None`` sends no Content-Type.
        headers: Further headers, names as they are sent.
        transport: The fault on the connection, if there is one.
        result: What a fault made of the call, for logs; empty without one.
        trace: The rules that decided something, and what each found, for logs.
    """

    status: int
    body: bytes = b""
    content_type: str | None = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    transport: TransportFault | None = None
    result: str = ""
    trace: Sequence[tuple[str, str]] = ()
