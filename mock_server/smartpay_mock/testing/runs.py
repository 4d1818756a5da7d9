"""One run of pytest: options, marker and worker in, verdicts and warnings out."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.advice import (
    Place,
    SmartpayAdviceWarning,
    warn_of_advice,
)
from smartpay_mock.testing.beginnings import Beginning
from smartpay_mock.testing.explaining import WIDTH, overview
from smartpay_mock.testing.recorder import OUTPUT, Recorder
from smartpay_mock.testing.session import Session, SmartpayServer
from smartpay_mock.testing.smartpay import Smartpay
from smartpay_mock.testing.verdicts import (
    check_kinds,
    judge,
    thread_errors,
    waiting,
)

MARKER = "smartpay"
# Frames that say nothing to who used the sandbox wrongly.
_OWN = {"smartpay_mock", "smartpay_fixtures", "smartpay_schemas"}
_OPTIONS = ("fail_on", "frozen", "scenario", "seed")


class Run:
    """What one pytest process keeps.

    Args:
        config: Of pytest.
    """

    def __init__(self, config: pytest.Config) -> None:
        worker: Mapping[str, Any] = getattr(config, "workerinput", {})
        self._config = config
        self._failures: list[BaseException] = []
        self._warns: bool = config.getini("smartpay_warn_advice")
        self._fail_on = check_kinds(
            config.getini("smartpay_fail_on"), origin="smartpay_fail_on"
        )
        self.recorder = _recorder_for(config)
        self._session = Session(
            shared_url=worker.get("smartpay_url", ""),
            salt=worker.get("smartpay_salt", ""),
        )

    def server(self, config: Mapping[str, Any]) -> SmartpayServer:
        """Return the server for a configuration."""
        with _told_plainly():
            return self._session.server(config)

    def shared_url(self) -> str:
        """Return the address of the emulator that this process runs for workers."""
        return self.server({}).root_url

    @contextmanager
    def account(self, item: Any, config: Mapping[str, Any]) -> Iterator[Smartpay]:
        """Give a test its account, and take it back."""
        name = self._session.name_for(item.nodeid)
        with _told_plainly():
            account = self.server(config).account(name, self._beginning(item))
        if self.recorder is not None:
            self.recorder.watch(account)
        try:
            yield account
        finally:
            account.close()
        # What went wrong outside the test's own lines, in another fixture say.
        reasons = thread_errors(account)
        if reasons:
            pytest.fail("\n\n".join(reasons), pytrace=False)

    def judge(self, item: pytest.Item, account: Smartpay) -> None:
        """Fail a test that passed, for what its account went through; else warn.

        Raises:
            Failed: A verdict that counts was reached, or there is advice and warnings
                are errors.
        """
        with _told_plainly():
            reasons = judge(account, self._counts(item))
        if reasons:
            pytest.fail("\n\n".join(reasons), pytrace=False)
        if self._warns:
            raised = _warn(item, account)
            if raised:
                pytest.fail(f"SmartpayAdviceWarning: {raised}", pytrace=False)

    def show(self, item: pytest.Item, account: Smartpay) -> None:
        """Add what a failed test's account went through to its report.

        Errors in threads are its own: the next test is not to be blamed for them.
        """
        lines = [overview(account.requests), *map(waiting, account.faults.unmet())]
        item.add_report_section("call", "smartpay requests", "\n".join(lines))
        errors = thread_errors(account)
        if errors:
            item.add_report_section("call", "smartpay errors", "\n\n".join(errors))

    @staticmethod
    def shorten(error: BaseException) -> None:
        """Cut the sandbox's own frames off the traceback of a wrong use."""
        if not isinstance(error, SandboxUsageError):
            return
        last, entry = None, error.__traceback__
        while entry is not None:
            if entry.tb_frame.f_globals.get("__name__", "").split(".")[0] not in _OWN:
                last = entry
            entry = entry.tb_next
        if last is not None:
            last.tb_next = None

    def _beginning(self, item: Any) -> Beginning:
        options = marked_options(item)
        return Beginning(
            seed=options.get("seed", self._config.getoption("smartpay_seed")),
            frozen=options.get("frozen", False),
            scenario=options.get("scenario", ""),
        )

    def _counts(self, item: Any) -> frozenset[str]:
        asked = marked_options(item).get("fail_on")
        if asked is None:
            return self._fail_on
        names = asked.split() if isinstance(asked, str) else asked
        return check_kinds(names, origin="@pytest.mark.smartpay(fail_on=...)")

    def send_to(self, output: dict[str, Any]) -> None:
        """Put what this worker counted where its controller finds it."""
        if self.recorder is not None:
            output[OUTPUT] = self.recorder.output()

    def receive(self, output: Mapping[str, Any]) -> None:
        """Add what a worker counted."""
        if self.recorder is not None:
            self.recorder.merge(output)

    def has_failed(self) -> bool:
        """Return whether the run fails though its tests may have passed.

        Too little was covered, or emulators of this process failed behind the tests'
        backs: a worker's tests see the errors of their own emulator; those of one that
        is shared are seen here, where it runs.
        """
        self._failures += self._session.failures()
        if self.recorder is not None and self.recorder.is_too_low():
            return True
        return bool(self._failures)

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """Show what was covered, and the errors that ``has_failed`` found."""
        if self.recorder is not None:
            self.recorder.report(reporter)
        if self._failures:
            reporter.section("smartpay: errors of the emulator", red=True)
            for error in self._failures:
                reporter.write_line("".join(traceback.format_exception(error)))

    def stop(self) -> None:
        """Stop the servers of this process."""
        self._session.stop()


def marked_options(item: Any) -> dict[str, Any]:
    """Return the options of a test's markers; the closest marker wins.

    Raises:
        SandboxUsageError: An option is unknown.
    """
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers(MARKER))):
        unknown = sorted(set(marker.kwargs) - set(_OPTIONS))
        if unknown or marker.args:
            wrong = ", ".join([*map(repr, marker.args), *unknown])
            raise SandboxUsageError(
                f"@pytest.mark.smartpay takes no {wrong}; it takes "
                f"{', '.join(_OPTIONS)}, by name."
            )
        options |= marker.kwargs
    return options


def _warn(item: pytest.Item, account: Smartpay) -> SmartpayAdviceWarning | None:
    """Warn of advice; return the warning where warnings are errors in this run."""
    path, line = item.reportinfo()[:2]
    try:
        warn_of_advice(account.requests, Place(str(path), (line or 0) + 1))
    except SmartpayAdviceWarning as warning:
        return warning
    return None


def _recorder_for(config: pytest.Config) -> Recorder | None:
    options = ("smartpay_cov_report", "smartpay_cov_fail_under")
    if config.getoption("smartpay_cov") or any(map(config.getoption, options)):
        return Recorder(config)
    return None


@contextmanager
def _told_plainly() -> Iterator[None]:
    """Fail the test for what its author did wrong, without a traceback."""
    try:
        yield
    except SandboxUsageError as error:
        text = textwrap.fill(str(error), WIDTH, break_on_hyphens=False)
        raise pytest.fail.Exception(text, pytrace=False) from None
