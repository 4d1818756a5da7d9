"""Names and sentences use the terms of docs/glossary.md, and no retired ones."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

RETIRED_WORDS = {
    "adversary adversaries adversarial": "webhook faults",
    "agenda ladder ladders": "due index, sorted list",
    "beginnings": "account options",
    "crew deputy deputies": "worker, thread pool",
    "desk desks errand errands": "AccountClient, ApiCall",
    "door doors": "entry point",
    "floor floors": "layer",
    "gate gates": "hold",
    "glance glances glanced": "get_readonly",
    "holdings persons": "listing, consumers",
    "house houses": "project",
    "judge judges judged judging judgement": "validator, validate, check",
    "law laws": "rule",
    "liar liars": "broken server",
    "magic": "test values",
    "meddle meddles meddled meddling": "middleware",
    "oracle oracles": "invariants",
    "outsider outsiders": "cross-account",
    "patience": "timeout",
    "room rooms": "package",
    "seam seams": "patch point",
    "shelf shelves drawer drawers": "table, account data",
    "settle settles settled settling": "expire_due, end",
    "steer steers steered steering": "control",
    "stranger strangers": "third-party server",
    "told": "result, message",
    "twin twins evil": "mutant",
    "twist twists twisted": "patch",
    "underwrite underwrites": "credit check",
    "whoever": "the subject itself",
    "world worlds": "seed data",
}
"""Words, each in all its forms, and the term to use instead."""

REPLACEMENT = {
    word: term for words, term in RETIRED_WORDS.items() for word in words.split()
}

RETIRED_PHRASES = {
    r"class (Beginning|Engine|Reply|Turns?|Works)\b": "see the glossary",
    r"def _?(announce|emit|tell)\b|\bis_told\b": "publish",
    r"\bcarry_out\b": "apply",
    r"(?i)mutants?\W+(was |were |is |are )?(\w+ )?(killed|noticed|caught)": "detected",
    r"foreign[- ]server": "third-party server",
    r"[\"']At once\.": "what the option sets",
    r"GuessedWrong|number_anew|reads?_ahead": "no term: it is gone",
    r"has_post\b": "has_deliveries",
}
"""Names made of ordinary words, and the term to use instead."""

ALLOWED = (
    "/__admin/magic",
    "/magic",
    "/webhooks/adversary",
    "orders.create.magic-addresses",
)
"""Former names that still work, and ids that never change."""

DATA = {
    "CHANGELOG.md": "judged twins",
    "docs/speed.md": "shelf",
    "fixtures/smartpay_fixtures": "desk floor shelf",
    "mock_server/smartpay_mock/events/faults.py": "adversary",
    "tests/schemas/test_response_rules.py": "floor",
    "LICENSE": "persons",
}
"""Ordinary words in data, by place."""

TOKEN = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")
"""A word of prose, or a part of a name in any case style."""


def retired_terms(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, what was found, and the term to use instead."""
    for name in ALLOWED:
        text = text.replace(name, "")
    for number, line in enumerate(text.splitlines(), start=1):
        for token in TOKEN.findall(line):
            if token.lower() in REPLACEMENT:
                yield number, token, REPLACEMENT[token.lower()]
        for pattern, term in RETIRED_PHRASES.items():
            if match := re.search(pattern, line):
                yield number, match.group(), term


def is_data(path: Path, word: str) -> bool:
    """Return whether a file may contain a retired word as ordinary data."""
    return any(
        path.is_relative_to(place) and word.lower() in words.split()
        for place, words in DATA.items()
    )


def test_no_tracked_file_uses_a_retired_term(root: Path, tracked: list[Path]) -> None:
    """The path of a file counts as its first line."""
    findings = [
        f"{path}:{line}: {found!r}; use: {term}"
        for path in tracked
        if path.name != Path(__file__).name
        for line, found, term in retired_terms(
            f"{path.as_posix()} "
            + (root / path).read_text(encoding="utf-8", errors="replace")
        )
        if not is_data(path, found)
    ]

    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    "text",
    [
        "Whoever calls gets an answer.",
        "class EvilTwin:",
        "from shop.twins import find",
        "MAGIC_VALUES = ()",
        "def emit(event):",
        "a foreign server",
    ],
)
def test_a_retired_term_is_found(text: str) -> None:
    """Words are found in prose and within names."""
    assert list(retired_terms(text))


@pytest.mark.parametrize(
    "text",
    [
        "Delegate, and nothing twice.",
        "The test outlaws and households work as announced.",
        "import flask; flask.Response",
    ],
)
def test_ordinary_english_is_not_refused(text: str) -> None:
    """Longer words that contain a retired one are fine."""
    assert not list(retired_terms(text))
