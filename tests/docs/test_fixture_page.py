"""The page of the fixture leaves nothing out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from smartpay_mock import pytest_plugin
from smartpay_mock.events.faults import OPTIONS
from smartpay_mock.kernel.faults import KINDS, OUTCOMES
from smartpay_mock.testing import Smartpay

# What the plugin needs of the account, and what messages and verdicts are made from.
INTERNAL = {"before_forgetting", "close", "failures"}


@pytest.fixture(scope="module")
def page() -> str:
    """Return the text of the page."""
    path = Path(__file__).parents[2] / "docs" / "fixture.md"
    return path.read_text(encoding="utf-8")


def members() -> set[str]:
    """Return the public members of the fixture's object."""
    attributes = re.findall(r"^    (\w+): ", Smartpay.__doc__ or "", re.MULTILINE)
    return {x for x in (*dir(Smartpay), *attributes) if x[0] != "_"} - INTERNAL


@pytest.mark.parametrize("member", sorted(members() - {"name"}))
def test_a_member_is_named(page: str, member: str) -> None:
    """In the table of members, or where it is explained."""
    named = re.findall(rf"`(?:smartpay\.)?{member}\b[^`]*`|smartpay\.{member}\b", page)

    assert named, f"docs/fixture.md does not name {member}"


@pytest.mark.parametrize("kind", [*KINDS, *OUTCOMES])
def test_a_fault_is_in_the_table_with_its_options(page: str, kind: str) -> None:
    """Each row of the table of faults names every option of its kind."""
    [row] = re.findall(rf"^\| `{kind}` \|.*$", page, re.MULTILINE)

    missing = [option for option in (KINDS | OUTCOMES)[kind] if f"`{option}" not in row]

    assert not missing


@pytest.mark.parametrize("option", OPTIONS)
def test_a_webhook_fault_is_named(page: str, option: str) -> None:
    """What may go wrong with webhooks on purpose."""
    assert f"`{option}`" in page


@pytest.mark.parametrize("verdict", pytest_plugin.CHECKS)
def test_a_verdict_is_in_the_table(page: str, verdict: str) -> None:
    """What else fails a test."""
    assert re.search(rf"^\| `{verdict}` \|", page, re.MULTILINE)


def test_every_option_setting_and_fixture_of_the_plugin_is_named(page: str) -> None:
    """Command line, settings, and what tests may ask for."""
    source = Path(pytest_plugin.__file__).read_text(encoding="utf-8")
    options = re.findall(r'"(--smartpay-[a-z-]+)"', source)
    settings = re.findall(r'addini\(\s*"(\w+)"', source)
    fixtures = re.findall(r"^@pytest\.fixture.*\ndef (\w+)", source, re.MULTILINE)

    missing = [name for name in (*options, *settings, *fixtures) if name not in page]

    assert len(options) > 3
    assert len(settings) > 1
    assert len(fixtures) > 3
    assert not missing
