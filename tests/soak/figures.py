"""The figures of a part: what it did, and what must not have happened."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Self

MAX_EXAMPLES = 5


def for_seconds(seconds: float) -> Iterator[None]:
    """Yield until so many seconds have passed, and once at the least."""
    end = time.monotonic() + seconds
    yield
    while time.monotonic() < end:
        yield


@dataclass
class Figures:
    """What a part of the soak counted.

    Attributes:
        done: How often each thing was done.
        wrong: How often each thing happened that must not.
        examples: The first of those things, to look into.
        skipped: Why nothing was done; empty if something was.
    """

    done: Counter[str] = field(default_factory=Counter)
    wrong: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)
    skipped: str = ""

    @classmethod
    def of(cls, *wrong: str, **done: int) -> Self:
        """Return figures with nothing wrong yet.

        Args:
            *wrong: What must not happen.
            **done: What was done; ``_`` stands for a space.
        """
        counted = {name.replace("_", " "): count for name, count in done.items()}
        return cls(Counter(counted), Counter(dict.fromkeys(wrong, 0)))

    def fail(self, what: str, example: object, times: int = 1) -> None:
        """Count something that must not happen, with an example of it."""
        self.wrong[what] += times
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(f"{what}: {str(example)[:1_500]}")

    def fail_each(self, what: str, examples: Iterable[object]) -> None:
        """Count each of several things that must not happen."""
        for example in examples:
            self.fail(what, example)

    def add(self, other: Figures) -> None:
        """Add the figures of another process."""
        for name, count in other.done.items():
            self.done[name] += count
        for name, count in other.wrong.items():
            self.wrong[name] += count
        self.examples = [*self.examples, *other.examples][:MAX_EXAMPLES]

    @property
    def is_good(self) -> bool:
        """Whether nothing happened that must not."""
        return not self.wrong.total()

    def __str__(self) -> str:
        """Return the figures in one line."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        wrong = ", ".join(f"{count:,} {name}" for name, count in self.wrong.items())
        done = ", ".join(f"{count:,} {name}" for name, count in self.done.items())
        return f"{wrong} ({done})"
