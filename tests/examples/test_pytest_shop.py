"""The example's suite passes, and fails where its shop has the bug of its story."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

CAUGHT = {
    "tests/test_checkout.py::test_a_lost_answer_is_asked_for_again[reset]",
    "tests/test_checkout.py::test_a_lost_answer_is_asked_for_again[half]",
    "tests/test_checkout.py::test_a_lost_answer_is_asked_for_again[broken_json]",
    "tests/test_checkout.py::test_an_impatient_customer_pays_once",
}
PASSED = 16
REMEDY = "When you retry a charge, send the Idempotency-Key of the first attempt."


@pytest.fixture
def shop() -> Path:
    """Return the folder of the example."""
    return Path(__file__).parents[2] / "examples" / "pytest-shop"


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """Run the example's suite as its README says, with no other plugin loaded."""
    plugins = ("-p", "no:cacheprovider", "-p", "smartpay_sandbox", "-p", "xdist")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-rf", *plugins, *args],
        cwd=folder,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("args", [(), ("-n4",)], ids=["serial", "four-workers"])
def test_the_shop_passes_its_tests(shop: Path, args: tuple[str, ...]) -> None:
    """With the installed plugin and nothing else, in one process and in four."""
    outcome = run(shop, *args)

    assert outcome.returncode == 0, outcome.stdout
    assert f"{PASSED} passed" in outcome.stdout


def test_the_shop_with_the_bug_fails_exactly_the_tests_that_should_catch_it(
    shop: Path,
) -> None:
    """Three lost answers and one race; everything else passes as before."""
    outcome = run(shop, "--with-bug")

    failed = set(re.findall(r"^FAILED (\S+)", outcome.stdout, flags=re.MULTILINE))
    assert failed == CAUGHT
    assert f"{len(CAUGHT)} failed, {PASSED - len(CAUGHT)} passed" in outcome.stdout
    assert "double-charge: 2 approved orders for one cart" in outcome.stdout
    readme = (shop.parents[1] / "README.md").read_text(encoding="utf-8")
    assert REMEDY in outcome.stdout
    assert REMEDY in readme.splitlines()


def test_the_two_shops_differ_in_one_method(shop: Path) -> None:
    """The story says that the fix is one line; the bug overrides just that."""
    bug = (shop / "shop_with_bug.py").read_text(encoding="utf-8")

    assert re.findall(r"def (\w+)", bug) == ["key_for"]


def test_the_readme_says_how_many_tests_there_are(shop: Path) -> None:
    """The numbers that a reader compares are right."""
    story = (shop / "README.md").read_text(encoding="utf-8")

    assert f"{PASSED} passed; the same with -n 4" in story
    assert "Four of the tests fail." in story
    assert len(story.splitlines()) <= 42
