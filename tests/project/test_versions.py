"""Runs are repeatable: everything declared is pinned, by name and version only."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==[A-Za-z0-9.+!]+")


def canonical(name: str) -> str:
    """Return the name of a distribution as packaging compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(root: Path) -> set[str]:
    """Return every distribution that pyproject.toml asks for."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    requirements = [
        *config["build-system"]["requires"],
        *config["project"]["dependencies"],
        *(
            x
            for extra in config["project"]["optional-dependencies"].values()
            for x in extra
        ),
        *(
            x
            for group in config["dependency-groups"].values()
            for x in group
            if isinstance(x, str)
        ),
    ]
    return {canonical(re.split(r"[\[<>=!~; ]", text)[0]) for text in requirements}


def test_constraints_hold_names_and_versions_only(root: Path) -> None:
    """No address, no option, no path: the file means the same everywhere."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()

    odd = [
        line for line in lines if not line.startswith("#") and not PIN.fullmatch(line)
    ]

    assert not odd


def test_everything_declared_is_pinned(root: Path) -> None:
    """A new dependency is pinned in the same change: make pin."""
    lines = (root / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {canonical(match["name"]) for line in lines if (match := PIN.match(line))}

    missing = declared(root) - pinned

    assert not missing, (
        f"not in constraints.txt: {', '.join(sorted(missing))}; make pin"
    )


def test_what_we_require_has_no_upper_bound(root: Path) -> None:
    """A library that pins its neighbours cannot be installed beside them."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))

    bounded = [
        text
        for text in config["project"]["dependencies"]
        if re.search(r"<|==|~=", text)
    ]

    assert not bounded


def test_every_dependency_has_its_reason(root: Path) -> None:
    """ARCHITECTURE.md says why each package that users get is needed."""
    config = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    page = (root / "ARCHITECTURE.md").read_text(encoding="utf-8")
    required = [
        *config["project"]["dependencies"],
        *(
            x
            for extra in config["project"]["optional-dependencies"].values()
            for x in extra
        ),
    ]

    unexplained = {
        name
        for text in required
        if (name := re.split(r"[\[<>=!~; ]", text)[0]) not in page
    }

    assert not unexplained
