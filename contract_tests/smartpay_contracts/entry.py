"""Loaded by pytest wherever the kit is installed: its options, and its reports.

Costs nothing when the kit is not run: what makes reports is imported when there is
something to report. Kit tests may run in workers (pytest-xdist); the reports are
gathered here, where the results arrive.
"""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts.options import add_options

COLLECTOR = "smartpay-contracts-collector"
PACKAGE = "smartpay_contracts"
TARGET_LOST = 3
"""Exit code when the server is gone in the middle of a run."""

LOST = pytest.StashKey[str]()
"""What is said of a server that is gone, where the tests run in this process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the kit's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Gather results, except in a worker, which passes them on."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), COLLECTOR)


class Collector:
    """Gathers the verdicts of kit tests and writes the reports at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.records: list[dict[str, Any]] = []
        self._lines: list[str] = []

    @property
    def _lost(self) -> str:
        """What is said of a server that is gone; empty while it is there."""
        return self._config.stash.get(LOST, "")

    def pytest_sessionstart(self) -> None:
        """Look at the server before workers do, which cannot refuse a run."""
        has_workers = self._config.getoption("numprocesses", default=None)
        if has_workers and any(PACKAGE in str(arg) for arg in self._config.args):
            from smartpay_contracts.target import (  # noqa: PLC0415 - see above
                check_target,
            )

            check_target(self._config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a kit test says of itself."""
        lost = getattr(report, "smartpay_lost", "")
        if lost:
            self._config.stash[LOST] = lost
        record = getattr(report, "smartpay_record", None)
        if record is not None:
            self.records.append(record)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports, once every result is there."""
        if not self.records:
            return
        from smartpay_contracts.finish import finish  # noqa: PLC0415 - see above

        self._lines, status = finish(
            self._config, self.records, session.exitstatus, lost=self._lost
        )
        session.exitstatus = TARGET_LOST if self._lost else status

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Show the verdicts in a few lines."""
        if self._lost:
            terminalreporter.section("the server was lost", red=True)
            terminalreporter.write_line(self._lost)
        if self._lines:
            terminalreporter.section("contract")
            for line in self._lines:
                terminalreporter.write_line(line)
