"""Turn the outcome of each test into a record of the clauses it checks."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts.checks import Noted
from smartpay_contracts.compare import fingerprint
from smartpay_contracts.connection import Connection, TargetLost
from smartpay_contracts.emulator import running_emulator
from smartpay_contracts.entry import LOST, TARGET_LOST
from smartpay_contracts.exchange import ContractFailure, Exchange
from smartpay_contracts.finish import check_files
from smartpay_contracts.options import Options, read_options
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.target import Target, connect, find_target
from smartpay_schemas import CLAUSES, OPERATIONS, Clause

HERE = Path(__file__).parent
NEEDS = {
    "control": "control",
    "consumer": "consumer",
    "listen": "receiver",
    "other": "second account",
}
"""Fixture -> what it needs of a server beyond a key and a token."""

LONGEST_BODY, LONGEST_CURL = 400, 800
"""Characters that the terminal shows; reports show more."""

LISTS = "test_pagination.py"
CONFIDENCE_ORDER = ("documented", "observed", "assumed")


class Validator:
    """The pytest hooks for the kit's tests; other tests are left alone."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._open = contextlib.ExitStack()
        self._target: Target | None = None
        self._connection: Connection | None = None
        self._lost = ""
        self.noted: Noted = {}
        """Failures of other clauses than those of the running test."""
        config.add_cleanup(self._open.close)

    @property
    def target(self) -> Target:
        """The server under test."""
        if self._target is None:
            self._find_target()
        assert self._target is not None
        return self._target

    @property
    def connection(self) -> Connection:
        """How to reach it."""
        if self._connection is None:
            self._find_target()
        assert self._connection is not None
        return self._connection

    def _find_target(self) -> None:
        options = read_options(self._config)
        check_files(options)
        options = self._with_server(options)
        connection = connect(options)
        self._open.callback(connection.close)
        self._target = find_target(options, connection)
        self._connection = connection

    def _with_server(self, options: Options) -> Options:
        if options.url is not None:
            return options
        # The options' key belongs to another server, not to the emulator.
        mine = replace(options, secret_key=None, second_secret_key=None, token=None)
        return mine.for_url(self._open.enter_context(running_emulator()))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Refuse tests without a clause, and probe the server before the first test.

        Tests of lists run first, while the account of a third-party server is small.
        """
        self._leave_out(items)
        mine = [item for item in items if is_ours(item)]
        items.sort(key=lambda item: not (is_ours(item) and item.path.name == LISTS))
        for item in mine:
            for row in clauses_of(item):
                item.user_properties.append(("clause", row.id))
                item.user_properties.append(("confidence", row.confidence))
        if mine and not self._config.option.collectonly:
            self._find_target()

    def _leave_out(self, items: list[pytest.Item]) -> None:
        """Leave out tests of operations that the run is not about."""
        chosen = read_options(self._config).operations
        if chosen is None:
            return
        rest = [item for item in items if is_ours(item) and not _is_about(item, chosen)]
        self._config.hook.pytest_deselected(items=rest)
        items[:] = [item for item in items if item not in rest]

    def pytest_report_collectionfinish(self) -> list[str]:
        """Show which server is checked."""
        if self._target is None:
            return []
        target = self._target.describe()
        lines = [f"smartpay contract kit: {target['url']} ({target['kind']})"]
        if target["lacks"]:
            lines.append(f"not available: {', '.join(target['lacks'])}")  # type: ignore[arg-type]  # a list of words
        return lines

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add the record to the report, and remove secrets from it."""
        report = yield
        if not is_ours(item):
            return report
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, TargetLost):
            self._lose(str(error), report)
        else:
            self._validate(item, call, report)
        report.sections = [
            (name, SECRETS.clean(text)) for name, text in report.sections
        ]
        return report

    def _lose(self, message: str, report: pytest.TestReport) -> None:
        """End the run: nothing more can be checked without a server."""
        if not hasattr(self._config, "workerinput"):
            self._config.stash[LOST] = message
            pytest.exit(message, returncode=TARGET_LOST)
        # A worker of pytest-xdist must not exit; it skips the remaining tests.
        self._lost = message
        report.longrepr = message
        report.smartpay_lost = message  # type: ignore[attr-defined]  # read in entry

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip the remaining tests when the server is gone."""
        if self._lost and is_ours(item):
            pytest.skip(self._lost)

    def _validate(
        self, item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport
    ) -> None:
        if call.when != "call" and report.passed:
            return
        rows = clauses_of(item)
        record = self._record(item, rows, report)
        if report.failed:
            record["failure"] = self._failure(item, call, rows, report)
            report.longrepr = record["failure"]["text"]
            if self._is_discovery(rows):
                record["outcome"] = "discovery"
                report.outcome = "skipped"
                report.wasxfail = f"discovery: {record['failure']['found']}"
                report.smartpay_discovery = True  # type: ignore[attr-defined]  # ours
        noted = [self._noted(record, *found, report) for found in self.noted.items()]
        self.noted.clear()
        report.smartpay_records = [record, *noted]  # type: ignore[attr-defined]  # gathered in entry

    def _noted(
        self,
        record: dict[str, Any],
        clause: str,
        error: ContractFailure,
        report: pytest.TestReport,
    ) -> dict[str, Any]:
        """Return the record of a failure of another clause; the test fails for it."""
        failure = failure_record(
            [CLAUSES[clause]],
            error.expected,
            error.found,
            error.exchange,
            where=record["test"],
        )
        if report.passed:
            report.outcome = "failed"
            report.longrepr = failure["text"]
        mine = {"clauses": [clause], "outcome": "failed", "failure": failure}
        return {**record, **mine, "reason": None, "calls": 0, "seconds": 0.0}

    def _is_discovery(self, rows: Iterable[Clause]) -> bool:
        return self.target.is_foreign and all(r.confidence == "assumed" for r in rows)

    def _record(
        self, item: pytest.Item, rows: list[Clause], report: pytest.TestReport
    ) -> dict[str, Any]:
        exchanges = self.connection.exchanges
        return {
            "test": item.nodeid.rpartition("/")[2],
            "clauses": [row.id for row in rows],
            "outcome": report.outcome,
            "reason": _skip_reason(report),
            "seconds": round(report.duration, 4),
            "needs": needs_of(item),
            "calls": len(exchanges),
            "answers": sorted(
                {(e.operation, e.status) for e in exchanges if e.operation}
            ),
            "fingerprint": fingerprint(exchanges),
            "target": self.target.describe(),
            "failure": None,
        }

    def _failure(
        self,
        item: pytest.Item,
        call: pytest.CallInfo[None],
        rows: list[Clause],
        report: pytest.TestReport,
    ) -> dict[str, Any]:
        error = call.excinfo.value if call.excinfo else None
        exchange = self._last()
        if isinstance(error, ContractFailure):
            expected, found = error.expected, error.found
            exchange = error.exchange or exchange
        elif isinstance(error, Exception):
            expected = " ".join(row.statement for row in rows)
            found = f"{_statement_of(item, call)}: {_in_words(error)}"
        else:
            expected, found = "the test to run to its end", str(report.longrepr)
        return failure_record(
            rows, expected, found, exchange, where=_line_of(item, call)
        )

    def _last(self) -> Exchange | None:
        exchanges = self.connection.exchanges
        return exchanges[-1] if exchanges else None

    def pytest_report_teststatus(
        self, report: pytest.TestReport
    ) -> tuple[str, str, tuple[str, dict[str, bool]]] | None:
        """Show a discovery as a discovery."""
        if getattr(report, "smartpay_discovery", False):
            return "discovered", "D", ("DISCOVERY", {"yellow": True})
        return None


def is_ours(item: pytest.Item) -> bool:
    """Return whether a test belongs to the kit."""
    return item.path.is_relative_to(HERE)


def clauses_of(item: pytest.Item) -> list[Clause]:
    """Return the clauses that a test checks.

    Raises:
        pytest.UsageError: It names none or an unknown one, or mixes assumed clauses
            with others: a failure would be a discovery and a failure at once.
    """
    ids = [name for mark in item.iter_markers("clause") for name in mark.args]
    unknown = [name for name in ids if name not in CLAUSES]
    if not ids or unknown:
        raise pytest.UsageError(
            f"{item.nodeid} names {', '.join(unknown) or 'no clause'}; mark it with "
            '@pytest.mark.clause("...") and an id of clauses.json.'
        )
    rows = [CLAUSES[name] for name in dict.fromkeys(ids)]
    if len({row.confidence == "assumed" for row in rows}) > 1:
        raise pytest.UsageError(
            f"{item.nodeid} mixes assumed clauses with others. Make it two tests."
        )
    return sorted(rows, key=lambda row: CONFIDENCE_ORDER.index(row.confidence))


def _is_about(item: pytest.Item, chosen: frozenset[str]) -> bool:
    """Return whether a test is about an operation among those chosen.

    A test that calls others as well is skipped when it does so.
    """
    values = getattr(item, "callspec", None)
    given = values.params.values() if values else ()
    found = [getattr(value, "list_operation", value) for value in given]
    names = {value for value in found if isinstance(value, str)}
    if names & set(OPERATIONS):
        return not chosen.isdisjoint(names)
    return any(
        not row.operations or not chosen.isdisjoint(row.operations)
        for row in clauses_of(item)
    )


def needs_of(item: pytest.Item) -> list[str]:
    """Return what a test needs beyond a key and a token, by its fixtures."""
    names = getattr(item, "fixturenames", ())
    return sorted(need for fixture, need in NEEDS.items() if fixture in names)


def failure_record(
    rows: list[Clause],
    expected: str,
    found: str,
    exchange: Exchange | None,
    *,
    where: str,
) -> dict[str, Any]:
    """Return a failure for the reports, without secrets."""
    record: dict[str, Any] = {
        "expected": SECRETS.clean(expected),
        "found": SECRETS.clean(found),
        "where": where,
        "exchange": exchange.record() if exchange else None,
    }
    return {**record, "text": _text(rows, record)}


def _text(rows: list[Clause], record: dict[str, Any]) -> str:
    lines = []
    for row in rows:
        lines += [f"{row.id} ({row.confidence}: {row.source})", f"  {row.statement}"]
    lines += [f"expected: {record['expected']}", f"found:    {record['found']}"]
    exchange = record["exchange"]
    if exchange:
        asked, answered = exchange["request"], exchange["response"]
        lines += [
            f"call:     {asked['method']} {asked['url']}",
            f"sent:     {_brief(asked['body'])}",
            f"answer:   {answered['status']} {_brief(answered['body'])}",
        ]
        if len(exchange["curl"]) <= LONGEST_CURL:
            lines.append(f"repeat:   {exchange['curl']}")
    return "\n".join([*lines, f"at {record['where']}"])


def _brief(body: str) -> str:
    if len(body) > LONGEST_BODY:
        return f"{body[:LONGEST_BODY]}... (complete in the reports)"
    return body or "(no body)"


def _line_of(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """Return file and line of the test where it failed."""
    line = 0
    for entry in call.excinfo.traceback if call.excinfo else ():
        if Path(str(entry.path)) == item.path:
            line = entry.lineno + 1
    return f"{item.path.name}:{line}" if line else item.path.name


def _statement_of(item: pytest.Item, call: pytest.CallInfo[None]) -> str:
    """Return the statement of the test that failed."""
    entries = call.excinfo.traceback if call.excinfo else ()
    mine = [entry for entry in entries if Path(str(entry.path)) == item.path]
    return " ".join(str(mine[-1].statement).split()) if mine else item.name


def _in_words(error: Exception) -> str:
    if isinstance(error, AssertionError):
        return str(error) or "not so"
    return f"{type(error).__name__}: {error}"


def _skip_reason(report: pytest.TestReport) -> str | None:
    if report.outcome != "skipped" or not isinstance(report.longrepr, tuple):
        return None
    return str(report.longrepr[2]).removeprefix("Skipped: ")
