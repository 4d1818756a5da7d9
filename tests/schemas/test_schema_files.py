"""The schema files themselves: valid, findable, complete, exemplified."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import smartpay_schemas as s

NAMES = s.names()
REQUESTS = [name for name in NAMES if name.startswith("requests/")]
ANSWERS = [name for name in NAMES if name.startswith("resources/")]
OPEN = {"resources/event": 1}
"""Objects of an answer that are open on purpose: the data of an unknown event."""


def subschemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a schema file, whatever it is used for."""
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from subschemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from subschemas(value)


def values_of(keyword: str, name: str) -> list[Any]:
    """Return every value a keyword has in a schema file."""
    return [node[keyword] for node in subschemas(s.schema(name)) if keyword in node]


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_is_valid_against_the_metaschema(name: str) -> None:
    """Each file is a schema of draft 2020-12, and its `$id` is its path."""
    schema = s.schema(name)

    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert schema["$id"] == f"https://smartpay-sandbox.invalid/schemas/{name}.json"


@pytest.mark.parametrize("name", NAMES)
def test_a_schema_says_what_it_is(name: str) -> None:
    """Title, description and examples are what the reference pages are made of."""
    schema = s.schema(name)

    assert schema["title"]
    assert schema["description"].endswith(".")
    assert schema["examples"]


@pytest.mark.parametrize("name", NAMES)
def test_every_reference_stays_inside_the_package(name: str) -> None:
    """Nothing is fetched, and no reference leads nowhere."""
    registry = s.registry()
    resolver = registry.resolver(s.schema(name)["$id"])

    for reference in values_of("$ref", name):
        found = resolver.lookup(reference).contents

        assert found["$id"].endswith(reference.lstrip("./"))


@pytest.mark.parametrize("name", NAMES)
def test_every_example_fits_its_schema(name: str) -> None:
    """It can be sent; a request's shows what to send, not what is tolerated."""
    for example in s.schema(name)["examples"]:
        assert s.problems(name, example) == []
        assert s.unknown_members(name, example) == []
        assert name not in REQUESTS or s.accepts_strictly(name, example)


@pytest.mark.parametrize("name", [n for n in ANSWERS if not n.endswith("-core")])
def test_every_object_of_an_answer_is_closed(name: str) -> None:
    """A member that slips into an answer is found, at every depth."""
    described = [
        node
        for node in subschemas(s.schema(name))
        if node.get("type") == "object" or node is s.schema(name)
    ]

    still_open = [node for node in described if "unevaluatedProperties" not in node]

    assert len(still_open) == OPEN.get(name, 0)


@pytest.mark.parametrize("name", REQUESTS)
def test_a_request_ignores_what_it_does_not_know(name: str) -> None:
    """Real clients send members of other versions."""
    example = {**s.schema(name)["examples"][0], "idempotencyKey": "x", "test": True}

    assert s.accepts(name, example)


@pytest.mark.parametrize("name", NAMES)
def test_dates_and_urls_are_the_only_formats(name: str) -> None:
    """The validators share checks for them; another format would go unchecked."""
    assert set(values_of("format", name)) <= {"date", "uri"}


@pytest.mark.parametrize("name", NAMES)
def test_a_form_is_explained_in_words(name: str) -> None:
    """Nobody reads a regular expression in a message."""
    forms = [node for node in subschemas(s.schema(name)) if "pattern" in node]

    assert all(form["x-expected"] for form in forms)


def test_a_schema_is_a_fresh_copy() -> None:
    """Changing what was handed out changes nothing for others."""
    s.schema("common/amount")["minimum"] = -1

    assert s.schema("common/amount")["minimum"] == 1


def test_an_unknown_schema_is_refused_with_the_list() -> None:
    """The message shows what there is."""
    with pytest.raises(LookupError, match=r"no schema 'requests/nope'; .*common/item"):
        s.accepts("requests/nope", {})
