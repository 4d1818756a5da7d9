"""Which edits of the API break callers: a table of edits with the verdict of each."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from click.testing import CliRunner

from smartpay_mock.cli.openapi import contract as command
from smartpay_mock.cli.openapi import openapi as openapi_command
from smartpay_schemas._keywords import COMPARERS
from smartpay_schemas.compare import NOT_COMPARED, compare
from smartpay_schemas.openapi import openapi

REMOVED: Any = object()
CURRENT = openapi()
SCHEMAS = "/components/schemas"


class Edit(NamedTuple):
    """One edit: where, what it becomes, and what that means for callers."""

    name: str
    at: str
    becomes: Any
    verdict: str


EDITS = [
    Edit(row["edit"], row["at"], row.get("becomes", REMOVED), row["verdict"])
    for row in json.loads(
        Path(__file__).with_name("contract_edits.json").read_text("utf-8")
    )
]
"""Edits of what callers send, of what they get, of operations, webhooks and words."""

# Undoing it breaks callers.
UNDONE = next(edit for edit in EDITS if edit.name == "more results a page")


def edited(edit: Edit) -> Any:
    """Return the document with one edit made to it."""
    document = copy.deepcopy(CURRENT)
    steps = [s.replace("~1", "/") for s in edit.at.removeprefix("/").split("/")]
    node: Any = document
    for step in steps[:-1]:
        node = node[int(step)] if isinstance(node, list) else node[step]
    if steps[-1] == "-":
        node.append(edit.becomes)
    elif edit.becomes is REMOVED:
        del node[steps[-1]]
    else:
        node[steps[-1]] = edit.becomes
    return document


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.name)
def test_an_edit_gets_its_verdict(edit: Edit) -> None:
    """Every change the edit makes is found; the worst of them is the verdict."""
    changes = compare(CURRENT, edited(edit))

    verdicts = {change.verdict for change in changes}
    worst = "breaking" if "breaking" in verdicts else "compatible"
    assert (worst if changes else "none") == edit.verdict, changes


COMPARED = {
    *("paths", "get", "post", "put", "patch", "delete", "security", "webhooks"),
    *("parameters", "name", "in", "required", "requestBody", "content", "schema"),
    *("responses", "headers", "$ref"),
}
"""Keywords outside of schemas that the comparison reads."""

SCHEMA_KEYWORDS = {
    *("$ref", "properties", "default", "then", "else", "items"),
    *("allOf", "anyOf", "oneOf", *COMPARERS),
}
"""Keywords of schemas that the comparison reads."""

NAMED = {"properties", "schemas", "paths", "webhooks", "responses", "content"}
NAMED |= {"headers", "parameters"}
"""Keywords whose value has names for keys."""

DATA = {"security", "const", "enum", "default"}
"""Keywords whose value is data."""


def test_every_part_of_a_document_is_compared_or_named_as_not_compared() -> None:
    """A part that is neither would change in silence."""
    keywords = set(_keywords(openapi(), in_schema=False))

    unknown = {
        (in_schema, key)
        for in_schema, key in keywords
        if key not in (SCHEMA_KEYWORDS if in_schema else COMPARED) | NOT_COMPARED
        and not key.startswith("x-")
    }
    assert unknown == set()


def _keywords(node: Any, *, in_schema: bool) -> Iterator[tuple[bool, str]]:
    """Yield each keyword of the document, and whether it is one of a schema."""
    if isinstance(node, list):
        for entry in node:
            yield from _keywords(entry, in_schema=in_schema)
    if not isinstance(node, dict):
        return
    for key, value in node.items():
        yield in_schema, key
        is_schema = in_schema or key in {"schema", "schemas"}
        if key in NAMED and isinstance(value, dict):
            yield from _keywords([*value.values()], in_schema=is_schema)
        elif key == "components":
            parts = (value[part] for part in ("parameters", "headers", "responses"))
            yield from _keywords([[*part.values()] for part in parts], in_schema=False)
            yield from _keywords([*value["schemas"].values()], in_schema=True)
        elif key not in NOT_COMPARED | DATA and not key.startswith("x-"):
            yield from _keywords(value, in_schema=is_schema)


def test_a_version_is_compatible_with_itself() -> None:
    """No edit, no change."""
    assert compare(openapi(), openapi()) == []


def test_a_change_says_where_and_why() -> None:
    """The message names the operation, the member and what it means."""
    edit = Edit("", f"{SCHEMAS}/common.capture-method/enum", ["automatic"], "")

    changes = compare(openapi(), edited(edit))

    first = next(c for c in changes if c.where.startswith("create_order request"))
    assert first.where == "create_order request /captureMethod /anyOf/0"
    assert first.what.startswith("enum ['automatic', 'manual'")
    assert first.why == "what callers send may be refused"


def test_the_command_prints_both_kinds_and_exits_with_1(tmp_path: Path) -> None:
    """A change that breaks fails a pipeline; its text fits a terminal."""
    old = tmp_path / "old.json"
    old.write_text(json.dumps(edited(UNDONE)), encoding="utf-8")

    done = CliRunner().invoke(command, ["diff", str(old)])

    assert done.exit_code == 1
    assert "Breaking:" in done.output
    assert "breaking, 0 compatible changes." in done.output
    assert [line for line in done.output.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("notation", ["json", "yaml"])
def test_the_command_exits_with_0_when_nothing_breaks(
    notation: str, tmp_path: Path
) -> None:
    """The installed version against itself, as `openapi` wrote it."""
    old = tmp_path / "old"
    printed = CliRunner().invoke(openapi_command, ["--format", notation])
    old.write_text(printed.output, encoding="utf-8")

    done = CliRunner().invoke(command, ["diff", str(old), "current"])

    assert (done.exit_code, done.output) == (0, "0 breaking, 0 compatible changes.\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, ": No such file or directory. Write one with:"),
        ("{", "is neither JSON nor YAML"),
        ("a: [", "is neither JSON nor YAML"),
        ("{}", "is not an OpenAPI document"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, text: str | None, expected: str
) -> None:
    """What was wrong, with which file, and how to make a good one."""
    old = tmp_path / "old.json"
    if text is not None:
        old.write_text(text, encoding="utf-8")

    done = CliRunner().invoke(command, ["diff", str(old)])

    assert str(old) in str(done.exception)
    assert expected in str(done.exception)
