"""docs/retry-report-card.md agrees with the published suite."""

from __future__ import annotations

import re
from collections.abc import Callable

from smartpay_fixtures.retries import RetryRow, retry_suite

SUITE = retry_suite()


def scenario_line(row: RetryRow) -> str:
    """Return a scenario as a row of the page's table."""
    expected = ", ".join(
        f"{name} {value}".replace("True", "yes").replace("False", "no")
        for name, value in row.expect.items()
    )
    return f"| `{row.id}` | {row.severity} | {row.title} | {expected} | {row.why} |"


def scenarios_block() -> str:
    """Return the table of scenarios for the page."""
    lines = [
        "| scenario | severity | what happens | what is expected | why |",
        "|---|---|---|---|---|",
        *map(scenario_line, SUITE.scenarios.values()),
    ]
    return "\n".join(lines) + "\n"


def criteria_block() -> str:
    """Return the tables of criteria and bugs for the page."""
    lines = ["| criterion | asks for |", "|---|---|"]
    lines += [f"| `{name}` | {text} |" for name, text in SUITE.criteria.items()]
    lines += ["", "| a failure stands for | which means |", "|---|---|"]
    lines += [f"| *{name}* | {text} |" for name, text in SUITE.bugs.items()]
    return "\n".join(lines) + "\n"


def test_the_page_has_the_tables_of_the_suite(block: Callable[[str], str]) -> None:
    """When the suite changes, paste the expected text into the page."""
    assert block("scenarios") == scenarios_block()
    assert block("criteria") == criteria_block()


def test_the_page_states_the_rule(page: str) -> None:
    """Its sentences name weights, limits of letters, and fatal bugs."""
    text = re.sub(r"\s+", " ", page)

    for severity, weight in SUITE.weights.items():
        assert re.search(rf"\*{severity}\* (counting )?{weight}", text)
    for letter, percent in SUITE.letters.items():
        assert not percent or re.search(rf"{percent} (it is )?an? {letter}", text)
    for bug in SUITE.fatal:
        assert f"*{bug}*" in text
