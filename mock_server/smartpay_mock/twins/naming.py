"""Sources of ids that clients cannot use."""

from __future__ import annotations

from typing import Any

from smartpay_mock.kernel.ids import SUFFIX_LENGTH, Ids
from smartpay_mock.resources import Context


class Hyphens(Ids):
    """Makes ids with hyphens, as UUIDs have them."""

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``."""
        made = super().new(kind)
        return f"{made[:-5]}-{made[-4:]}"


class Short(Ids):
    """Makes ids of half the length."""

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``."""
        return super().new(kind)[: -SUFFIX_LENGTH // 2]


class Mixed(Ids):
    """Begins the ids of refunds like those of payments."""

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``."""
        return super().new("payment" if kind == "refund" else kind)


class Foreign(Ids):
    """Says live in the ids of payments."""

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``."""
        made = super().new(kind)
        return made.replace("_test_", "_live_") if kind == "payment" else made


class Constant(Ids):
    """Gives every price the same id."""

    def new(self, kind: str) -> str:
        """Return a new id for ``kind``."""
        return (
            f"price_test_{'0' * SUFFIX_LENGTH}"
            if kind == "price"
            else super().new(kind)
        )


def drawing(source: type[Ids]) -> type[Context]:
    """Return the type of context that draws its ids from ``source``."""

    class Drawing(Context):
        def __init__(self, *parts: Any) -> None:
            super().__init__(*parts)
            honest = self.ids
            self.ids = object.__new__(source)
            for name in Ids.__slots__:
                setattr(self.ids, name, getattr(honest, name))

    return Drawing
