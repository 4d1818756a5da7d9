"""Only real differences show: ids, times, secrets and whims are set aside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts.compare import (
    Difference,
    References,
    Step,
    differences,
    fingerprint,
    normalised,
    without_volatile,
)
from smartpay_contracts.exchange import Exchange

ORDER = {
    "id": "order_test_abc",
    "object": "order",
    "createdAt": 1_700_000_000_000,
    "payments": ["payment_test_x", "payment_test_y"],
    "tokenId": "paytok_test_t",
    "amount": 100,
}


def test_ids_become_references_by_first_appearance() -> None:
    """The same id is the same reference, in every document of a run."""
    references = References()

    first = normalised(ORDER, references)
    second = normalised({"order": "order_test_abc", "id": "payment_test_y"}, references)

    assert first["id"] == second["order"] == "<order:1>"
    assert first["payments"] == ["<payment:1>", "<payment:2>"]
    assert first["tokenId"] == "<token:1>"
    assert second["id"] == "<payment:2>"
    assert (first["createdAt"], first["amount"]) == ("<time>", 100)


def test_words_are_set_aside_unless_asked_for() -> None:
    """A message may be worded otherwise; that there is one may not differ."""
    error = {"message": "No order_test_abc.", "details": ["a"], "errorCode": "x"}

    plain = normalised(error, References())
    worded = normalised(error, References(), with_words=True)

    assert plain == {"message": "<text>", "details": "<list>", "errorCode": "x"}
    assert worded["message"] == "No <order:1>."
    assert worded["details"] == ["a"]


def test_secrets_and_opaque_values_are_set_aside() -> None:
    """They differ by their nature."""
    document = {"signingSecret": "s", "nextPageToken": "n", "url": "http://a/b"}

    clean = normalised(document, References())

    assert set(clean.values()) == {"<secret>", "<nextPageToken>", "<url>"}


def test_a_field_that_differs_is_named_by_its_path() -> None:
    """And by nothing else."""
    left = [Step("order", {"status": 200, "body": {"items": [{"kind": "tax"}]}})]
    right = [Step("order", {"status": 200, "body": {"items": [{"kind": "fee"}]}})]

    found = differences(left, right)

    assert found == [Difference("order", "body.items[0].kind", '"tax"', '"fee"')]


@pytest.mark.parametrize(
    ("left", "right", "path"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, "b"),
        ({"a": [1]}, {"a": [1, 2]}, "a[1]"),
        ({"a": 1}, {"a": 1.0}, "a"),
        ({"a": 1}, {"a": True}, "a"),
        ({"a": {}}, {"a": []}, "a"),
        ({"a": None}, {}, "a"),
    ],
)
def test_what_counts_as_a_difference(left: Any, right: Any, path: str) -> None:
    """Members, lengths and types."""
    (found,) = differences([Step("s", left)], [Step("s", right)])

    assert found.path == path


def test_a_step_of_one_side_only_is_a_difference() -> None:
    """It could not be made on the other."""
    found = differences([Step("a", {}), Step("b", {})], [Step("a", {}), Step("c", {})])

    assert [(one.step, one.left) for one in found] == [
        ("b", "made"),
        ("c", "could not be made"),
    ]


def test_what_a_server_says_differently_each_time_is_set_aside() -> None:
    """Only that; the rest of the document stays."""
    first = {"trace": "abc", "items": [1, {"x": "p"}], "same": True}
    second = {"trace": "def", "items": [1, {"x": "q"}], "same": True}

    assert without_volatile(first, second) == {
        "trace": "<varies>",
        "items": [1, {"x": "<varies>"}],
        "same": True,
    }


def answered(body: Any, status: int = 200) -> Exchange:
    """Return a call of get_order that was answered so."""
    return Exchange(
        operation="get_order",
        method="GET",
        url="http://127.0.0.1/v1/orders/x",
        sent_headers={},
        sent=b"",
        status=status,
        headers={},
        body=json.dumps(body).encode(),
    )


@pytest.mark.parametrize(
    "other",
    [
        {**ORDER, "id": "order_test_other", "createdAt": 5, "amount": 7},
        {**ORDER, "payments": ["payment_test_z"]},
    ],
)
def test_a_fingerprint_does_not_see_values(other: dict[str, Any]) -> None:
    """Two runs against a server that did not change look alike."""
    assert fingerprint([answered(ORDER)]) == fingerprint([answered(other)])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({**ORDER, "amount": "100"}, 200),
        ({**ORDER, "extra": 1}, 200),
        ({k: v for k, v in ORDER.items() if k != "amount"}, 200),
        ({**ORDER, "object": "Order"}, 200),
        (ORDER, 201),
    ],
    ids=["type", "extra", "missing", "kind", "status"],
)
def test_a_fingerprint_sees_what_changed(body: dict[str, Any], status: int) -> None:
    """Types, members, kinds and statuses."""
    assert fingerprint([answered(ORDER)]) != fingerprint([answered(body, status)])


def test_a_fingerprint_does_not_see_what_lists_hold() -> None:
    """That depends on who else uses the account."""
    page = {"object": "collection", "results": 1, "data": [ORDER]}
    empty = {"object": "collection", "results": 0, "data": [], "nextPageToken": "x"}

    assert fingerprint([answered(page)]) == fingerprint([answered(empty)])


@pytest.mark.parametrize("levels", [64, 400])
def test_a_fingerprint_of_nested_lists_is_cheap(levels: int) -> None:
    """A server may accept and return what others refuse."""
    nested = json.loads("[" * levels + "]" * levels)

    seen = {fingerprint([answered({"deep": nested})]) for _ in range(2)}

    assert len(seen) == 1
