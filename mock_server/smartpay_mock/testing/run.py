"""One run of pytest: the options, the accounts of its tests, and their checks."""

from __future__ import annotations

import textwrap
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.checks import (
    AdviceWarnings,
    SmartpayAdviceWarning,
    check_names,
    describe_unmatched,
    double_charges_in_code,
    run_checks,
    thread_errors,
)
from smartpay_mock.testing.coverage import Recorder
from smartpay_mock.testing.journal import overview
from smartpay_mock.testing.session import Session, SmartpayServer
from smartpay_mock.testing.smartpay import AccountOptions, Smartpay
from smartpay_mock.testing.text import fill

# Packages whose frames a traceback of a usage error leaves out.
_OWN_PACKAGES = {"smartpay_mock", "smartpay_fixtures", "smartpay_schemas"}
_MARKER_OPTIONS = ("fail_on", "frozen", "scenario", "seed")
_COVERAGE_KEY = "smartpay_coverage"
_ADVICE: pytest.StashKey[AdviceWarnings] = pytest.StashKey()
_CHARGED_TWICE_KEY = "smartpay_charged_twice"
DOUBLE_CHARGE = "double-charge"
_MOST_DESCRIBED = 20
HOW_TO_FAIL = """To fail such tests, write in pyproject.toml:

  [tool.pytest.ini_options]
  smartpay_fail_on = ["double-charge", "unmatched-fault"]

If a test charges twice on purpose, use @pytest.mark.smartpay(fail_on="none")."""


class Run:
    """The state of one pytest process.

    Args:
        config: pytest's configuration.
    """

    def __init__(self, config: pytest.Config) -> None:
        worker: Mapping[str, Any] = getattr(config, "workerinput", {})
        self._config = config
        self._failures: list[BaseException] = []
        self._warns: bool = config.getini("smartpay_warn_advice")
        self._fail_on = check_names(
            config.getini("smartpay_fail_on"), origin="smartpay_fail_on"
        )
        # Description by node id, of tests that no check failed for it.
        self._charged_twice: dict[str, str] = {}
        self._recorder = Recorder(config) if Recorder.is_wanted(config) else None
        self._session = Session(
            shared_url=worker.get("smartpay_url", ""),
            salt=worker.get("smartpay_salt", ""),
        )

    def server(self, config: Mapping[str, Any]) -> SmartpayServer:
        """Return the server for a configuration."""
        with _without_traceback():
            return self._session.server(config)

    @contextmanager
    def account(self, item: Any, config: Mapping[str, Any]) -> Iterator[Smartpay]:
        """Create the account of a test, and close it at the end."""
        name = self._session.name_for(item.nodeid)
        server = self.server(config)
        with _without_traceback():
            account = server.account(name, self._options_of(item))
        advice = item.stash[_ADVICE] = AdviceWarnings(item, account)
        server.emulator.on_advice = advice.warn_of if self._warns else None
        if self._recorder is not None:
            self._recorder.watch(account)
        try:
            yield account
        finally:
            server.emulator.on_advice = None
            account.close()
        # Errors after the test itself, for example in the teardown of a fixture.
        reasons = thread_errors(account)
        if reasons:
            pytest.fail("\n\n".join(reasons), pytrace=False)

    def check(self, item: pytest.Item, account: Smartpay) -> None:
        """Check the account of a test that passed, and warn of advice.

        Raises:
            Failed: A check failed, or there is advice and warnings are errors.
        """
        with _without_traceback():
            reasons = run_checks(account, self._fail_on_of(item))
            self._note_double_charges(item, account)
        if reasons:
            pytest.fail("\n\n".join(reasons), pytrace=False)
        if not self._warns:
            return
        try:
            item.stash[_ADVICE].warn_of_the_rest()
        except SmartpayAdviceWarning as warning:  # warnings are errors in this run
            reason = f"SmartpayAdviceWarning: {warning}"
            raise pytest.fail.Exception(reason, pytrace=False) from None

    def report(self, item: pytest.Item, account: Smartpay) -> None:
        """Add the requests, unmatched faults and errors to a failed test's report."""
        unmatched = map(describe_unmatched, account.faults.unmet())
        lines = [overview(account.requests), *unmatched]
        item.add_report_section("call", "smartpay requests", "\n".join(lines))
        with suppress(SandboxUsageError):  # the marker may be what failed the test
            self._note_double_charges(item, account)
        errors = thread_errors(account)
        if errors:
            item.add_report_section("call", "smartpay errors", "\n\n".join(errors))

    @staticmethod
    def shorten(error: BaseException) -> None:
        """Remove the sandbox's own frames from the traceback of a usage error."""
        if not isinstance(error, SandboxUsageError):
            return
        last, entry = None, error.__traceback__
        while entry is not None:
            module = entry.tb_frame.f_globals.get("__name__", "")
            if module.split(".")[0] not in _OWN_PACKAGES:
                last = entry
            entry = entry.tb_next
        if last is not None:
            last.tb_next = None

    def _note_double_charges(self, item: pytest.Item, account: Smartpay) -> None:
        """Note a test that charged a cart twice, if no check of it fails for that."""
        fail_on = self._fail_on_of(item)
        if fail_on and DOUBLE_CHARGE not in fail_on:
            found = double_charges_in_code(account)
            if found:
                self._charged_twice[item.nodeid] = "\n".join(found)

    def send_counts(self, output: dict[str, Any]) -> None:
        """Put what this worker found into its output for the controller."""
        if self._charged_twice:
            output[_CHARGED_TWICE_KEY] = self._charged_twice
        if self._recorder is not None:
            output[_COVERAGE_KEY] = self._recorder.counts()

    def add_counts(self, output: Mapping[str, Any]) -> None:
        """Add what a worker found."""
        self._charged_twice |= output.get(_CHARGED_TWICE_KEY, {})
        if self._recorder is not None:
            self._recorder.add(output.get(_COVERAGE_KEY, ()))

    def has_failed(self) -> bool:
        """Return whether coverage is too low or an emulator had unreported errors.

        A worker's tests report the errors of the worker's emulator. The errors of a
        shared emulator are collected here, in the process that runs it.
        """
        self._failures += self._session.failures()
        if self._recorder is not None and self._recorder.is_too_low():
            return True
        return bool(self._failures)

    def summarize(self, reporter: pytest.TerminalReporter) -> None:
        """Write the coverage, the double charges, and the errors of the emulator."""
        if self._recorder is not None:
            self._recorder.report(reporter)
        if self._charged_twice:
            self._list_double_charges(reporter)
        if self._failures:
            reporter.section("smartpay: errors of the emulator", red=True)
            for error in self._failures:
                reporter.write_line("".join(traceback.format_exception(error)))

    def _list_double_charges(self, reporter: pytest.TerminalReporter) -> None:
        count = len(self._charged_twice)
        reporter.section("smartpay: tests that charged one cart twice", yellow=True)
        for number, (name, description) in enumerate(self._charged_twice.items()):
            reporter.write_line(name, bold=True)
            if number < _MOST_DESCRIBED:
                reporter.write_line(textwrap.indent(description, "  "))
        reporter.write_line(f"{count} in all. {HOW_TO_FAIL}")

    def stop(self) -> None:
        """Stop the servers of this process."""
        self._session.stop()

    def _options_of(self, item: Any) -> AccountOptions:
        options = _marker_options(item)
        return AccountOptions(
            seed=options.get("seed", self._config.getoption("smartpay_seed")),
            frozen=options.get("frozen", False),
            scenario=options.get("scenario", ""),
        )

    def _fail_on_of(self, item: Any) -> frozenset[str]:
        names = _marker_options(item).get("fail_on")
        if names is None:
            return self._fail_on
        names = names.split() if isinstance(names, str) else names
        return check_names(names, origin="@pytest.mark.smartpay(fail_on=...)")


def _marker_options(item: Any) -> dict[str, Any]:
    """Return the options of a test's markers; the closest marker wins.

    Raises:
        SandboxUsageError: An option is unknown.
    """
    options: dict[str, Any] = {}
    for marker in reversed(list(item.iter_markers("smartpay"))):
        unknown = sorted(set(marker.kwargs) - set(_MARKER_OPTIONS))
        if unknown or marker.args:
            wrong = ", ".join([*map(repr, marker.args), *unknown])
            raise SandboxUsageError(
                f"@pytest.mark.smartpay: unknown argument {wrong}. It takes "
                f"{', '.join(_MARKER_OPTIONS)}, by name."
            )
        options |= marker.kwargs
    return options


@contextmanager
def _without_traceback() -> Iterator[None]:
    """Fail the test with the text of a usage error, without a traceback."""
    try:
        yield
    except SandboxUsageError as error:
        raise pytest.fail.Exception(fill(str(error)), pytrace=False) from None
