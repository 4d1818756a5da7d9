"""The pytest plugin of the kit: its options and its reports.

The plugin is loaded in every pytest run, so it imports the rest of the kit only when
the kit runs. With pytest-xdist, workers run the tests and this plugin collects the
results.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts.options import NOTHING_CHECKED, add_options

COLLECTOR = "smartpay-contracts-collector"
PACKAGE = "smartpay_contracts"
AS_VERIFY = "SMARTPAY_AS_VERIFY"
"""The variable that ``smartpay-sandbox verify`` sets."""
SETTINGS = "kit.ini"
TARGET_LOST = 3
"""Exit code if the server stops answering during a run."""

LOST = pytest.StashKey[str]()
"""The message about a lost server, if the tests run in this process."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the kit's options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Collect results, except in a worker of pytest-xdist."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Collector(config), COLLECTOR)


class Collector:
    """Collects the records of the kit's tests and writes the reports at the end."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.records: list[dict[str, Any]] = []
        self._lines: list[str] = []

    @property
    def _lost(self) -> str:
        """The message about a lost server; empty if it answers."""
        return self._config.stash.get(LOST, "")

    def pytest_sessionstart(self) -> None:
        """Check the server before the workers start, which cannot refuse a run."""
        has_workers = self._config.getoption("numprocesses", default=None)
        if has_workers and any(PACKAGE in str(arg) for arg in self._config.args):
            from smartpay_contracts.target import (  # noqa: PLC0415 - see above
                check_target,
            )

            check_target(self._config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the records of a kit test."""
        lost = getattr(report, "smartpay_lost", "")
        if lost:
            self._config.stash[LOST] = lost
        self.records += getattr(report, "smartpay_records", [])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Write the reports; a run of ``verify`` without a result is a failure."""
        if not self.records:
            self._refuse_success(session)
            return
        from smartpay_contracts.finish import finish  # noqa: PLC0415 - see above

        self._lines, status = finish(
            self._config, self.records, session.exitstatus, lost=self._lost
        )
        session.exitstatus = TARGET_LOST if self._lost else status

    def _refuse_success(self, session: pytest.Session) -> None:
        """End a run of ``verify`` that ran no test otherwise than with 0."""
        is_verify = self._config.inipath == Path(__file__).with_name(SETTINGS)
        if is_verify and session.exitstatus == pytest.ExitCode.OK:
            self._lines = [NOTHING_CHECKED]
            session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter
    ) -> None:
        """Show a summary of the verdicts."""
        if self._lost:
            terminalreporter.section("the server was lost", red=True)
            terminalreporter.write_line(_as_typed(self._lost))
        if self._lines:
            terminalreporter.section("contract")
            for line in self._lines:
                terminalreporter.write_line(_as_typed(line))


def _as_typed(line: str) -> str:
    """Return a line with the options of ``verify`` if that command runs the kit."""
    if AS_VERIFY not in os.environ:
        return line
    return line.replace("--smartpay-url", "--target").replace("--smartpay-", "--")
