"""What one does with an account as a whole: faults, clock, scenarios, snapshots."""

from __future__ import annotations

from smartpay_fixtures.scenarios import scenarios
from smartpay_mock.dashboard.parts import Cell, Field, Form, Page, Table
from smartpay_mock.dashboard.visit import Visit
from smartpay_mock.kernel.faults import ALL_KINDS, WHENS, Fault
from smartpay_schemas import OPERATIONS

_OPERATIONS = (
    "create_order",
    "*",
    *(id_ for id_ in OPERATIONS if id_ != "create_order"),
)
_ADD_FAULT = Form(
    *("add-fault", "Add fault"),
    (
        Field("operation", "Operation", "select", options=_OPERATIONS),
        Field("kind", "Fault", "select", options=[*ALL_KINDS]),
        Field("when", "When", "select", options=WHENS),
        Field("times", "Times (0: all)", "number", "1"),
        Field("after", "Calls that pass first", "number", "0"),
        Field("status", "HTTP status (of status)", "number", "503"),
        Field("ms", "Milliseconds (of latency and timeout)", "number"),
        Field("reference", "Only for this reference"),
    ),
    title="New fault",
)
_REMOVE_FAULTS = Form("remove-faults", "Remove all", is_danger=True)
_FAULT_HEADS = ("Fault", "Operation", "When", "Options", "Met", "Of", "Change")


def faults(visit: Visit) -> Page:
    """Return the fault plans."""
    with visit.read() as (_unit, account):
        rows = [(plan.id, _fault(plan)) for plan in account.faults]
    table = Table("faults", "", _FAULT_HEADS, rows, "No fault plans.")
    forms = [_ADD_FAULT, _REMOVE_FAULTS] if rows else [_ADD_FAULT]
    return Page("Faults", tables=[table], forms=forms)


def _fault(plan: Fault) -> list[Cell]:
    remove = Form(
        *("remove-fault", "Remove"),
        hidden={"id": plan.id},
        about=plan.describe(),
        is_danger=True,
    )
    return [
        Cell(plan.kind, "code"),
        Cell(plan.operation, "code"),
        Cell(plan.when, "word"),
        Cell(plan.describe().partition(plan.when)[2].lstrip(", ")),
        Cell(plan.met, "number"),
        Cell(plan.times, "number") if plan.times else Cell("all", "word"),
        Cell(forms=[remove]),
    ]


# -- clock -----------------------------------------------------------------------------


def _set_running(button: str, change: str, *, is_pressed: bool) -> Form:
    return Form("set-clock", button, hidden={"change": change}, is_pressed=is_pressed)


def _advance(button: str, amount: str, unit: str) -> Form:
    hidden = {"change": "advance", "amount": amount, "unit": unit}
    return Form("set-clock", button, hidden=hidden)


_UNITS = ("days", "hours", "minutes", "seconds")
_CLOCK_FORMS = (
    _advance("+ 1 hour", "1", "hours"),
    _advance("+ 1 day", "1", "days"),
    _advance("+ 7 days", "7", "days"),
    Form("set-clock", "Reset the clock", hidden={"change": "reset"}),
    Form(
        *("set-clock", "Advance"),
        (
            Field("amount", "How long", "number", "1", is_required=True),
            Field("unit", "Unit", "select", options=_UNITS),
        ),
        hidden={"change": "advance"},
        title="Advance the clock",
    ),
    Form(
        *("set-clock", "Set"),
        (Field("at", "Time (UTC)", "datetime-local", is_required=True),),
        hidden={"change": "set"},
        title="Freeze at a time",
    ),
)


def clock(visit: Visit) -> Page:
    """Return the account's clock."""
    with visit.read() as (_unit, account):
        now, frozen = account.clock.now_ms(), account.clock.frozen_at_ms is not None
    return Page(
        "Clock",
        status="frozen" if frozen else "running",
        facts=[("Time of the account", Cell(now, "time"))],
        note="What falls due on the way happens at its own time: authorizations expire "
        "and webhooks are sent.",
        forms=[
            _set_running("Freeze", "freeze", is_pressed=frozen),
            _set_running("Start the clock", "run", is_pressed=not frozen),
            *_CLOCK_FORMS,
        ],
    )


# -- state -----------------------------------------------------------------------------


def _file_form(action: str, button: str, title: str) -> Form:
    file = Field("file", "JSON file", "file", is_required=True)
    is_danger = action == "restore"
    return Form(action, button, (file,), title=title, is_danger=is_danger)


_STATE_FORMS = (
    _file_form("restore", "Restore", "Restore a snapshot"),
    _file_form("load-scenario", "Run", "Run a scenario from a file"),
    Form(
        *("reset", "Reset"),
        (Field("sure", "Delete everything of this account", "checkbox"),),
        title="Reset the account",
        is_danger=True,
    ),
)


def state(visit: Visit) -> Page:
    """Return scenarios, snapshots and the reset of the account."""
    with visit.read() as (unit, _account):
        counts = {kind: unit.count(kind) for kind in unit.kinds()}
    stored = [
        (f"kind-{kind}", [Cell(kind, "code"), Cell(count, "number")])
        for kind, count in counts.items()
    ]
    heads = ("Scenario", "What it creates", "Change")
    tables = [
        Table("scenarios", "Scenarios", heads, _scenarios(), ""),
        Table("stored", "Stored", ("Kind", "Number"), stored, "Nothing is stored."),
    ]
    link = ("Save a snapshot", visit.url("state", "snapshot.json"))
    return Page("Data", links=[link], forms=_STATE_FORMS, tables=tables)


def _scenarios() -> list[tuple[str, list[Cell]]]:
    runs = {
        name: Form("run-scenario", "Run", hidden={"id": name}, about=name)
        for name in scenarios()
    }
    return [
        (
            f"scenario-{name}",
            [Cell(name, "code"), Cell(one.summary), Cell(forms=[runs[name]])],
        )
        for name, one in scenarios().items()
    ]
