"""Dependencies: their licences are acceptable, and an audit says what it checked."""

from __future__ import annotations

from typing import Any

import pytest

import audit
import licences

SOUND = {"name": "flask", "version": "3.0", "vulns": []}
UNSOUND = {
    "name": "jinja2",
    "version": "3.1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["3.2"]}],
}
SKIPPED = {"name": "click", "skip_reason": "not found"}


@pytest.mark.parametrize(("package", "licence"), licences.licences().items())
def test_each_package_that_users_install_has_an_allowed_licence(
    package: str, licence: str
) -> None:
    """Add a new licence to ``ALLOWED`` only if its terms suit users of the package."""
    unknown = licences.identifiers(licence) - licences.ALLOWED

    assert not unknown, f"{package} has the licence {licence!r}"


@pytest.mark.parametrize(
    ("packages", "code", "line"),
    [
        ([SOUND], 0, "1 of 1 packages looked up."),
        ([SOUND, UNSOUND], 1, "jinja2 3.1: PYSEC-1, fixed in 3.2"),
        ([SOUND, SKIPPED], 2, "1 of 2 packages looked up."),
        ([UNSOUND, SKIPPED], 1, "jinja2 3.1: PYSEC-1, fixed in 3.2"),
    ],
)
def test_an_audit_tells_an_advisory_from_a_missing_look_up(
    packages: list[dict[str, Any]], code: int, line: str
) -> None:
    """An audit that reached nothing does not pass."""
    found, lines = audit.verdict(packages)

    assert found == code
    assert line in lines
