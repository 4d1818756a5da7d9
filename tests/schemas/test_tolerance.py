"""What is accepted but not canonical, and which members nobody knows."""

from __future__ import annotations

import copy
from typing import Any

import pytest

import smartpay_schemas as s

ORDER = "requests/order-create"
SESSION = "requests/checkout-session-create"


def order(**changes: Any) -> dict[str, Any]:
    """Return a canonical order with some members changed."""
    return {**copy.deepcopy(s.schema(ORDER)["examples"][0]), **changes}


def within(document: dict[str, Any], *path: str | int, **changes: Any) -> Any:
    """Change members somewhere inside a document, and return the document."""
    inside: Any = document
    for key in path:
        inside = inside[key]
    inside.update(changes)
    return document


@pytest.mark.parametrize(
    "document",
    [
        order(captureMethod="autommatic"),
        order(currency="jpy"),
        order(promotionCode="ZOO"),
        within(order(), "items", 0, color="red"),
        within(order(), "items", 0, currency="jpy"),
        within(order(), "customerInfo", email="customer@example.com"),
        within(order(), "customerInfo", "address", addressType="home"),
        within(order(), "shippingInfo", feeCurrency="jpy"),
        within(order(), "shippingInfo", "address", country="jp"),
    ],
)
def test_what_is_tolerated_is_accepted_but_not_canonical(document: Any) -> None:
    """Each oddity of a real client passes, and each is worth a word."""
    assert s.problems(ORDER, document) == []
    assert not s.accepts_strictly(ORDER, document)


@pytest.mark.parametrize(
    "document",
    [
        order(reference=None),
        within(order(), "items", 0, brand=None),
        order(metadata={"key": None}),
        within(order(), "customerInfo", "address", line2=None),
    ],
)
def test_a_null_is_not_canonical(document: Any) -> None:
    """Nulls are dropped before a body is validated; the quick path has none."""
    assert not s.accepts_strictly(ORDER, document)


@pytest.mark.parametrize(
    "document",
    [
        order(),
        order(captureMethod="manual", metadata={"any": "name", "batch": 7}),
        within(order(), "items", 0, kind="product", categories=["knit"]),
    ],
)
def test_what_is_canonical_needs_no_word(document: Any) -> None:
    """The quick path takes what the guide says to send."""
    assert s.accepts_strictly(ORDER, document)


def test_both_modes_of_a_session_can_be_canonical() -> None:
    """Members of a branch are known, although only one branch applies."""
    for example in s.schema(SESSION)["examples"]:
        assert s.accepts_strictly(SESSION, example)
        assert not s.accepts_strictly(SESSION, {**example, "test": True})


@pytest.mark.parametrize(
    "name", [name for name in s.names() if name.startswith("requests/")]
)
def test_what_is_canonical_is_accepted(name: str) -> None:
    """The strict reading never takes what the plain one refuses."""
    broken: list[Any] = [{}, {"metadata": []}, {"amount": 0}, [], None, "text"]

    for document in broken:
        assert s.accepts(name, document) or not s.accepts_strictly(name, document)


def test_an_unknown_member_comes_with_what_was_meant() -> None:
    """Aliases are known, misspellings are guessed, the rest is only named."""
    document = order(promotionCode="ZOO", refrence="x")
    del document["reference"]
    info = document["customerInfo"]
    for right, wrong in [
        ("emailAddress", "email"),
        ("legalGender", "gender"),
        ("phoneNumber", "phone"),
    ]:
        info[wrong] = info.pop(right)
    document["items"][0]["quantitty"] = document["items"][0].pop("quantity")
    document["shippingInfo"]["address"]["addressType"] = "home"

    found = s.unknown_members(ORDER, document)

    assert sorted(found, key=lambda member: member.pointer) == [
        ("/customerInfo/email", "email", "emailAddress"),
        ("/customerInfo/gender", "gender", "legalGender"),
        ("/customerInfo/phone", "phone", "phoneNumber"),
        ("/items/0/quantitty", "quantitty", "quantity"),
        ("/promotionCode", "promotionCode", None),
        ("/refrence", "refrence", "reference"),
        ("/shippingInfo/address/addressType", "addressType", None),
    ]


def test_a_member_that_is_there_already_is_not_suggested() -> None:
    """Who sends both spellings did not misspell."""
    document = within(order(), "customerInfo", email="customer@example.com")

    assert s.unknown_members(ORDER, document) == [
        ("/customerInfo/email", "email", None)
    ]


def test_metadata_has_no_unknown_members() -> None:
    """Its names are the merchant's own."""
    document = order(metadata={"anything": "goes", "nested": {"too": 1}})

    assert s.unknown_members(ORDER, document) == []


@pytest.mark.parametrize("document", [None, 1, "x", [], [{}], {"items": {"a": 1}}])
def test_a_document_of_another_shape_has_no_unknown_members(document: Any) -> None:
    """Advice never fails; the refusal is somebody else's business."""
    assert s.unknown_members(ORDER, document) == []


def test_advice_on_a_hostile_body_is_bounded() -> None:
    """A hundred unknown members are enough to see what is going on."""
    document = order(**{f"member{number}": 1 for number in range(5_000)})

    assert len(s.unknown_members(ORDER, document)) == 100
