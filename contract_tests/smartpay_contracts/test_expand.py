"""References: an id by default, the object itself with expand=all."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts.client import Client
from smartpay_contracts.resources import ARRANGE, RESOURCES, Resource, case, each
from smartpay_contracts.shop import Shop
from smartpay_schemas import OPERATIONS

EXPANDING = {
    name: resource
    for name, resource in RESOURCES.items()
    if OPERATIONS[resource.get_operation].expand == "query"
}
IGNORING = {
    name: resource for name, resource in RESOURCES.items() if name not in EXPANDING
}
LISTS_OF_REFERENCES = {
    "order": ("lineItems", "payments", "discounts"),
    "payment": ("lineItems",),
    "refund": ("lineItems",),
    "checkout_session": (),
}


def plain(value: Any) -> Any:
    """Return a reference or a list of them as ids, whichever way it was given."""
    if isinstance(value, list):
        return [plain(entry) for entry in value]
    return value["id"] if isinstance(value, dict) and "id" in value else value


def seen_again(shop: Shop, resource: str, id_: str, expand: str) -> list[Any]:
    """Return an object as it is retrieved and listed with a value of expand."""
    listed = RESOURCES[resource].list_operation
    return [
        shop.now(resource, id_, expand=expand),
        shop.checks.find(shop.api, listed, id_, expand=expand),
    ]


@pytest.mark.clause("expand.default", "expand.same-object")
@each(EXPANDING)
@pytest.mark.parametrize("expand", ["no", ""])
def test_references_are_ids_unless_asked(
    resource: Resource, expand: str, shop: Shop
) -> None:
    """no, an empty value and nothing at all mean the same."""
    made = resource.make(shop)
    default = shop.now(resource.name, made["id"])

    asked, entry = seen_again(shop, resource.name, made["id"], expand)

    assert asked == default
    assert entry == default
    for name in LISTS_OF_REFERENCES[resource.name]:
        assert all(isinstance(id_, str) for id_ in default.get(name, [])), name


@pytest.mark.clause("expand.same-object")
@each(EXPANDING)
def test_expanded_is_the_same_object(resource: Resource, shop: Shop) -> None:
    """Every member agrees, once references are read as ids."""
    made = resource.make(shop)
    default = shop.now(resource.name, made["id"])

    for expanded in seen_again(shop, resource.name, made["id"], "all"):
        assert {name: plain(value) for name, value in expanded.items()} == dict(default)


@pytest.mark.clause("data.shape")
@each(RESOURCES)
def test_an_expanded_object_has_every_documented_member(
    resource: Resource, shop: Shop
) -> None:
    """And so have the objects in it, alone and in a list."""
    made = resource.make(shop)
    query = {"expand": "all"}

    alone = shop.api.call(resource.get_operation, id=made["id"], query=query)
    listed = shop.api.call(resource.list_operation, query=query)

    for answer in (alone, listed):
        shop.checks.ok(answer)
        shop.checks.complete(answer)


@pytest.mark.clause("expand.order-all")
def test_an_expanded_order_holds_its_parts(shop: Shop) -> None:
    """Line items with price and product; payments that name the order by id."""
    shop.require_payments()
    order = shop.order()

    expanded = shop.now("order", order["id"], expand="all")

    (payment,) = expanded["payments"]
    assert (payment["object"], payment["order"]) == ("payment", order["id"])
    assert len(expanded["lineItems"]) == 3
    (product,) = [i for i in expanded["lineItems"] if i["kind"] == "product"]
    assert product["object"] == "lineItem"
    assert product["price"]["object"] == "price"
    assert product["price"]["product"]["object"] == "product"


@pytest.mark.clause("expand.order-all")
def test_every_payment_of_an_order_is_expanded(shop: Shop) -> None:
    """Each with what it captured, as when it is retrieved alone."""
    order = shop.authorized(1_000)
    made = [shop.payment(amount, order=order["id"]) for amount in (100, 200)]

    expanded = shop.now("order", order["id"], expand="all")["payments"]

    amounts = {payment["id"]: payment["amount"] for payment in expanded}
    assert amounts == {payment["id"]: payment["amount"] for payment in made}
    for payment in expanded:
        alone = shop.now("payment", payment["id"])
        assert payment["status"] == alone["status"]
        assert payment["order"] == order["id"]


@pytest.mark.clause("expand.order-list")
def test_a_list_of_orders_can_be_expanded(shop: Shop) -> None:
    """Every line item in it has a kind."""
    order = shop.order()

    entry = shop.checks.find(shop.api, "list_orders", order["id"], expand="all")

    assert entry == shop.now("order", order["id"], expand="all")
    assert {i["kind"] for i in entry["lineItems"]} == {"product", "tax", "discount"}


@pytest.mark.clause("expand.session-plain")
@pytest.mark.parametrize(("about", "other"), [("order", "token"), ("token", "order")])
def test_a_session_names_its_order_or_token_by_id(
    about: str, other: str, shop: Shop
) -> None:
    """Alone and in the list."""
    made = shop.session() if about == "order" else shop.token_session()

    for session in seen_again(shop, "checkout_session", made["id"], "no"):
        assert session[about] == made[about]["id"]
        assert other not in session


@pytest.mark.clause("expand.session-all")
@pytest.mark.parametrize("about", ["order", "token"])
def test_an_expanded_session_holds_its_order_or_token(about: str, shop: Shop) -> None:
    """An order is the same as the expanded order itself."""
    made = shop.session() if about == "order" else shop.token_session()

    for session in seen_again(shop, "checkout_session", made["id"], "all"):
        assert session[about]["object"] == about
        assert session[about]["id"] == made[about]["id"]
        if about == "order":
            assert session["order"] == shop.now(
                "order", made["order"]["id"], expand="all"
            )


@pytest.mark.parametrize(
    ("resource", "name"),
    [
        case("expand.payment-all", "payment", "order"),
        case("expand.refund-all", "refund", "payment"),
    ],
)
def test_an_expanded_payment_or_refund_expands_only_its_line_items(
    resource: str, name: str, shop: Shop
) -> None:
    """The order of a payment and the payment of a refund stay ids."""
    order = shop.authorized()
    lines = [line["id"] for line in order["lineItems"]]
    made = shop.payment(order=order["id"], lineItems=lines)
    if resource == "refund":
        made = shop.refund(payment=made["id"], lineItems=lines[:1])
    kept = shop.now(resource, made["id"]).get("lineItems", [])

    for expanded in seen_again(shop, resource, made["id"], "all"):
        assert expanded[name] == made[name]
        assert all(isinstance(line, dict) for line in expanded.get("lineItems", []))
        assert plain(expanded.get("lineItems", [])) == kept


@pytest.mark.clause("expand.ignored")
@each(IGNORING)
@pytest.mark.parametrize("expand", ["all", "no", ""])
def test_kinds_without_references_ignore_expand(
    resource: Resource, expand: str, shop: Shop
) -> None:
    """Two SDKs send it with every call."""
    made = resource.make(shop)
    default = shop.now(resource.name, made["id"])

    for seen in seen_again(shop, resource.name, made["id"], expand):
        assert {**default, **seen} == {**seen, **default}


@pytest.mark.clause("expand.creation-expanded")
def test_orders_and_sessions_are_answered_expanded(shop: Shop) -> None:
    """A typed client reads them into fixed types."""
    order, session = shop.order(), shop.session()

    for made in (order, session["order"]):
        assert all(isinstance(item, dict) for item in made["lineItems"])
    assert all(isinstance(payment, dict) for payment in order["payments"])
    assert isinstance(shop.token_session()["token"], dict)


@pytest.mark.clause("expand.others-plain")
def test_everything_else_is_answered_with_ids(shop: Shop) -> None:
    """Captures, refunds, updates and cancellations."""
    order = shop.authorized()
    payment = shop.payment(500, order=order["id"])
    refund = shop.refund(100, payment=payment["id"])
    update = {"reference": "r"}

    changed = [
        shop.ok("update_payment", update, id=payment["id"]),
        shop.ok("update_refund", update, id=refund["id"]),
    ]
    canceled = shop.ok("cancel_order", id=order["id"])

    assert [payment["order"], refund["payment"]] == [order["id"], payment["id"]]
    assert changed[0]["order"] == order["id"]
    assert changed[1]["payment"] == payment["id"]
    assert canceled["payments"] == [payment["id"]]
    assert all(isinstance(item, str) for item in canceled["lineItems"])


@pytest.mark.clause("expand.creation-fixed")
@pytest.mark.parametrize("expand", ["all", "no"])
@pytest.mark.parametrize(
    "operation",
    ["create_order", "create_checkout_session", "create_payment", "create_refund"],
)
def test_a_creation_does_not_look_at_expand(
    operation: str, expand: str, shop: Shop
) -> None:
    """Its answer has one form."""
    arguments = ARRANGE[operation](shop)

    # The answer's schema is that of a call without the parameter.
    answer = shop.api.call(operation, arguments.body, query={"expand": expand})
    answer.expanded = False

    shop.checks.ok(answer)


@pytest.mark.clause("expand.unknown-value")
@each(EXPANDING)
@pytest.mark.parametrize("expand", ["yes", "order", "ALL"])
def test_an_unknown_expand_is_refused(
    resource: Resource, expand: str, shop: Shop, api: Client
) -> None:
    """Rather than answered with something that was not asked for."""
    made = resource.make(shop)
    query = {"expand": expand}

    got = api.call(resource.get_operation, id=made["id"], query=query)
    listed = api.call(resource.list_operation, query=query)

    shop.checks.refused(got, "request.invalid")
    shop.checks.refused(listed, "request.invalid")
