"""The three families of errors, never mixed.

::

    Exception
    |-- ApiError             the emulated API refuses; has a row in errors.json
    |-- SandboxUsageError    somebody uses the sandbox wrongly; the text says how to
    |   |-- NotFoundError    a scenario, fault, request ... is unknown
    |   `-- StoreError       state cannot be opened, read or kept
    `-- AssertionError
        `-- ContractFailure  the server under test is wrong (lives in the kit)
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from smartpay_schemas import ERRORS

_MOST_LISTED, _NEAREST = 50, 5
"""Candidates that are all told, and how many are told of more."""


class ApiError(Exception):
    """The emulated API refuses a call.

    Attributes:
        code: A key of ``errors.json``.
        facts: What the message names.
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
    """Somebody uses the sandbox wrongly; the text ends in the remedy."""


class NotFoundError(SandboxUsageError, LookupError):
    """A thing of the sandbox's own is unknown; the text lists the candidates.

    Where there are too many to read, it lists those whose names are nearest.
    """

    @classmethod
    def among(cls, what: str, name: str, known: Sequence[str]) -> NotFoundError:
        """Build the error for ``name``, which is none of ``known``."""
        listed = ", ".join(sorted(known)) or "none"
        if len(known) > _MOST_LISTED:
            near = get_close_matches(name, known, _NEAREST, cutoff=0.0)
            listed = f"{', '.join(near)} and {len(known) - len(near)} more"
        return cls(f"There is no {what} {name!r}. Known: {listed}.")


class StoreError(SandboxUsageError):
    """State cannot be opened, read or kept; the text says where and what to do."""
