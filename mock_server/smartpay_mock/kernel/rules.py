"""The tables and limits of one emulator. Mutants change some of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_schemas import LIFECYCLES, OPERATIONS, Lifecycle, Operation


@dataclass(frozen=True, slots=True)
class Rules:
    """The tables and limits of one emulator.

    Attributes:
        operations: The endpoints served.
        lifecycles: The state machines.
        capture_window_ms: From authorization to expiry. Source:
            docs:/docs/manual-capture (seven days).
        idempotency_window_ms: How long a key is remembered, from its first receipt.
            Source: docs:/reference/idempotency (six hours).
        page_size: Results of a list without ``maxResults``. Source: SDK go:types.go.
        page_limit: The largest ``maxResults``; *assumed*.
        key_length: The longest idempotency key in characters; *assumed*.
    """

    operations: Mapping[str, Operation] = field(default_factory=lambda: OPERATIONS)
    lifecycles: Mapping[str, Lifecycle] = field(default_factory=lambda: LIFECYCLES)
    capture_window_ms: int = 7 * DAY_MS
    idempotency_window_ms: int = 6 * HOUR_MS
    page_size: int = 20
    page_limit: int = 100
    key_length: int = 255
