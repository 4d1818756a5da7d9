"""Evil twins: deliberately broken variants of the emulator, to test tests with.

A suite that stays green against a twin would not notice that bug in life. Honest code
knows nothing of them; they take the place of what ``Works`` declares.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask

    from smartpay_mock.twins.mutant import Mutant

STARTED = "SMARTPAY_TWINS_STARTED"
"""Variable that names a file to touch when a broken emulator is made, so that whoever
grades a suite knows that it met one."""


def mutants() -> Mapping[str, Mutant]:
    """Return every mutant by its name, area by area."""
    from smartpay_mock.twins.catalogue import (  # noqa: PLC0415 - only where wanted
        CATALOGUE,
    )

    return CATALOGUE


def find_mutant(name: str) -> Mutant:
    """Return a mutant.

    Raises:
        NotFoundError: There is none of this name.
    """
    known = mutants()
    if name not in known:
        raise NotFoundError.among("mutant", name, list(known))
    return known[name]


def broken_app(settings: Settings) -> Flask | None:
    """Return the broken application that ``settings.mutant`` asks for, if any.

    Raises:
        NotFoundError: There is no such mutant.
    """
    if not settings.mutant:
        return None
    from smartpay_mock.app import create_app  # noqa: PLC0415 - imports Flask

    if STARTED in os.environ:
        Path(os.environ[STARTED]).touch()
    return create_app(settings, patch=find_mutant(settings.mutant).twist)
