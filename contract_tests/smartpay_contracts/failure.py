"""What the kit says when the server under test is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from smartpay_contracts.exchange import Exchange


class ContractFailure(AssertionError):  # noqa: N818 - fails a test, is no error
    """The server breaks a promise.

    Attributes:
        expected: What the contract promises, in words.
        found: What came instead.
        exchange: The call it was seen in, if it was one.
    """

    def __init__(
        self, expected: str, *, found: str, exchange: Exchange | None = None
    ) -> None:
        self.expected = expected
        self.found = found
        self.exchange = exchange
        super().__init__(f"expected {expected}; found {found}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContractFailure) and (
            (self.expected, self.found) == (other.expected, other.found)
        )

    def __hash__(self) -> int:
        return hash((self.expected, self.found))
