"""Each suppression of a checker names its rule and its reason."""

from __future__ import annotations

import io
import re
import tokenize
from pathlib import Path

import pytest

MENTION = re.compile(r"#\s*(noqa|type:\s*ignore|pyright:|ruff:)")
ALLOWED = (
    re.compile(r"# (ruff: )?noqa: [A-Z]+[0-9]+(, ?[A-Z]+[0-9]+)* - \S.*"),
    re.compile(r"# type: ignore\[[a-z-]+(, ?[a-z-]+)*\]\s+# \S.*"),
)


def bare_suppressions(source: str) -> list[tuple[int, str]]:
    """Return (line, comment) of every suppression without a rule or a reason."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [
        (token.start[0], token.string)
        for token in tokens
        if token.type == tokenize.COMMENT
        and MENTION.search(token.string)
        and not any(form.search(token.string) for form in ALLOWED)
    ]


def test_every_suppression_names_its_rule_and_its_reason(
    root: Path, modules: list[Path]
) -> None:
    """The forms are ``# noqa: X1 - reason`` and ``# type: ignore[x]  # reason``."""
    findings = [
        f"{path}:{line}: {comment}"
        for path in modules
        for line, comment in bare_suppressions(
            (root / path).read_text(encoding="utf-8")
        )
    ]

    assert not findings, "\n".join(findings)


@pytest.mark.parametrize(
    ("comment", "is_bare"),
    [
        ("# noqa", True),
        ("# noqa: S311", True),
        ("# noqa: S311 - repeatable on purpose", False),
        ("# ruff: noqa: S311 - every line draws on purpose", False),
        ("# type: ignore", True),
        ("# type: ignore[misc]", True),
        ("# type: ignore[misc]  # the library has no types", False),
        ("# says why", False),
    ],
)
def test_a_bare_suppression_is_found(comment: str, is_bare: bool) -> None:
    """The search itself works."""
    assert bool(bare_suppressions(f"x = 1  {comment}\n")) is is_bare
