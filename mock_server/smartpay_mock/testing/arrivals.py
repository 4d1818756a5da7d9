"""What arrived beside what was expected, in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from smartpay_mock.testing.display import side_by_side


def describe_difference(
    wanted: Sequence[str], came: Sequence[str], *, in_any_order: bool
) -> str:
    """Return how two lists of event types differ.

    Args:
        wanted: What was expected.
        came: What arrived.
        in_any_order: Whether the order does not matter.
    """
    missing = Counter(wanted) - Counter(came)
    surplus = Counter(came) - Counter(wanted)
    lines = ["The webhooks that arrived are not the expected ones."]
    if missing:
        lines.append(f"  missing: {_counted(missing)}")
    if surplus:
        lines.append(f"  not expected: {_counted(surplus)}")
    if not missing and not surplus and not in_any_order:
        lines.append("  the same ones, in another order")
    rows: list[tuple[str, Sequence[str]]] = [("", ("expected", "arrived"))]
    for number in range(max(len(wanted), len(came))):
        pair = [
            items[number] if number < len(items) else "-" for items in (wanted, came)
        ]
        rows.append((f"#{number + 1}", pair))
    return "\n".join([*lines, side_by_side(rows)])


def _counted(types: Counter[str]) -> str:
    return ", ".join(
        name if count == 1 else f"{name} (x {count})" for name, count in types.items()
    )
