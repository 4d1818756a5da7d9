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
SCHEMAS = "/components/schemas"
ORDER = f"{SCHEMAS}/requests.order-create"
ITEM = f"{SCHEMAS}/common.item"
SESSION_ITEMS = f"{SCHEMAS}/requests.checkout-session-create/properties/items/anyOf/0"
TOKEN = f"{SCHEMAS}/resources.token"
PAYMENT = f"{SCHEMAS}/requests.payment-create"
POST_ORDER = "/paths/~1v1~1orders/post"
GET_ORDER = "/paths/~1v1~1orders~1{id}/get"


class Edit(NamedTuple):
    """One edit: where, what it becomes, and what that means for callers."""

    name: str
    at: str
    becomes: Any
    verdict: str


EDITS = (
    # What callers send.
    Edit("amount: minimum raised", f"{SCHEMAS}/common.amount/minimum", 100, "breaking"),
    Edit(
        "amount: minimum dropped",
        f"{SCHEMAS}/common.amount-or-zero/minimum",
        REMOVED,
        "breaking",
    ),
    Edit(
        "amount: a smaller maximum",
        f"{SCHEMAS}/common.amount/maximum",
        5000,
        "breaking",
    ),
    Edit("items: fewer allowed", f"{SESSION_ITEMS}/maxItems", 10, "breaking"),
    Edit("items: more allowed", f"{SESSION_ITEMS}/maxItems", 100, "compatible"),
    Edit("items: none allowed", f"{SCHEMAS}/common.items/minItems", 0, "compatible"),
    Edit("a member becomes mandatory", f"{ORDER}/required/-", "reference", "breaking"),
    Edit(
        "a member becomes optional",
        f"{ORDER}/required",
        ["amount", "currency", "items", "token"],
        "compatible",
    ),
    Edit(
        "a new optional member",
        f"{ORDER}/properties/note",
        {"type": "string"},
        "compatible",
    ),
    Edit(
        "a member is no longer read",
        f"{ORDER}/properties/reference",
        REMOVED,
        "breaking",
    ),
    Edit("a request gets closed", f"{ORDER}/unevaluatedProperties", False, "breaking"),
    Edit(
        "capture method: one less",
        f"{SCHEMAS}/common.capture-method/enum",
        ["automatic"],
        "breaking",
    ),
    Edit(
        "capture method: one more",
        f"{SCHEMAS}/common.capture-method/enum",
        ["automatic", "manual", "autommatic", "later"],
        "compatible",
    ),
    Edit(
        "capture method: another default",
        f"{ORDER}/properties/captureMethod/anyOf/0/default",
        "manual",
        "breaking",
    ),
    Edit(
        "quantity: text instead of number",
        f"{ITEM}/properties/quantity",
        {"type": "string"},
        "breaking",
    ),
    Edit(
        "quantity: text as well",
        f"{SCHEMAS}/common.count/type",
        ["integer", "string"],
        "breaking",
    ),
    Edit(
        "a pattern is added", f"{SCHEMAS}/common.text/pattern", "^[a-z]*$", "breaking"
    ),
    Edit(
        "a url is held to nothing",
        f"{SCHEMAS}/requests.webhook-endpoint-create/properties/url",
        {"type": "string"},
        "compatible",
    ),
    Edit(
        "a format is added",
        f"{PAYMENT}/properties/order",
        {"type": "string", "format": "uuid"},
        "breaking",
    ),
    Edit(
        "repeated subscriptions are allowed",
        f"{SCHEMAS}/common.event-subscriptions/uniqueItems",
        False,
        "compatible",
    ),
    Edit(
        "an alternative less",
        f"{PAYMENT}/properties/reference/anyOf",
        [{"type": "null"}],
        "breaking",
    ),
    Edit(
        "a condition more",
        f"{SCHEMAS}/requests.coupon-create/allOf/-",
        {"required": ["expiresAt"]},
        "breaking",
    ),
    # What callers get.
    Edit(
        "a member appears", f"{TOKEN}/properties/note", {"type": "string"}, "compatible"
    ),
    Edit("a member is gone", f"{TOKEN}/properties/reference", REMOVED, "breaking"),
    Edit("a member may be missing", f"{TOKEN}/required", ["id", "object"], "breaking"),
    Edit("a member is always there", f"{TOKEN}/required/-", "reference", "compatible"),
    Edit("a status more", f"{TOKEN}/properties/status/enum/-", "paused", "breaking"),
    Edit(
        "a status less",
        f"{TOKEN}/properties/status/enum",
        ["active", "disabled"],
        "compatible",
    ),
    Edit(
        "a number becomes text",
        f"{TOKEN}/properties/createdAt",
        {"type": "string"},
        "breaking",
    ),
    Edit(
        "an answer may have unknown members",
        f"{TOKEN}/unevaluatedProperties",
        REMOVED,
        "compatible",
    ),
    # Operations.
    Edit("an operation is gone", GET_ORDER, REMOVED, "breaking"),
    Edit(
        "an operation appears",
        "/paths/~1v1~1payouts",
        {"get": {"operationId": "list_payouts", "responses": {}}},
        "compatible",
    ),
    Edit("success answers 201", f"{POST_ORDER}/responses/200", REMOVED, "breaking"),
    Edit(
        "a refusal more",
        f"{POST_ORDER}/responses/429",
        {"description": "slow down"},
        "breaking",
    ),
    Edit("a refusal less", f"{POST_ORDER}/responses/415", REMOVED, "compatible"),
    Edit(
        "an error code more",
        f"{POST_ORDER}/responses/404/content/application~1json/examples/x",
        {"value": {"errorCode": "consumer.not-found"}},
        "breaking",
    ),
    Edit(
        "an error code less",
        f"{POST_ORDER}/responses/400/content/application~1json/examples/token.invalid",
        REMOVED,
        "compatible",
    ),
    Edit("a parameter is gone", f"{GET_ORDER}/parameters", [], "breaking"),
    Edit(
        "an optional parameter appears",
        f"{POST_ORDER}/parameters/-",
        {"name": "locale", "in": "query", "schema": {}},
        "compatible",
    ),
    Edit(
        "a mandatory parameter appears",
        f"{POST_ORDER}/parameters/-",
        {"name": "locale", "in": "query", "required": True, "schema": {}},
        "breaking",
    ),
    Edit(
        "a body is expected",
        "/paths/~1v1~1orders~1{id}~1cancellation/put/requestBody",
        {"content": {"application/json": {"schema": {}}}},
        "breaking",
    ),
    Edit(
        "an answer gets a body",
        "/paths/~1v1~1tokens~1{id}/delete/responses/204/content",
        {"application/json": {"schema": {}}},
        "breaking",
    ),
    Edit(
        "more results a page",
        "/components/parameters/maxResults/schema/anyOf/0/maximum",
        500,
        "compatible",
    ),
    Edit(
        "another page size by default",
        "/components/parameters/maxResults/schema/default",
        10,
        "breaking",
    ),
    Edit(
        "a parameter becomes mandatory",
        "/components/parameters/pageToken/required",
        True,
        "breaking",
    ),
    Edit(
        "a parameter becomes optional",
        "/components/parameters/id/required",
        False,
        "compatible",
    ),
    Edit("a parameter moves", "/components/parameters/expand/in", "header", "breaking"),
    Edit(
        "another credential",
        f"{POST_ORDER}/security",
        [{"accessToken": []}],
        "breaking",
    ),
    Edit(
        "another type of body",
        f"{POST_ORDER}/requestBody/content",
        {"application/xml": {"schema": {}}},
        "breaking",
    ),
    Edit(
        "a body becomes optional",
        f"{POST_ORDER}/requestBody/required",
        False,
        "compatible",
    ),
    Edit(
        "a header is gone",
        f"{POST_ORDER}/responses/200/headers/Idempotency-Replayed",
        REMOVED,
        "breaking",
    ),
    Edit(
        "a header appears",
        f"{POST_ORDER}/responses/200/headers/X",
        {"schema": {}},
        "compatible",
    ),
    Edit(
        "a header has other values",
        "/components/headers/Retry-After/schema/pattern",
        ".*",
        "breaking",
    ),
    Edit(
        "a value of metadata is held to text",
        f"{SCHEMAS}/requests.metadata/additionalProperties/anyOf/0/type",
        "string",
        "breaking",
    ),
    # Webhooks.
    Edit("a webhook is gone", "/webhooks/payout.paid", REMOVED, "breaking"),
    Edit(
        "a webhook appears",
        "/webhooks/payout.failed",
        {"post": {"requestBody": {}}},
        "compatible",
    ),
    Edit(
        "a member of an event is gone",
        f"{SCHEMAS}/resources.event/properties/eventData",
        REMOVED,
        "breaking",
    ),
    Edit(
        "a webhook loses its signature",
        "/webhooks/payout.paid/post/parameters",
        [],
        "breaking",
    ),
    # Words.
    Edit("a description", f"{TOKEN}/description", "Another text.", "none"),
    Edit("an example", f"{TOKEN}/examples", [], "none"),
)


# Undoing it breaks callers.
UNDONE = next(edit for edit in EDITS if edit.name == "more results a page")


def edited(edit: Edit) -> Any:
    """Return the document with one edit made to it."""
    document = copy.deepcopy(openapi())
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
    changes = compare(openapi(), edited(edit))

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
