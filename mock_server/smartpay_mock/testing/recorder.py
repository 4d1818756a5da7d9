"""Coverage of one run of pytest: options in, counts of tests and workers together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path as File
from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.coverage import (
    Path,
    check_operations,
    counted_ids,
    paths_seen,
)
from smartpay_mock.testing.coverage_reports import FORMS, Coverage, as_text
from smartpay_mock.testing.smartpay import Smartpay

OUTPUT = "smartpay_coverage"
_TERM = "term"


class Recorder:
    """Counts the payment paths that tests take.

    Args:
        config: Of pytest.

    Raises:
        UsageError: An option cannot be used.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.invocation_params.dir
        self._forms = _read_forms(config.getoption("smartpay_cov_report"))
        self._lowest: float = config.getoption("smartpay_cov_fail_under") or 0
        self._seen: Counter[Path] = Counter()
        self._known: dict[str, set[str]] = {}
        asked: str = config.getoption("smartpay_cov_operations")
        names: list[str] = asked.split(",") if asked else []
        try:
            self._asked = check_operations(
                names or config.getini("smartpay_cov_operations")
            )
        except SandboxUsageError as error:
            raise pytest.UsageError(str(error)) from None

    @property
    def coverage(self) -> Coverage:
        """What was counted so far."""
        return Coverage(self._seen, self._asked)

    def watch(self, account: Smartpay) -> None:
        """Count what happens in an account until it is closed."""
        account.before_forgetting = lambda: self._count(account)

    def _count(self, account: Smartpay) -> None:
        # A snapshot brings back what was counted before.
        known = self._known.setdefault(account.secret_key, set())
        entries, orders = account.journal, account.orders
        self._seen.update(paths_seen(entries, orders, skip=known))
        known |= counted_ids(entries, orders)

    def output(self) -> list[list[Any]]:
        """Return the counts as a worker sends them."""
        return [[*path, times] for path, times in sorted(self._seen.items())]

    def merge(self, output: Mapping[str, Any]) -> None:
        """Add the counts that a worker sent."""
        for area, subject, name, times in output.get(OUTPUT, ()):
            self._seen[Path(area, subject, name)] += times

    def is_too_low(self) -> bool:
        """Return whether less was covered than asked for."""
        return self.coverage.percent < self._lowest

    def report(self, reporter: pytest.TerminalReporter) -> None:
        """Write the reports that were asked for."""
        coverage = self.coverage
        reporter.section("smartpay: payment-path coverage")
        for form, path in self._forms:
            if form == _TERM:
                reporter.write_line(as_text(coverage))
            else:
                write, _ = FORMS[form]
                file = self._root / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(write(coverage), encoding="utf-8")
                reporter.write_line(f"{form} report: {path}")
        if self.is_too_low():
            reporter.write_line(
                f"Coverage is {coverage.percent:.1f} %, below the {self._lowest:g} % "
                "of --smartpay-cov-fail-under.",
                red=True,
            )


def _read_forms(asked: list[str]) -> list[tuple[str, File]]:
    """Return form and file of each report.

    Raises:
        UsageError: A form is unknown.
    """
    forms = []
    for text in asked or [_TERM]:
        form, _, path = text.partition(":")
        if form != _TERM and form not in FORMS:
            raise pytest.UsageError(
                f"--smartpay-cov-report={text}: the forms are {_TERM}, "
                f"{', '.join(FORMS)}; a file may follow, as in json:reports/cov.json."
            )
        forms.append((form, File(path or (FORMS[form][1] if form in FORMS else ""))))
    return forms
