"""Write the pages of docs/reference from the tables that the emulator runs on.

python tools/reference.py           write the pages (make docs)
python tools/reference.py --check   exit 1 and name the pages that are not up to date
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import groupby
from pathlib import Path

import click

from licences import licences
from smartpay_fixtures import sandbox_values
from smartpay_mock.cli import main as command_line
from smartpay_mock.control.admin import ALIASES, ROUTES
from smartpay_mock.control.routes import PREFIX, Route
from smartpay_mock.events.faults import OPTIONS
from smartpay_mock.kernel.faults import KINDS, OUTCOMES
from smartpay_mock.kernel.settings import Settings, environment_name
from smartpay_mock.mutants import mutants
from smartpay_schemas import CLAUSES, ERRORS, LIFECYCLES, OPERATIONS, Clause, Lifecycle

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "reference"
NOTE = "<!-- Made by `make docs` from {source}; change it there. -->"
CONFIDENCE = (
    "*documented*: Smartpay's guide ["
    '"Creating an order using a token"]'
    "(https://en.docs.smartpay.co/docs/creating-an-order-using-a-token) or reference "
    "describes it. *observed*: an official SDK's live test suite asserts it. "
    "*assumed*: undocumented, so we picked one."
)


def cell(value: object) -> str:
    """Return a value as the text of a table cell; an empty one becomes a dash."""
    text = "" if value is None else str(value)
    return text.replace("|", "\\|").replace("\n", " ") or "–"


def code(value: object) -> str:
    """Return a value in code style, or a dash for none."""
    return f"`{value}`" if value not in {None, ""} else cell(None)


def table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a Markdown table."""
    titles = list(head)
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(cell(x) for x in line)} |" for line in lines)


def operations_page() -> str:
    """Return the page of endpoints, by family."""
    parts = [
        "# Operations",
        f"{len(OPERATIONS)} endpoints. Paths of the merchant API are below `/v1`; "
        "those of the consumer side are at the root of the host. Each returns 401 for "
        "a missing or wrong credential.",
    ]
    for tag, rows in groupby(OPERATIONS.values(), key=lambda row: row.tag):
        parts.append(f"## {tag.replace('_', ' ').replace('-', ' ').capitalize()}")
        for row in rows:
            prefix = "/v1" if row.side == "merchant" else ""
            facts = [
                ("side", row.side),
                ("body", code(row.request)),
                ("answer", answer_of(row.response, row.collection, row.status)),
                ("expand", row.expand),
                ("honours Idempotency-Key", "yes" if row.idempotent else "no"),
                ("errors", ", ".join(error_link(name) for name in row.errors)),
                ("source", row.source),
            ]
            parts += [
                f"### {row.id}",
                f"`{row.method} {prefix}{row.path}`: {row.summary}",
                table(("what", "how"), facts),
            ]
    return "\n\n".join(parts)


def answer_of(response: str | None, is_collection: bool, status: int) -> str:
    """Return the response of a successful call, in words."""
    shape = code(response) if response else "empty"
    return f"{status}, {'a page of ' if is_collection else ''}{shape}"


def error_link(name: str) -> str:
    """Return an error code as a link to its row."""
    return f"[`{name}`](errors.md)"


def errors_page() -> str:
    """Return the page of error codes."""
    rows = [
        (code(row.code), row.status, row.condition, row.message, row.source)
        for row in ERRORS.values()
    ]
    return "\n\n".join(
        [
            "# Errors",
            "An error has `errorCode`, `message` and `details`. A missing or wrong "
            "credential returns 401 and a body without a code.",
            table(("code", "status", "when", "message", "source"), rows),
        ]
    )


def diagram(lifecycle: Lifecycle) -> str:
    """Return a lifecycle as a Mermaid state diagram."""
    edges = [
        f"    {'[*]' if step.from_state == 'new' else step.from_state} --> "
        f"{step.to_state}: {step.action}"
        for step in lifecycle.transitions
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *edges, "```"])


def lifecycles_page() -> str:
    """Return the page of lifecycles: a diagram and a table each."""
    parts = [
        "# Lifecycles",
        "Statuses change only as in these tables. `new` is the state before the object "
        "exists. Events are written in the order shown, in the transaction of the "
        "change.",
    ]
    for resource, lifecycle in LIFECYCLES.items():
        steps = [
            (
                step.action,
                step.from_state,
                step.to_state,
                ", ".join(step.events),
                step.note,
            )
            for step in lifecycle.transitions
        ]
        refusals = [(x, code(y)) for x, y in lifecycle.refusals.items() if y]
        parts += [
            f"## {resource.capitalize()}",
            diagram(lifecycle),
            table(("action", "from", "to", "events", "note"), steps),
            "Other actions are refused:",
            table(("action", "refused with"), refusals),
            f"Source: {lifecycle.source}.",
        ]
    return "\n\n".join(parts)


def promise(clause: Clause) -> str:
    """Return the statement of a clause, and the reason if it is not checked."""
    if clause.checkable:
        return clause.statement
    return f"{clause.statement} (Not checked: {clause.reason})"


def contract_page() -> str:
    """Return the page of clauses, by area."""
    parts = [
        "# The contract",
        f"{len(CLAUSES)} clauses. The kit checks them against any server. On a "
        f"third-party server, a failed *assumed* clause is a discovery. {CONFIDENCE}",
    ]
    clauses = sorted(CLAUSES.values(), key=lambda clause: clause.area)
    for area, rows in groupby(clauses, key=lambda clause: clause.area):
        lines = [
            (code(row.id), promise(row), row.confidence, row.source) for row in rows
        ]
        parts += [
            f"## {area.replace('-', ' ').capitalize()}",
            table(("clause", "promise", "confidence", "source"), lines),
        ]
    return "\n\n".join(parts)


def settings_page() -> str:
    """Return the page of settings: flag, variable, default."""
    rows = [
        (
            code(f"--{row.name.replace('_', '-')}"),
            code(environment_name(row.name)),
            "none" if row.default in {None, "", ()} else code(row.default),
            row.metadata["unit"],
            row.metadata["help"],
        )
        for row in fields(Settings)
    ]
    return "\n\n".join(
        [
            "# Settings",
            "Flags of `smartpay-sandbox serve`. A flag overrides its environment "
            "variable, and both override the default.",
            table(("flag", "variable", "default", "unit", "what it does"), rows),
        ]
    )


def command_line_page() -> str:
    """Return the page of all commands, with what ``--help`` prints."""
    parts = [
        "# The command line",
        "What `smartpay-sandbox COMMAND --help` prints, for each command.",
    ]
    for context in commands_below(command_line, None, "smartpay-sandbox"):
        _, _, name = context.command_path.partition(" ")
        parts += [
            *([f"## {name}"] if name else []),
            f"```text\n{context.get_help()}\n```",
        ]
    return "\n\n".join(parts)


def commands_below(
    command: click.Command, parent: click.Context | None, name: str
) -> Iterable[click.Context]:
    """Yield the context of a command, and of each command below it."""
    settings = {**command.context_settings, "terminal_width": 80}
    context = click.Context(command, parent, name, **settings)
    yield context
    if isinstance(command, click.Group):
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            yield from commands_below(found, context, below) if found else ()


def body_of(route: Route) -> str:
    """Return the members of the body that a route takes, in words."""
    body = route.body or {}
    notes = str(body.get("description", "")).rstrip(".")
    return "; ".join(filter(None, [", ".join(body.get("properties", {})), notes]))


def control_plane_page() -> str:
    """Return the page of the control plane: its routes, faults and webhook faults."""
    routes = [
        (
            code(f"{row.method} {PREFIX}{row.path}"),
            row.summary,
            body_of(row),
            ", ".join(row.query),
            "an account" if row.needs_account else "the server",
        )
        for row in ROUTES
    ]
    faults = [
        (
            code(kind),
            ", ".join(f"{name}: {json.dumps(options[name])}" for name in options),
        )
        for kind, options in {**KINDS, **OUTCOMES}.items()
    ]
    webhook_faults = [
        (code(name), row["description"], row["x-expected"])
        for name, row in OPTIONS.items()
    ]
    return "\n\n".join(
        [
            "# Control plane routes",
            "How to use them: [the control plane](../control-plane.md).",
            table(("route", "what it does", "body", "query", "scope"), routes),
            f"Also outside `/__admin`: {', '.join(code(path) for path in ALIASES)}.",
            "## Faults",
            "Each with its options and their defaults, as JSON. Times are in "
            "milliseconds, `retry_after` is in seconds.",
            table(("kind", "options"), faults),
            "## Webhook faults",
            table(("member", "what it does", "value"), webhook_faults),
        ]
    )


def test_values_page() -> str:
    """Return the page of test values: tokens, consumers, values."""
    known = sandbox_values()
    tokens = [
        (code(x.id), x.status, x.outcome.name, x.explanation, x.confidence)
        for x in known.tokens.values()
    ]
    consumers = [
        (code(x.email_address), code(x.password), x.explanation, x.confidence)
        for x in known.consumers.values()
    ]
    values = [
        (x.kind, code(x.value), x.outcome.name, x.explanation, x.confidence)
        for x in known.values
    ]
    outcomes = [
        (x.name, code(x.automatic), code(x.manual), code(x.error), x.explanation)
        for x in known.outcomes.values()
    ]
    return "\n\n".join(
        [
            "# Test values",
            f"Every account starts with these tokens and consumers. {CONFIDENCE}",
            "## Tokens",
            table(("token", "status", "outcome", "why", "confidence"), tokens),
            "## Consumers",
            table(("e-mail address", "password", "who", "confidence"), consumers),
            "## Values in a request",
            table(("kind", "value", "outcome", "what it does", "confidence"), values),
            "## Outcomes",
            table(
                ("outcome", "automatic capture", "manual capture", "error", "meaning"),
                outcomes,
            ),
        ]
    )


def mutants_page() -> str:
    """Return the page of mutants, by area, with the clauses that each breaks."""
    known = mutants()
    parts = [
        "# Mutants",
        f"{len(known)} deliberately broken variants of the emulator, each with what "
        "its bug would cost you and the clauses of [the contract](contract.md) that it "
        "breaks. How to use them: [Mutation-test your suite](../mutants.md).",
    ]
    for area, rows in groupby(known.values(), key=lambda mutant: mutant.area):
        lines = [
            (code(row.name), row.cost, ", ".join(code(id_) for id_ in row.clauses))
            for row in rows
        ]
        parts += [
            f"## {area.replace('-', ' ').capitalize()}",
            table(("mutant", "what the bug would cost", "clauses"), lines),
        ]
    return "\n\n".join(parts)


def licences_page() -> str:
    """Return the page of licences: the packages that users install."""
    rows = [(code(package), licence) for package, licence in licences().items()]
    return "\n\n".join(
        [
            "# Licences",
            "smartpay-sandbox has the MIT licence. It and its extras install these "
            "packages and what they need in turn (on Linux, with Python 3.11). The "
            "licences are as the packages state them.",
            table(("package", "licence"), rows),
        ]
    )


PAGES: dict[str, tuple[str, Callable[[], str]]] = {
    "operations.md": ("operations.json", operations_page),
    "errors.md": ("errors.json", errors_page),
    "lifecycles.md": ("lifecycles.json", lifecycles_page),
    "contract.md": ("clauses.json", contract_page),
    "settings.md": ("kernel/settings.py", settings_page),
    "control-plane.md": ("control/", control_plane_page),
    "command-line.md": ("cli/", command_line_page),
    "mutants.md": ("mutants/catalogue", mutants_page),
    "test-values.md": ("test_values.json", test_values_page),
    "licences.md": ("the packages' metadata", licences_page),
}
"""File name -> (where its content comes from, what makes it)."""


def rendered() -> dict[Path, str]:
    """Return the text of every page, by its file."""
    return {
        TARGET / name: f"{NOTE.format(source=source)}\n\n{make()}\n"
        for name, (source, make) in PAGES.items()
    }


def stale_pages() -> list[str]:
    """Return the names of the pages that are not up to date."""
    return [
        path.relative_to(ROOT).as_posix()
        for path, text in rendered().items()
        if not path.is_file() or path.read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    """Write the pages, or with ``--check`` only compare them."""
    stale = stale_pages()
    if arguments == ["--check"]:
        print("\n".join(f"{name} is not up to date: make docs" for name in stale))
        return 1 if stale else 0
    TARGET.mkdir(parents=True, exist_ok=True)
    for path, text in rendered().items():
        path.write_text(text, encoding="utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(stale)} of {len(PAGES)} pages changed")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
