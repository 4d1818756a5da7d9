"""How the server refuses: shapes, codes, and that a refusal changes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.resources import (
    ARRANGE,
    RESOURCES,
    UPDATABLE,
    Resource,
    each,
    merchant_operations,
)
from smartpay_contracts.shop import Shop
from smartpay_contracts.values import unique
from smartpay_fixtures import broken_bodies, broken_payloads
from smartpay_schemas import OPERATIONS, schema

WITH_BODY = [name for name in merchant_operations() if OPERATIONS[name].request]
POSTS = merchant_operations("POST")
MALFORMED = [row for row in broken_bodies() if row.code == "request.malformed"]
UNKNOWN = {
    operation: resource.unknown_id
    for operation, row in OPERATIONS.items()
    for resource in RESOURCES.values()
    if row.path.startswith(f"{OPERATIONS[resource.list_operation].path}/{{id}}")
}
"""Operation on one object -> the id of one that does not exist."""

SUCCESS = range(200, 300)
LEVELS = 64
LIMIT = 1_048_576
"""Bytes in a mebibyte."""


def mandatory() -> list[tuple[str, str]]:
    """Return each mandatory member of each request of the merchant's."""
    return [
        (operation, member)
        for operation in WITH_BODY
        for member in schema(str(OPERATIONS[operation].request)).get("required", ())
    ]


@pytest.mark.clause("errors.request-invalid")
@pytest.mark.parametrize(("operation", "member"), mandatory())
def test_a_missing_mandatory_member_is_invalid(
    operation: str, member: str, shop: Shop
) -> None:
    """400 request.invalid; null counts as absent."""
    body = ARRANGE[operation](shop).body

    for broken in (payloads.without(body, member), {**body, member: None}):
        answer = shop.api.call(operation, broken)
        shop.checks.refused(answer, "request.invalid")


@pytest.mark.clause("errors.request-malformed")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_that_is_no_json_is_malformed(operation: str, shop: Shop) -> None:
    """Half an object cannot be read."""
    arguments = ARRANGE[operation](shop)

    answer = shop.api.call(operation, id=arguments.id, raw=b'{"amount": 15')

    shop.checks.refused(answer, "request.malformed")


def refusal_of(operation: str, shop: Shop) -> Exchange:
    """Return a refusal: of a body, of an unknown object or of a page size."""
    if OPERATIONS[operation].request:
        return shop.api.call(operation, id=UNKNOWN.get(operation), raw=b"{")
    if operation in UNKNOWN:
        return shop.api.call(operation, id=UNKNOWN[operation])
    answer = shop.api.call(operation, query={"maxResults": "many"})
    if answer.status in SUCCESS:
        pytest.skip("this server refuses no page size")
    return answer


@pytest.mark.clause("errors.shape")
@pytest.mark.parametrize("operation", merchant_operations())
def test_a_refusal_has_every_documented_member(operation: str, shop: Shop) -> None:
    """Whether the body cannot be read or the object does not exist."""
    shop.checks.complete(refusal_of(operation, shop))


@pytest.mark.clause("errors.status-code")
@pytest.mark.parametrize("operation", merchant_operations())
def test_a_refusal_names_its_status(operation: str, shop: Shop) -> None:
    """In the body, as a number."""
    shop.checks.names_its_status(refusal_of(operation, shop))


@pytest.mark.clause("errors.shape")
def test_a_refusal_by_the_rules_has_every_documented_member(shop: Shop) -> None:
    """A 409 and a 403 as well."""
    order = shop.authorized(1_000)
    payment = shop.payment(500, order=order["id"])["id"]

    over = payloads.payment(order["id"], 501)
    capture = shop.api.call("create_payment", over)
    refund = shop.api.call("create_refund", payloads.refund(payment, 501))

    for answer in (capture, refund):
        shop.checks.complete(answer)


@pytest.mark.clause("errors.malformed-kinds")
@pytest.mark.parametrize("row", MALFORMED, ids=lambda row: row.name)
def test_what_cannot_be_read_is_malformed(
    row: Any, api: Client, checks: Checks
) -> None:
    """Each way in which a body can fail to be a JSON object."""
    answer = api.call("create_order", raw=row.body)

    checks.refused(answer, row.code)


@pytest.mark.clause("errors.nesting")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_a_body_nests_at_most_64_levels(operation: str, shop: Shop) -> None:
    """The body itself is the first level; unknown members count."""
    arguments = ARRANGE[operation](shop)
    body = json.dumps(arguments.body)[:-1] or "{"
    start = body if body == "{" else f"{body}, "

    def nested(levels: int) -> Exchange:
        inner = levels - 1
        text = f'{start}"deep": {"[" * inner}{"]" * inner}}}'
        return shop.api.call(operation, id=arguments.id, raw=text.encode())

    too_deep = nested(LEVELS + 1)
    accepted = nested(LEVELS)

    shop.checks.refused(too_deep, "request.malformed")
    shop.checks.succeeded(accepted)


@pytest.mark.clause("errors.media-type")
@pytest.mark.parametrize("content_type", ["text/plain", "application/xml"])
@pytest.mark.parametrize("operation", POSTS)
def test_another_label_than_json_is_refused(
    operation: str, content_type: str, shop: Shop
) -> None:
    """Merchants send JSON and say so."""
    arguments = ARRANGE[operation](shop)

    answer = shop.api.call(
        operation, arguments.body, headers={"Content-Type": content_type}
    )

    shop.checks.refused(answer, "request.unsupported-media-type")


@pytest.mark.clause("errors.content-encoding")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_an_encoded_body_is_refused(operation: str, shop: Shop) -> None:
    """Whatever its bytes are; identity is no encoding."""
    arguments = ARRANGE[operation](shop)

    def sent_as(coding: str) -> Exchange:
        headers = {"Content-Encoding": coding}
        return shop.api.call(
            operation, arguments.body, id=arguments.id, headers=headers
        )

    refused = [sent_as(coding) for coding in ("gzip", "br", "unknown")]
    accepted = sent_as("identity")

    for answer in refused:
        shop.checks.refused(answer, "request.unsupported-media-type")
    shop.checks.succeeded(accepted)


@pytest.mark.clause("errors.header-repeated")
@pytest.mark.parametrize("operation", POSTS)
@pytest.mark.parametrize("name", ["Idempotency-Key", "Content-Type"])
def test_a_header_that_comes_twice_is_refused(
    operation: str, name: str, shop: Shop
) -> None:
    """Even with the same value twice: no server may choose one of two."""
    value = unique(32) if name == "Idempotency-Key" else "application/json"
    body = ARRANGE[operation](shop).body

    twice = {name: value, name.lower(): value}
    answer = shop.api.call(operation, body, headers=twice)

    shop.checks.refused(answer, "request.header-repeated")


@pytest.mark.clause("errors.too-large")
def test_a_body_over_a_mebibyte_is_refused(shop: Shop) -> None:
    """413, not a broken connection."""
    body = shop.order_body(padding="x" * LIMIT)

    answer = shop.api.call("create_order", body)

    shop.checks.refused(answer, "request.too-large")


@pytest.mark.clause("errors.too-large")
def test_a_large_body_below_the_limit_is_read(shop: Shop) -> None:
    """The limit is where it is said to be."""
    body = shop.order_body()
    spare = LIMIT - len(json.dumps(body, ensure_ascii=False).encode())

    answer = shop.api.call("create_order", {**body, "padding": "x" * (spare - 20)})

    assert shop.checks.ok(answer)["status"] == "succeeded"


@pytest.mark.clause("errors.every-problem", "errors.details-text")
def test_every_problem_is_in_one_answer(shop: Shop) -> None:
    """Each with the path of what is wrong."""
    body = payloads.without(shop.order_body(amount=-1), "currency")
    body = payloads.without(body, "items.0.name")
    body = payloads.changed(body, "shippingInfo.address.country", 7)

    answer = shop.api.call("create_order", body)

    details = shop.checks.refused(answer, "request.invalid")["details"]
    assert all(isinstance(entry, str) for entry in details)
    for path in ("amount", "currency", "items[0].name", "shippingInfo.address.country"):
        assert any(path in entry for entry in details), f"{path} not in {details}"


@pytest.mark.clause("errors.every-problem")
@pytest.mark.parametrize("operation", WITH_BODY)
def test_every_broken_payload_is_refused_with_its_problems(
    operation: str, api: Client, shop: Shop
) -> None:
    """Each rule of the request's schema is enforced."""
    arguments = ARRANGE[operation](shop)
    for broken in broken_payloads(operation):
        answer = api.call(operation, broken.payload, id=arguments.id)

        details = shop.checks.refused(answer, "request.invalid")["details"]
        assert len(details) >= len(broken.problems), f"{broken.name}: {details}"


@pytest.mark.clause("errors.changes-nothing")
@pytest.mark.parametrize("operation", POSTS)
def test_a_refused_creation_makes_nothing(operation: str, shop: Shop) -> None:
    """The list is the same before and after."""
    body = ARRANGE[operation](shop).body
    resource = next(k for k in RESOURCES.values() if k.create_operation == operation)
    before = shop.checks.listed(shop.api, resource.list_operation)

    broken = {**body, "metadata": "no object"}
    shop.checks.refused(shop.api.call(operation, broken), "request.invalid")
    shop.checks.refused(shop.api.call(operation, raw=b"{"), "request.malformed")

    assert shop.checks.listed(shop.api, resource.list_operation) == before


@pytest.mark.clause("errors.changes-nothing")
@each(UPDATABLE)
def test_a_refused_update_changes_nothing(resource: Resource, shop: Shop) -> None:
    """Not even the members that were good."""
    made = resource.make(shop)

    broken = {**(resource.update or {}), "metadata": "no object"}
    answer = shop.api.call(resource.update_operation, broken, id=made["id"])

    shop.checks.refused(answer, "request.invalid")
    assert shop.now(resource.name, made["id"]) == made
