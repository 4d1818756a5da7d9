"""The three families of errors.

::

    Exception
    |-- ApiError             the emulated API refuses; has a row in errors.json
    |-- SandboxUsageError    the sandbox is used wrongly; the text says what to do
    |   |-- NotFoundError    a scenario, fault, request ... is unknown
    |   `-- StoreError       state cannot be opened, read or written
    `-- AssertionError
        `-- ContractFailure  the server under test is wrong (defined in the kit)
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from smartpay_schemas import ERRORS

_MOST_LISTED, _NEAREST = 50, 5
"""Up to how many names all are listed, and how many are listed of more."""


class ApiError(Exception):
    """The emulated API refuses a call.

    Attributes:
        code: A key of ``errors.json``.
        facts: Values to fill into the message.
        details: One entry per problem, as the API's ``details`` array carries them.
    """

    def __init__(
        self, code: str, /, *, details: Sequence[Any] = (), **facts: object
    ) -> None:
        self.code = code
        self.details = list(details)
        self.facts = facts
        super().__init__(code, facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ApiError) and (
            self.code,
            self.facts,
            self.details,
        ) == (other.code, other.facts, other.details)

    def __hash__(self) -> int:
        return hash(self.code)

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    @property
    def status(self) -> int:
        """The HTTP status of the refusal."""
        return ERRORS[self.code].status

    @property
    def message(self) -> str:
        """The text of the refusal, with its facts filled in."""
        return ERRORS[self.code].message.format(**self.facts)


class SandboxUsageError(Exception):
    """The sandbox is used wrongly; the text ends with what to do."""


class NotFoundError(SandboxUsageError, LookupError):
    """A name is unknown; the text lists the known names, or the nearest of many."""

    @classmethod
    def among(cls, what: str, name: str, known: Sequence[str]) -> NotFoundError:
        """Return the error for ``name``, which is not one of ``known``."""
        listed = ", ".join(sorted(known)) or "none"
        if len(known) > _MOST_LISTED:
            near = get_close_matches(name, known, _NEAREST, cutoff=0.0)
            listed = f"{', '.join(near)} and {len(known) - len(near)} more"
        return cls(f"There is no {what} {name!r}. Known: {listed}.")


class StoreError(SandboxUsageError):
    """State cannot be opened, read or written; the text says where and what to do."""
