"""Field-level differences between two series of normalised answers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from smartpay_contracts.script import Step

ABSENT: Final = "(absent)"
VARIES: Final = "<varies>"


@dataclass(frozen=True, slots=True)
class Difference:
    """One field in which two servers differ.

    Attributes:
        step: The call.
        path: The field, such as ``body.lineItems[0].kind``.
        left: What the one says, as JSON.
        right: What the other says.
    """

    step: str
    path: str
    left: str
    right: str

    def document(self) -> dict[str, str]:
        """Return the difference as JSON values."""
        return asdict(self)


def differences(left: Sequence[Step], right: Sequence[Step]) -> list[Difference]:
    """Return what differs, step by step; a step of one side only differs as a whole."""
    others = {step.name: step for step in right}
    names = {step.name for step in left}
    found = []
    for step in left:
        if step.name in others:
            for path, mine, theirs in _unlike(step.seen, others[step.name].seen, ""):
                found.append(Difference(step.name, path, mine, theirs))
        else:
            found.append(Difference(step.name, "the call", "made", "could not be made"))
    for step in right:
        if step.name not in names:
            found.append(Difference(step.name, "the call", "could not be made", "made"))
    return found


def settled(first: Any, second: Any) -> Any:
    """Return ``first`` with what one server says differently each time set aside.

    Args:
        first: Normalised, of one play of the script.
        second: The same, of another play on the same server.
    """
    if isinstance(first, dict) and isinstance(second, dict):
        return {
            name: settled(value, second.get(name, ABSENT))
            for name, value in first.items()
        }
    if isinstance(first, list) and isinstance(second, list):
        pairs = zip_longest(first, second[: len(first)], fillvalue=ABSENT)
        return [settled(mine, again) for mine, again in pairs]
    return first if first == second else VARIES


def _unlike(left: Any, right: Any, path: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(left, dict) and isinstance(right, dict):
        for name in sorted({*left, *right}):
            inner = f"{path}.{name}" if path else name
            yield from _unlike(left.get(name, ABSENT), right.get(name, ABSENT), inner)
    elif isinstance(left, list) and isinstance(right, list):
        pairs = zip_longest(left, right, fillvalue=ABSENT)
        for index, (mine, theirs) in enumerate(pairs):
            yield from _unlike(mine, theirs, f"{path}[{index}]")
    elif left != right or type(left) is not type(right):
        yield path, _text(left), _text(right)


def _text(value: Any) -> str:
    return value if value == ABSENT else json.dumps(value, ensure_ascii=False)
