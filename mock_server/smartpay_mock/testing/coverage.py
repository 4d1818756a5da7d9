"""Payment-path coverage: which paths through the API the tests of a suite take.

A path is an outcome of an operation, an error code of it, a replay of its answer, a
step of a lifecycle, or a fault before or after the commit. The known paths come from
the tables in ``smartpay_schemas``; the paths taken come from journals.
"""

from __future__ import annotations

import json
import pathlib
import re
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import KINDS, WHENS
from smartpay_mock.resources.context import NEW
from smartpay_mock.testing.client import REFUSED
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.smartpay import Smartpay
from smartpay_mock.testing.text import wrap
from smartpay_schemas import ERRORS, LIFECYCLES, OPERATIONS, Operation, Transition

VERSION = 1
"""Version of the JSON report."""

_REPLAYED = "replayed"
_ANSWERED = "answered"
_STEP = re.compile(r"(\w+) (\w+) -(\w+)-> (\w+)")
_FAULT = re.compile(rf"({'|'.join(KINDS)}) on \S+ ({'|'.join(WHENS)})")
# A login belongs to no account, so no account's journal shows it.
_LOGIN_SIDE = "consumer-login"
# Steps that only time takes, by the status they lead to.
_BY_TIME = {"canceled": "expire", "succeeded": "expire_captured"}

_TERM = "term"
_LABEL = 24
_HARD_SPACE = "\N{NO-BREAK SPACE}"


class Path(NamedTuple):
    """One path.

    Attributes:
        area: ``operation``, ``lifecycle`` or ``fault``.
        subject: An operation id, a resource, or a kind of fault.
        name: Such as ``succeeded``, ``new -charge-> succeeded``, ``after_commit``.
    """

    area: str
    subject: str
    name: str

    @property
    def heading(self) -> str:
        """The heading of the path in a report."""
        headings = {"lifecycle": f"{self.subject} lifecycle", "fault": "faults"}
        return headings.get(self.area, self.subject)

    @property
    def label(self) -> str:
        """The path as shown below its heading."""
        return f"{self.subject} {self.name}" if self.area == "fault" else self.name


# -- known paths ----------------------------------------------------------------------


def known_paths(operations: Collection[str]) -> list[Path]:
    """Return every path through some operations, in the order of the tables.

    Args:
        operations: Operation ids.
    """
    paths = [
        path
        for operation in OPERATIONS.values()
        if operation.id in operations
        for path in _paths_of(operation)
    ]
    paths += [
        Path("lifecycle", resource, _step_name(step))
        for resource, lifecycle in LIFECYCLES.items()
        for step in lifecycle.transitions
        if not set(step.operations).isdisjoint(operations)
    ]
    if operations:
        paths += [Path("fault", kind, when) for kind in KINDS for when in WHENS]
    return paths


def find_operations(names: Iterable[str]) -> frozenset[str]:
    """Return the operations with some ids, or of the families with some tags.

    Raises:
        SandboxUsageError: There is no operation or family of a name.
    """
    chosen: set[str] = set()
    for name in names:
        family = {row.id for row in OPERATIONS.values() if name in {row.id, row.tag}}
        if not family:
            tags = sorted({row.tag for row in OPERATIONS.values()})
            raise SandboxUsageError(
                f"smartpay coverage: unknown operation {name!r}. Name operations, such "
                f"as create_order, or families: {', '.join(tags)}."
            )
        chosen |= family
    return frozenset(chosen)


def _paths_of(operation: Operation) -> list[Path]:
    if operation.side == _LOGIN_SIDE:
        return []
    names = [*_outcomes_of(operation.id), *operation.errors]
    if operation.idempotent:
        names.append(_REPLAYED)
    return [Path("operation", operation.id, name) for name in names]


def _outcomes_of(operation: str) -> list[str]:
    """Return the statuses of a new order, if the operation can create several."""
    states = [
        step.to_state
        for step in LIFECYCLES["order"].transitions
        if step.from_state == NEW and operation in step.operations
    ]
    return states if len(states) > 1 else [_ANSWERED]


def _step_name(step: Transition) -> str:
    return f"{step.from_state} -{step.action}-> {step.to_state}"


# -- paths taken ----------------------------------------------------------------------


def count_paths(
    entries: Iterable[Mapping[str, Any]],
    orders: Sequence[Mapping[str, Any]],
    *,
    skip: Collection[str] = (),
) -> Counter[Path]:
    """Return how often the code under test took each path.

    Args:
        entries: The account's journal.
        orders: Its current orders. Only they show the steps that time took.
        skip: Ids of entries and orders that were counted before.
    """
    seen: Counter[Path] = Counter()
    ended = Counter(str(row["status"]) for row in orders if row["id"] not in skip)
    for entry in entries:
        if entry["id"] in skip:
            continue
        request = RecordedRequest.of(entry)
        steps = list(_steps(request))
        ended.subtract(_order_ends(steps))
        if not request.is_from_test:
            seen.update([_outcome(request), *steps, *_faults(request)])
    for status, action in _BY_TIME.items():
        # No request ended these orders, so time did.
        if ended[status] > 0:
            step = f"requires_capture -{action}-> {status}"
            seen[Path("lifecycle", "order", step)] += ended[status]
    return seen


def counted_ids(
    entries: Iterable[Mapping[str, Any]], orders: Iterable[Mapping[str, Any]]
) -> set[str]:
    """Return the ids that ``count_paths`` must skip after it counted these."""
    ended = {order["id"] for order in orders if order["status"] in _BY_TIME}
    return ended | {entry["id"] for entry in entries}


def _outcome(request: RecordedRequest) -> Path:
    answer = request.answer if isinstance(request.answer, dict) else {}
    if request.replayed:
        name = _REPLAYED
    elif request.status >= REFUSED:
        name = str(answer.get("errorCode", request.status))
    else:
        outcomes = _outcomes_of(request.operation)
        status = str(answer.get("status"))
        name = status if status in outcomes else outcomes[0]
    return Path("operation", request.operation, name)


def _steps(request: RecordedRequest) -> Iterable[Path]:
    for finding in request.trace:
        match = _STEP.fullmatch(finding.found)
        if finding.rule == "lifecycle" and match:
            resource, before, action, after = match.groups()
            yield Path("lifecycle", resource, f"{before} -{action}-> {after}")


def _order_ends(steps: Iterable[Path]) -> Iterable[str]:
    for step in steps:
        before, _, after = step.name.split(" ")
        if step.subject == "order" and after in _BY_TIME and before != after:
            yield after


def _faults(request: RecordedRequest) -> Iterable[Path]:
    for text in request.faults:
        match = _FAULT.match(text)
        if match:
            yield Path("fault", *match.groups())


# -- reports --------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Coverage:
    """The paths that a suite took, compared with the known paths.

    Attributes:
        seen: How often each path was taken.
        asked: The operations that count; empty for all that were called.
    """

    seen: Counter[Path]
    asked: Collection[str] = ()

    @property
    def called(self) -> Collection[str]:
        """The operations that were called."""
        paths = {path.subject for path in self.seen if path.area == "operation"}
        return paths & OPERATIONS.keys()

    @property
    def paths(self) -> list[Path]:
        """Every known path, then the paths taken that no table lists.

        Any operation can get some refusals, and time takes some steps.
        """
        known = known_paths(self.asked or self.called)
        return known + sorted(filter(self._counts, self.seen.keys() - set(known)))

    def _counts(self, path: Path) -> bool:
        if path.area == "operation":
            # The error code of a planned fault is no error of the API.
            operations = self.asked or self.called
            return path.subject in operations and path.name in ERRORS
        # The operation of a step is unknown: it counts unless operations are named.
        return not self.asked

    @property
    def covered(self) -> int:
        """Number of paths that were taken."""
        return sum(self.seen[path] > 0 for path in self.paths)

    @property
    def percent(self) -> float:
        """Share of the paths that were taken, in percent; 100 if there are none."""
        total = len(self.paths)
        return 100.0 if total == 0 else 100 * self.covered / total

    @property
    def not_called(self) -> list[str]:
        """The operations that were not called."""
        called = self.called
        return [name for name in OPERATIONS if name not in called]

    def groups(self) -> list[tuple[str, list[Path]]]:
        """Return the paths by operation and lifecycle, with the faults last."""
        groups: dict[str, list[Path]] = {}
        for path in self.paths:
            groups.setdefault(path.heading, []).append(path)
        return list(groups.items())

    def summary(self) -> str:
        """Return the totals in one sentence."""
        return (
            f"{self.covered} of {len(self.paths)} payment paths were taken, "
            f"{self.percent:.1f} %."
        )


def as_text(coverage: Coverage) -> str:
    """Return a table within 80 columns: the paths taken, and those never taken."""
    lines = []
    for heading, paths in coverage.groups():
        seen = [path for path in paths if coverage.seen[path]]
        never = [path.label for path in paths if not coverage.seen[path]]
        lines.append(f"{heading:<{_LABEL}} {len(seen)} of {len(paths)}")
        lines += _row("taken", [f"{p.label} ({coverage.seen[p]})" for p in seen])
        lines += _row("never", never)
    lines.append(coverage.summary())
    if coverage.not_called:
        lines += wrap(f"Not called: {', '.join(coverage.not_called)}.", rest="  ")
    return "\n".join(lines)


def _row(label: str, names: list[str]) -> list[str]:
    if not names:
        return []
    # Hard spaces keep each name on one line.
    text = ", ".join(name.replace(" ", _HARD_SPACE) for name in names)
    lines = wrap(text, f"  {label:<6}", " " * 8)
    return [line.replace(_HARD_SPACE, " ") for line in lines]


def as_json(coverage: Coverage) -> str:
    """Return the JSON report: totals, and every path with its count."""
    document = {
        "version": VERSION,
        "paths": len(coverage.paths),
        "covered": coverage.covered,
        "percent": round(coverage.percent, 2),
        "notCalled": coverage.not_called,
        "seen": [
            {**path._asdict(), "times": coverage.seen[path]} for path in coverage.paths
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def as_html(coverage: Coverage) -> str:
    """Return one HTML page that loads no other file."""
    from jinja2 import Environment, PackageLoader  # noqa: PLC0415 - only for this form

    pages = Environment(loader=PackageLoader(__package__, ""), autoescape=True)
    return f"{pages.get_template('coverage.html').render(coverage=coverage)}\n"


# form of a report -> the function that writes it, and its default file
FORMS: dict[str, tuple[Callable[[Coverage], str], str]] = {
    "html": (as_html, "smartpay-coverage.html"),
    "json": (as_json, "smartpay-coverage.json"),
}


# -- one run of pytest ----------------------------------------------------------------


class Recorder:
    """Counts the payment paths that the tests of a run take.

    Args:
        config: pytest's configuration.

    Raises:
        UsageError: An option is invalid.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._root = config.invocation_params.dir
        self._reports = _read_reports(config.getoption("smartpay_cov_report"))
        self._lowest: float = config.getoption("smartpay_cov_fail_under") or 0
        self._seen: Counter[Path] = Counter()
        self._counted: dict[str, set[str]] = {}
        option: str = config.getoption("smartpay_cov_operations")
        names = option.split(",") if option else []
        try:
            self._asked = find_operations(
                names or config.getini("smartpay_cov_operations")
            )
        except SandboxUsageError as error:
            raise pytest.UsageError(str(error)) from None

    @staticmethod
    def is_wanted(config: pytest.Config) -> bool:
        """Return whether an option asks for coverage."""
        options = ("smartpay_cov", "smartpay_cov_report", "smartpay_cov_fail_under")
        return any(map(config.getoption, options))

    def watch(self, account: Smartpay) -> None:
        """Count the paths that an account's tests take until it is closed."""
        account.before_forgetting = lambda: self._count(account)

    def counts(self) -> list[list[Any]]:
        """Return the counts in the form that a worker sends."""
        return [[*path, times] for path, times in sorted(self._seen.items())]

    def add(self, counts: Iterable[tuple[str, str, str, int]]) -> None:
        """Add the counts of a worker."""
        for area, subject, name, times in counts:
            self._seen[Path(area, subject, name)] += times

    def is_too_low(self) -> bool:
        """Return whether coverage is below ``--smartpay-cov-fail-under``."""
        return self._coverage.percent < self._lowest

    def report(self, reporter: pytest.TerminalReporter) -> None:
        """Write the reports that the options ask for."""
        coverage = self._coverage
        reporter.section("smartpay: payment-path coverage")
        for form, path in self._reports:
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

    @property
    def _coverage(self) -> Coverage:
        return Coverage(self._seen, self._asked)

    def _count(self, account: Smartpay) -> None:
        # A restored snapshot holds requests that were counted before.
        counted = self._counted.setdefault(account.secret_key, set())
        entries, orders = account.journal, account.orders
        self._seen.update(count_paths(entries, orders, skip=counted))
        counted |= counted_ids(entries, orders)


def _read_reports(options: list[str]) -> list[tuple[str, pathlib.Path]]:
    """Return the form and the file of each report.

    Raises:
        UsageError: A form is unknown.
    """
    reports = []
    for text in options or [_TERM]:
        form, _, path = text.partition(":")
        if form != _TERM and form not in FORMS:
            raise pytest.UsageError(
                f"--smartpay-cov-report={text}: unknown form. Use {_TERM}, "
                f"{', '.join(FORMS)}; add a file if you like: json:reports/cov.json."
            )
        default = FORMS[form][1] if form in FORMS else ""
        reports.append((form, pathlib.Path(path or default)))
    return reports
