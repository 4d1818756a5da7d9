"""The rules of answers that one member's schema cannot say."""

from __future__ import annotations

from typing import Any

import pytest

import smartpay_schemas as s

AUTHORIZED = 1700604860000


def order(status: str, **members: Any) -> dict[str, Any]:
    """Return a plain order without expiresAt."""
    example: dict[str, Any] = s.schema("resources/order")["examples"][1]
    return {**example, "status": status, **members}


@pytest.mark.parametrize("status", ["requires_authorization", "rejected"])
def test_an_order_that_was_not_authorized_never_expires(status: str) -> None:
    """ExpiresAt exists only after an authorization."""
    refused = s.problems("resources/order", order(status, expiresAt=AUTHORIZED))

    assert [problem.pointer for problem in refused] == ["/expiresAt"]
    assert s.accepts("resources/order", order(status))


def test_an_order_that_waits_for_its_capture_expires() -> None:
    """A reservation ends some day."""
    refused = s.problems("resources/order", order("requires_capture"))

    assert [problem.pointer for problem in refused] == ["/expiresAt"]
    assert s.accepts("resources/order", order("requires_capture", expiresAt=AUTHORIZED))


@pytest.mark.parametrize("status", ["succeeded", "canceled"])
def test_a_finished_order_may_leave_out_when_it_expired(status: str) -> None:
    """Nobody outside knows whether every server keeps expiresAt for ever."""
    assert s.accepts("resources/order", order(status))
    assert s.accepts("resources/order", order(status, expiresAt=AUTHORIZED))


@pytest.mark.parametrize(
    "name",
    [n for n in s.names() if n.startswith("resources/") and not n.endswith("-core")],
)
def test_an_unset_member_is_absent_and_never_null(name: str) -> None:
    """No member of an answer takes null."""
    example = s.schema(name)["examples"][0]

    for member in example:
        assert not s.accepts(name, {**example, member: None})


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("resources/order", "lineItems"),
        ("resources/order", "payments"),
        ("resources/payment", "lineItems"),
        ("resources/refund", "lineItems"),
        ("resources/checkout-session", "order"),
    ],
)
def test_plain_has_ids_and_expanded_has_objects(name: str, member: str) -> None:
    """The two forms of a resource never pass for each other."""
    expanded = f"{name}-expanded"
    grown = s.schema(expanded)["examples"][0]
    plain = s.schema(name)["examples"][0]
    if member == "lineItems":  # an empty list has no form
        grown["lineItems"] = [s.schema("resources/line-item")["examples"][0]]
        plain["lineItems"] = ["li_test_0aBcDeFgHiJkLmNoPqRsTu"]

    assert s.accepts(expanded, grown)
    assert s.accepts(name, plain)
    assert not s.accepts(name, {**plain, member: grown[member]})
    assert not s.accepts(expanded, {**grown, member: plain[member]})


def test_an_expanded_payment_still_names_its_order_by_id() -> None:
    """Go decodes it into a string."""
    payment = s.schema("resources/payment-expanded")["examples"][0]
    payment["order"] = s.schema("resources/order")["examples"][0]

    found = s.problems("resources/payment-expanded", payment)

    assert [problem.pointer for problem in found] == ["/order"]


@pytest.mark.parametrize("members", [("order", "token"), ()])
def test_a_session_has_an_order_or_a_token(members: tuple[str, ...]) -> None:
    """Never both, never neither."""
    first, second = s.schema("resources/checkout-session")["examples"]
    both = {**first, **second}
    for name in {"order", "token"} - set(members):
        del both[name]

    found = s.problems("resources/checkout-session", both)

    assert [problem.pointer for problem in found] == ["/order"]


def test_a_tax_carries_its_amount_and_currency() -> None:
    """Go and PHP read them from the line item itself."""
    tax = s.schema("resources/line-item")["examples"][1]
    del tax["amount"], tax["currency"]

    found = s.problems("resources/line-item", tax)

    assert [problem.pointer for problem in found] == ["/amount", "/currency"]


def test_the_address_of_a_checkout_has_no_query() -> None:
    """Three SDKs append theirs textually."""
    session = s.schema("resources/checkout-session")["examples"][0]
    session["url"] += "?demo=true"

    found = s.problems("resources/checkout-session", session)

    assert [problem.pointer for problem in found] == ["/url"]


def test_the_data_of_an_event_is_the_resource_it_names() -> None:
    """A payment in an event is a payment; what has no schema may be anything."""
    event = s.schema("resources/event")["examples"][0]
    data = event["eventData"]["data"]

    data["status"] = "lost"
    refused = s.problems("resources/event", event)
    event["eventData"]["data"] = {"id": "payout_test_1", "object": "payout", "net": 5}

    assert [problem.pointer for problem in refused] == ["/eventData/data/status"]
    assert s.accepts("resources/event", event)


@pytest.mark.parametrize("name", ["resources/order", "resources/order-expanded"])
def test_a_page_holds_entries_of_one_kind(name: str) -> None:
    """The envelope is closed, and each entry is checked."""
    page = s.schema("common/collection")["examples"][0]
    page["data"] = s.schema(name)["examples"]
    schema = s.collection_of(name)

    good = s.problems(schema, page)
    page["data"] = [{**page["data"][0], "status": "lost"}]
    page["total"] = 1
    bad = s.problems(schema, page)

    assert good == []
    assert [problem.pointer for problem in bad] == ["/data/0/status", "/total"]


def test_a_server_may_say_more_than_we_know() -> None:
    """tolerate_extra forgives unknown members at every depth, and nothing else."""
    name = "resources/checkout-session-expanded"
    session = s.schema(name)["examples"][0]
    session["riskScore"] = 1
    session["order"]["lineItems"][0]["price"]["product"]["colour"] = "red"
    session["order"]["shippingInfo"]["address"]["floor"] = 15

    strict = s.problems(name, session)
    tolerant = s.problems(name, session, tolerate_extra=True)
    session["order"]["status"] = "lost"
    wrong = s.problems(name, session, tolerate_extra=True)

    assert [problem.pointer for problem in strict] == [
        "/order/lineItems/0/price/product/colour",
        "/order/shippingInfo/address/floor",
        "/riskScore",
    ]
    assert tolerant == []
    assert s.accepts(
        name,
        {**session, "order": session["order"] | {"status": "rejected"}},
        tolerate_extra=True,
    )
    assert [problem.pointer for problem in wrong] == ["/order/status"]


def test_a_page_tolerates_extra_members_too() -> None:
    """The reading of an inline schema is derived like that of a file."""
    page = s.schema("common/collection")["examples"][0]
    page["data"] = [{**s.schema("resources/token")["examples"][0], "extra": 1}]
    schema = s.collection_of("resources/token")

    assert not s.accepts(schema, page)
    assert s.accepts(schema, page, tolerate_extra=True)


@pytest.mark.parametrize(
    ("operation", "expanded", "name"),
    [
        ("create_order", False, "resources/order-expanded"),
        ("cancel_order", True, "resources/order"),
        ("get_order", False, "resources/order"),
        ("get_order", True, "resources/order-expanded"),
        ("create_checkout_session", False, "resources/checkout-session-expanded"),
        ("get_coupon", True, "resources/coupon"),
        ("delete_token", True, None),
        ("enable_token", False, None),
        ("consumer_login", False, "resources/access-token"),
    ],
)
def test_the_schema_of_an_answer_follows_from_its_row(
    operation: str, expanded: bool, name: str | None
) -> None:
    """Expand decides only where the row says so."""
    assert s.response_schema(operation, expanded=expanded) == name


def test_the_schema_of_a_list_is_a_page() -> None:
    """Lists are pages of the plain or the expanded form."""
    row = s.OPERATIONS["list_payments"]

    assert s.response_schema(row) == s.collection_of("resources/payment")
    assert s.response_schema(row, expanded=True) == s.collection_of(
        "resources/payment-expanded"
    )


@pytest.mark.parametrize("row", s.OPERATIONS.values(), ids=list(s.OPERATIONS))
def test_what_can_be_expanded_has_an_expanded_form(row: s.Operation) -> None:
    """A row that promises expansion has the schema for it."""
    assert row.expand == "never" or f"{row.response}-expanded" in s.names()
