"""Mutants: deliberately broken variants of the emulator, to test tests with.

A mutant replaces parts that an application declares. A test suite that passes on a
mutant does not detect that bug.
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

    from smartpay_mock.mutants.mutant import Mutant

STARTED = "SMARTPAY_MUTANT_STARTED"
"""Variable that names a file to create when a broken emulator starts. It shows that a
graded suite used one."""


def mutants() -> Mapping[str, Mutant]:
    """Return every shipped mutant by its name, area by area."""
    from smartpay_mock.mutants.catalogue import (  # noqa: PLC0415 - only when needed
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
    """Return the broken application that ``settings.mutant`` names, if any.

    Raises:
        NotFoundError: There is no such mutant.
    """
    if not settings.mutant:
        return None
    from smartpay_mock.app import create_app  # noqa: PLC0415 - imports Flask

    if STARTED in os.environ:
        Path(os.environ[STARTED]).touch()
    return create_app(settings, patch=find_mutant(settings.mutant).patch)
