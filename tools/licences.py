"""List the licences of the packages that users install with this one."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib import metadata
from itertools import chain
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PYPROJECT = Path(__file__).resolve().parents[1] / "pyproject.toml"
ENVIRONMENT = {
    "python_version": "3.11",
    "python_full_version": "3.11.0",
    "sys_platform": "linux",
    "platform_system": "Linux",
}
"""What markers are evaluated for, so that the page is the same everywhere."""

ALLOWED = frozenset(
    {
        "Apache-2.0",
        "BSD",
        "BSD-2-Clause",
        "BSD-3-Clause",
        "LGPL-3.0-only",  # psycopg, an extra that is imported as it is
        "MIT",
        "MIT-0",
        "MPL-2.0",
        "PSF-2.0",
    }
)
_CLASSIFIER = "License :: OSI Approved :: "


def licences() -> dict[str, str]:
    """Return the licence of each package that the project or an extra installs."""
    project = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    found: dict[str, str] = {}
    waiting = [Requirement(x) for x in chain(project["dependencies"], *extras)]
    seen: set[str] = set()
    while waiting:
        wanted = waiting.pop()
        if str(wanted) not in seen:
            seen.add(str(wanted))
            name = canonicalize_name(wanted.name)
            found[name] = _licence(metadata.metadata(name))
            waiting += _required_by(wanted)
    return dict(sorted(found.items()))


def identifiers(licence: str) -> set[str]:
    """Return the names in a licence expression, such as ``MIT OR Apache-2.0``."""
    return {name for name in re.split(r"\s+(?:AND|OR)\s+|[()]", licence) if name}


def _required_by(package: Requirement) -> Iterator[Requirement]:
    """Yield what a package, with the extras that are asked of it, requires."""
    for text in metadata.requires(package.name) or []:
        wanted = Requirement(text)
        if wanted.marker is None or any(
            wanted.marker.evaluate({**ENVIRONMENT, "extra": extra})
            for extra in ("", *package.extras)
        ):
            wanted.marker = None
            yield wanted


def _licence(of: metadata.PackageMetadata) -> str:
    """Return the licence as the package states it, as one line."""
    [stated, *_] = [
        *(of.get_all("License-Expression") or []),
        *(of.get_all("License") or []),
        "",
    ]
    if not stated or "\n" in stated:
        classifiers = of.get_all("Classifier") or []
        names = [x.removeprefix(_CLASSIFIER) for x in classifiers if _CLASSIFIER in x]
        stated = " AND ".join(names)
    return stated.removesuffix(" License") or "unknown"
