"""docs/reliability.md has a place for each part, and names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.soak import __main__ as soak
from tests.soak.figures import Figures

GOOD = r"(0 [-\w ]+, )*0 [-\w ]+ \(.+\); 20\d\d-\d\d-\d\d, [0-9a-f]{7,}"
PAGE = soak.PAGE.read_text(encoding="utf-8")


def test_each_part_has_a_place_in_the_page() -> None:
    """And each place belongs to a part."""
    places = re.findall(r"<!-- soak: (.*?) -->", PAGE)

    assert sorted(places) == sorted(soak.PARTS)


def test_no_last_figure_is_bad() -> None:
    """Each part ran, and counted none of what must not happen."""
    written = re.findall(r"<!-- soak: (.*?) -->(.*?)<!-- end -->", PAGE)

    for name, text in written:
        assert re.fullmatch(GOOD, text), name


def test_the_tests_that_the_page_names_exist() -> None:
    """A promise without its test is only a sentence."""
    named = re.findall(r"`(tests/.*?)`", PAGE)

    missing = [path for path in named if not (soak.ROOT / path).exists()]
    assert named
    assert not missing


def test_a_whole_soak_ends_within_half_an_hour() -> None:
    """The parts that start servers need some seconds beside their own."""
    seconds = sum(part.seconds + 10 for part in soak.PARTS.values())

    assert seconds <= 30 * 60


def test_figures_are_written_in_their_place_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With date and commit; a part without a place is an error."""
    page = tmp_path / "page.md"
    page.write_text("a <!-- soak: x -->old<!-- end --> b <!-- soak: y --><!-- end -->")
    monkeypatch.setattr(soak, "PAGE", page)

    soak.keep("x", Figures.of("lost", kills=2))

    pattern = (
        r"a <!-- soak: x -->0 lost \(2 kills\); [-0-9]+, [0-9a-f]+<!-- end --> b .*"
    )
    assert re.fullmatch(pattern, page.read_text())
    with pytest.raises(SystemExit, match="no place"):
        soak.keep("z", Figures())


def test_a_part_that_raises_counts_as_bad() -> None:
    """It does not end the soak, and its traceback is shown."""
    broken = soak.Part("needs other arguments", 1, "raw:mutated")

    figures, _ = soak.run(broken, 1)

    assert not figures.is_good
    assert "TypeError" in figures.examples[0]
