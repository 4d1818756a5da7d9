"""What tests of fault plans do with an account."""

from __future__ import annotations

from typing import Any


def plan(api: Any, kind: str, operation: str = "create_order", **options: Any) -> Any:
    """Add a fault plan and return it."""
    return api.control(
        "POST", "/faults", {"operation": operation, "kind": kind, **options}
    )


def orders(api: Any) -> int:
    """Return how many orders there are."""
    return len(api.ok("list_orders")["data"])


def charge(api: Any, order_payload: Any, count: int) -> list[int]:
    """Create orders and return the statuses of the answers."""
    return [api.do("create_order", order_payload()).status for _ in range(count)]
