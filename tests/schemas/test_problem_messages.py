"""Every problem says where it is, what was wrong and what to send."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

import smartpay_schemas as s

ORDER = "requests/order-create"
ROWS = json.loads(Path(__file__).with_name("problem_messages.json").read_bytes())
"""Documents, or examples of a schema with changes, with the message of each."""


def changed(document: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Return a document with some members changed; None takes one out."""
    every = {**document, **changes}
    return {key: value for key, value in every.items() if value is not None}


def order(**changes: Any) -> dict[str, Any]:
    """Return a valid order with some members changed; None takes one out."""
    return changed(copy.deepcopy(s.schema(ORDER)["examples"][1]), changes)


def messages(document: Any, name: str | dict[str, Any] = ORDER) -> list[str]:
    """Return the messages of every problem."""
    return [problem.message for problem in s.problems(name, document)]


def item(**changes: Any) -> list[dict[str, Any]]:
    """Return a list of one item with some members changed."""
    return [{"name": "sweater", "amount": 1000, "currency": "JPY", **changes}]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["message"][:40])
def test_a_problem_has_a_message_of_one_line(row: dict[str, Any]) -> None:
    """Where, what was wrong, what to send. The words follow from the schema."""
    document = row.get("document")
    if "example" in row:
        example = s.schema(row["schema"])["examples"][row["example"]]
        document = changed(example, row["changes"])

    assert messages(document, row["schema"]) == [row["message"]]


def test_all_problems_come_at_once_and_sorted() -> None:
    """Ten mistakes cost one request, and entries come in the order of their index."""
    items = [*item(amount=-1), *item() * 9, *item(name=1, amount=-1)]
    document = order(items=items, amount=0, token=None)

    found = [problem.pointer for problem in s.problems(ORDER, document)]

    assert found == [
        "/amount",
        "/items/0/amount",
        "/items/10/amount",
        "/items/10/name",
        "/token",
    ]


def test_a_problem_carries_its_facts() -> None:
    """Programs need no words."""
    (problem,) = s.problems(ORDER, order(items=item(amount=-1)))

    assert problem.path == ("items", 0, "amount")
    assert problem.pointer == "/items/0/amount"
    assert problem.keyword == "minimum"
    assert problem.expected == "a whole number from 0 to 4294967295"


def test_a_pointer_is_escaped() -> None:
    """RFC 6901: ~ and / inside a name."""
    (problem,) = s.problems("common/metadata", {"a/b~c": None})

    assert problem.pointer == "/a~1b~0c"


@pytest.mark.parametrize(
    "value",
    ["x" * 10_000, "\ud800" * 10_000, 10**4000, ["x" * 10_000], "\n" * 10_000],
    ids=["text", "surrogates", "number", "array", "line feeds"],
)
def test_a_message_echoes_little(value: Any) -> None:
    """A megabyte that is refused does not come back, and the rest can be encoded."""
    (message,) = messages(order(reference=value))

    assert len(message.encode()) < 500


def test_a_long_name_is_echoed_in_part() -> None:
    """Neither does the name of a member come back whole."""
    (message,) = messages({"k" * 10_000: None}, "common/metadata")

    assert len(message) < 200


@pytest.mark.parametrize(
    ("password", "wrong"),
    [
        ("secret" * 50, "the value has 300 characters"),
        ("", "is empty"),
        (8080123, "the value is a number"),
        ({"secret": "secret"}, "is an object"),
    ],
)
def test_a_password_is_never_echoed(password: Any, wrong: str) -> None:
    """What must not be written is not read back; what is wrong with it is said."""
    login = {"emailAddress": "customer@example.com", "password": password}

    (message,) = messages(login, "requests/consumer-login")

    assert message == f"password: {wrong}; send a string of 1 to 255 characters"


def test_the_closest_branch_explains() -> None:
    """Of several forms the one that was probably meant says what is wrong."""
    schema = {
        "oneOf": [
            {"type": "string"},
            {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "integer", "minimum": 1}},
            },
        ]
    }

    assert messages({"id": 0}, schema) == [
        "id: 0 is less than the minimum of 1; send a whole number from 1"
    ]


def test_a_hostile_body_is_answered_in_bounded_words() -> None:
    """Nobody reads a hundred thousand problems, and nobody should wait for them."""
    document = order(items=[{}] * 5_000)

    assert 3 <= len(s.problems(ORDER, document)) <= 1000
