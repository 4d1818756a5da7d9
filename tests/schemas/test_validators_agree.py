"""The quick validator and the reference validator never disagree."""

from __future__ import annotations

import copy
import os
import random
from collections.abc import Iterator
from typing import Any

import pytest

import smartpay_schemas as s
from smartpay_schemas import _compile
from smartpay_schemas._variants import BASES

COUNT = 20_000 if os.environ.get("SMARTPAY_TEST_LONG") else 12
"""How many broken documents are made from each schema; `make long` makes many."""

JUNK: list[Any] = [
    None,
    True,
    False,
    0,
    1,
    -1,
    1.0,
    1.5,
    4294967295,
    4294967296.0,
    10**30,
    float("inf"),
    "",
    "x" * 41,
    "本" * 256,
    "\U0001f600" * 80,
    "jpy",
    "autommatic",
    "0000-01-01",
    "2023-02-29",
    "2024-02-29\n",
    "٢٠٢٤-01-01",
    "paytok_test_a\n",
    "paytok_test_é",
    "order_live_0",
    "https://mystore.jp/?a=b",
    "HTTPS://mystore.jp/",
    "order",
    "token",
    "rejected",
    "requires_capture",
    [],
    [[]],
    [{}],
    ["order.authorized", "order.authorized"],
    {},
    {"a": 1},
    {"": ""},
]


def places(node: Any) -> Iterator[tuple[Any, Any]]:
    """Yield (container, key) of every value inside a document."""
    entries = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(entries):
        yield node, key
        if isinstance(value, dict | list):
            yield from places(value)


def broken(document: Any, chance: random.Random) -> Any:
    """Return a copy of a document with one to three changes somewhere."""
    whole = [copy.deepcopy(document)]
    for _ in range(chance.randint(1, 3)):
        container, key = chance.choice(list(places(whole)))
        match chance.randrange(4):
            case 0 if container is not whole:
                del container[key]
            case 1 if isinstance(container, dict):
                name = chance.choice(["extra", "order", "token", "kind"])
                container[name] = copy.deepcopy(chance.choice(JUNK))
            case 2 if isinstance(container[key], list) and container[key]:
                container[key] = container[key] * chance.choice([2, 9, 51])
            case _:
                container[key] = copy.deepcopy(chance.choice(JUNK))
    return whole[0]


def assert_agreed(name: str, document: Any) -> None:
    """Compare both validators in every reading, and the problems with the verdict."""
    for variant in BASES:
        quick = _compile.fast(name, variant)
        assert quick is not None, "jsonschema_rs is needed to compare with"
        verdict = _compile.reference(name, variant).is_valid(document)
        assert quick(document) == verdict, (name, variant, document)
    assert bool(s.problems(name, document)) != s.accepts(name, document)


@pytest.mark.parametrize("name", s.names())
def test_both_validators_agree_on_broken_documents(name: str) -> None:
    """Same verdict in every reading; a refusal has a problem, an acceptance none."""
    chance = random.Random(name)  # noqa: S311 - repeatable, not secret
    examples = s.schema(name)["examples"]

    for number in range(COUNT):
        assert_agreed(name, broken(examples[number % len(examples)], chance))


@pytest.mark.parametrize(
    "name", [name for name in s.names() if name.startswith("common/")]
)
def test_both_validators_agree_on_odd_values(name: str) -> None:
    """Every odd value against every small schema."""
    for value in JUNK:
        assert_agreed(name, value)


@pytest.mark.parametrize("value", ["\ud800", {1: 2}, float("nan")])
def test_a_value_that_is_not_json_is_validated(value: Any) -> None:
    """A lone surrogate or a number as a name fails in the quick validator only."""
    assert s.accepts("common/text", value) == (value == "\ud800")
    assert not s.accepts("common/amount", value)


def test_a_nesting_of_hundreds_is_refused_and_not_a_crash() -> None:
    """Depth is the caller's choice, so it must not be the server's end."""
    deep: Any = "x"
    for _ in range(400):
        deep = {"a": deep}

    assert not s.accepts("common/metadata", deep)
    assert [p.pointer for p in s.problems("common/metadata", deep)] == ["/a"]
    assert s.unknown_members("common/metadata", deep) == []
