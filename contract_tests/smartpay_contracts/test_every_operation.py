"""The service as a whole, and what holds for every operation of operations.json.

create_order list_orders get_order cancel_order; create_payment list_payments
get_payment update_payment; create_refund list_refunds get_refund update_refund;
list_tokens get_token enable_token disable_token delete_token; create_checkout_session
list_checkout_sessions get_checkout_session; create_coupon list_coupons get_coupon
update_coupon; create_promotion_code list_promotion_codes get_promotion_code
update_promotion_code; create_webhook_endpoint list_webhook_endpoints
get_webhook_endpoint update_webhook_endpoint delete_webhook_endpoint; consumer_login
authorize_order approve_token.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.resources import (
    ARRANGE,
    CREATABLE,
    RESOURCES,
    Resource,
    call,
    caller_of,
    case,
    each,
    merchant_operations,
    resource_of,
    with_id,
)
from smartpay_contracts.shop import APPROVED, Shop
from smartpay_contracts.target import Target
from smartpay_schemas import OPERATIONS, response_schema

READS = merchant_operations("GET")
ALIASES = ("/api.smartpay.co/v1", "/api.smartpay/v1")
ABSENT = [
    ("DELETE", "coupon"),
    ("DELETE", "promotion_code"),
    ("PATCH", "order"),
    ("PATCH", "checkout_session"),
    ("PATCH", "token"),
]


@pytest.mark.clause("service.path-version", "service.lower-case-prefix")
def test_the_api_stands_under_v1(api: Client, checks: Checks) -> None:
    """The prefix of every path is the version."""
    assert api.base_url.endswith("/v1")

    answer = api.with_base_url(api.base_url.lower()).call("list_orders")

    checks.ok(answer)


@pytest.mark.clause("service.utf-8")
def test_japanese_text_comes_back_as_it_was_sent(shop: Shop, api: Client) -> None:
    """Kanji, kana, a letter beyond the first plane, and quotes."""
    metadata = {"名前": "虎ノ門 ニット", "face": "😀", "quoted": 'a "b" \\ c'}

    order = shop.order(metadata=metadata)

    assert order["metadata"] == metadata
    assert shop.now("order", order["id"])["metadata"] == metadata
    assert order["shippingInfo"]["address"]["line1"] == "虎ノ門1-17-1"


@pytest.mark.clause("service.gzip")
@pytest.mark.parametrize("encoding", ["gzip", "identity", "gzip, deflate"])
def test_an_offer_to_compress_is_answered_readably(
    encoding: str, api: Client, checks: Checks
) -> None:
    """Compressed or not, what is said is what is sent."""
    answer = api.call("list_orders", headers={"Accept-Encoding": encoding})

    checks.ok(answer)


@pytest.mark.clause("service.aliases")
@pytest.mark.parametrize("prefix", ALIASES)
def test_the_api_also_stands_where_sdks_can_be_pointed(
    prefix: str, shop: Shop, api: Client, target: Target
) -> None:
    """It is the same account on every prefix."""
    order = shop.order()

    there = api.with_base_url(target.root_url + prefix)
    answer = there.call("get_order", id=order["id"])

    assert shop.checks.ok(answer) == shop.now("order", order["id"])


@pytest.mark.clause("service.unknown-path")
@pytest.mark.parametrize("path", ["/x", "/order", "/orders/a/b/c", "/tokens//a/enable"])
def test_an_unknown_path_is_answered_in_the_common_shape(
    path: str, api: Client, checks: Checks
) -> None:
    """A client that reads JSON errors can read this one."""
    answer = api.request("GET", api.base_url + path)

    checks.refused(answer, "request.not-found")


@pytest.mark.clause("service.wrong-method")
@pytest.mark.parametrize("operation", with_id(READS))
def test_a_method_that_a_path_does_not_take_is_refused(
    operation: str, api: Client, checks: Checks
) -> None:
    """405, with the methods that the path does take."""
    row = OPERATIONS[operation]

    answer = api.request("POST", api.url_of(row, "any"), body=b"{}")

    checks.refused(answer, "request.method-not-allowed")
    assert "GET" in answer.headers["Allow"]
    assert "POST" not in answer.headers["Allow"]


@pytest.mark.clause("service.wrong-method")
def test_a_question_for_the_methods_makes_nothing(shop: Shop) -> None:
    """OPTIONS with the body of a POST, whatever its answer is."""
    before = shop.checks.listed(shop.api, "list_coupons")
    url = shop.api.url_of(OPERATIONS["create_coupon"])

    shop.api.request("OPTIONS", url, body=json.dumps(payloads.coupon()).encode())

    assert shop.checks.listed(shop.api, "list_coupons") == before


@pytest.mark.clause("service.no-delete-coupons")
@pytest.mark.parametrize(("method", "kind"), ABSENT)
def test_what_no_sdk_can_do_does_not_succeed(
    method: str, kind: str, shop: Shop, api: Client
) -> None:
    """And the object stays what it was."""
    made = RESOURCES[kind].make(shop)
    before = shop.now(kind, made["id"])
    row = OPERATIONS[RESOURCES[kind].get_operation]

    answer = api.request(
        method,
        api.url_of(row, made["id"]),
        headers={"Content-Type": "application/json"},
        body=b'{"reference":"x"}',
    )

    assert answer.status >= 400, answer.status
    assert shop.now(kind, made["id"]) == before


MERCHANT = merchant_operations()
ANSWERING = [name for name in MERCHANT if OPERATIONS[name].response]
DELETES = merchant_operations("DELETE")
ABOUT_ONE = [name for name in MERCHANT if name in with_id(MERCHANT)]
BASE62 = re.compile(r"[0-9A-Za-z]+")
MILLISECONDS = range(1_600_000_000_000, 4_102_444_800_000)
"""2020 and 2100: seconds or microseconds would be far outside."""


def without_texts(answer: Exchange) -> str:
    """Return the JSON of an answer with every text in it empty."""
    return re.sub(r'"(?:[^"\\]|\\.)*"', '""', answer.text)


def objects_in(value: Any) -> list[dict[str, Any]]:
    """Return every object of the API in a document, however deep."""
    if isinstance(value, list):
        return [found for entry in value for found in objects_in(entry)]
    if not isinstance(value, dict):
        return []
    mine = [value] if isinstance(value.get("id"), str) else []
    return mine + [found for entry in value.values() for found in objects_in(entry)]


@pytest.mark.clause("service.success-200")
@pytest.mark.parametrize("operation", [n for n in MERCHANT if n not in DELETES])
def test_a_good_call_is_answered_with_200(operation: str, shop: Shop) -> None:
    """Every operation has one good call."""
    answer = call(operation, shop)

    assert answer.status == 200


@pytest.mark.clause("auth.one-key", "auth.raw-key")
@pytest.mark.parametrize("operation", MERCHANT)
def test_the_secret_key_opens_every_operation(operation: str, shop: Shop) -> None:
    """As it is, behind Basic."""
    answer = call(operation, shop)

    shop.checks.succeeded(answer)


@pytest.mark.clause("data.shape")
@pytest.mark.parametrize("operation", ANSWERING)
def test_an_answer_has_every_documented_member(operation: str, shop: Shop) -> None:
    """Optional ones may be left out."""
    answer = call(operation, shop)

    shop.checks.ok(answer)
    shop.checks.complete(answer)


@pytest.mark.clause("service.consumer-200")
@pytest.mark.parametrize("operation", [n for n in OPERATIONS if n not in MERCHANT])
def test_a_good_call_of_the_consumers_side_is_answered_with_200(
    operation: str, shop: Shop
) -> None:
    """And its answer fits the schema."""
    shop.target.require("consumer")
    answer = call(operation, shop)

    shop.checks.ok(answer)
    assert answer.status == 200


@pytest.mark.clause("service.delete-204")
@pytest.mark.parametrize("operation", DELETES)
def test_a_deletion_is_answered_with_204_and_nothing(
    operation: str, shop: Shop
) -> None:
    """There is nothing to say of what is gone."""
    answer = call(operation, shop)

    assert (answer.status, answer.body) == (204, b"")


@pytest.mark.clause("data.no-more")
@pytest.mark.parametrize("operation", [n for n, r in OPERATIONS.items() if r.response])
def test_an_answer_has_no_unknown_member(operation: str, shop: Shop) -> None:
    """The schema of our own answers is closed."""
    answer = call(operation, shop)

    shop.checks.succeeded(answer)
    schema = response_schema(operation)
    assert schema is not None
    Checks(foreign=False).matches(schema, answer.doc, answer)


@pytest.mark.clause("service.json-content-type")
@pytest.mark.parametrize("operation", ANSWERING)
def test_an_answer_is_labelled_as_json(operation: str, shop: Shop) -> None:
    """SDKs refuse to read another content type."""
    answer = call(operation, shop)

    shop.checks.is_json(shop.checks.succeeded(answer))


@pytest.mark.clause("service.compact-json")
@pytest.mark.parametrize("operation", ANSWERING)
def test_an_answer_is_compact_json(operation: str, shop: Shop) -> None:
    """One SDK searches the raw text."""
    answer = call(operation, shop)

    shop.checks.succeeded(answer)
    assert not re.search(r"\s", without_texts(answer).strip()), answer.text[:200]


@pytest.mark.clause("service.compact-json")
def test_a_refusal_is_compact_json(api: Client) -> None:
    """One SDK searches it for the code."""
    answer = api.call("get_token", id=RESOURCES["token"].unknown_id)

    assert '"errorCode":"token.not-found"' in answer.text


@pytest.mark.clause("service.integers")
@pytest.mark.parametrize("operation", ANSWERING)
def test_numbers_in_answers_are_integers(operation: str, shop: Shop) -> None:
    """2.0 is no integer to an SDK that compares types."""
    answer = shop.checks.succeeded(call(operation, shop))

    assert not re.search(r"\d[.eE]", without_texts(answer)), answer.text[:300]
    for thing in objects_in(answer.json):
        for name in ("amount", "createdAt", "updatedAt", "expiresAt", "quantity"):
            assert type(thing.get(name, 0)) is int, f"{name} of {thing['id']}"


@pytest.mark.clause("data.object", "data.id-prefix")
@each(RESOURCES)
def test_an_object_names_its_kind(resource: Resource, shop: Shop) -> None:
    """By its member object, and by the prefix of its id, everywhere it appears."""
    made = resource.make(shop)

    entry = shop.checks.find(shop.api, resource.list_operation, made["id"])
    for seen in (made, shop.now(resource.name, made["id"]), entry):
        assert seen["object"] == resource.object
        assert seen["id"].startswith(f"{resource.prefix}_test_"), seen["id"]


@pytest.mark.clause("data.id-prefix", "data.object")
def test_what_an_order_holds_names_its_kind_too(shop: Shop) -> None:
    """Line items, prices, products and payments have kinds and prefixes."""
    shop.require_payments()
    order = shop.order()

    prefixes = {
        "order": "order",
        "lineItem": "li",
        "price": "price",
        "product": "product",
        "payment": "payment",
    }
    found = objects_in(order)
    assert {thing["object"] for thing in found} >= set(prefixes)
    for thing in found:
        prefix = prefixes.get(thing["object"])
        assert prefix is None or thing["id"].startswith(f"{prefix}_test_")


@pytest.mark.clause("data.id-length")
@each(RESOURCES)
def test_an_id_has_the_usual_length(resource: Resource, shop: Shop) -> None:
    """128 bits in base62."""
    made = resource.make(shop)

    for thing in objects_in(made):
        assert len(thing["id"].split("_", 2)[2]) in {21, 22}, thing["id"]


@pytest.mark.clause("data.id-format")
@pytest.mark.parametrize("operation", ANSWERING)
def test_every_object_in_an_answer_has_a_good_id(operation: str, shop: Shop) -> None:
    """SDKs refuse others."""
    answer = shop.checks.succeeded(call(operation, shop))

    things = objects_in(answer.json)
    assert things
    for thing in things:
        prefix, mode, suffix = thing["id"].split("_", 2)
        assert (prefix.isalpha(), mode) == (True, "test"), thing["id"]
        assert BASE62.fullmatch(suffix), thing["id"]


@pytest.mark.clause("auth.test-flag")
@pytest.mark.parametrize("operation", ANSWERING)
def test_every_object_in_an_answer_is_marked_as_test(
    operation: str, shop: Shop
) -> None:
    """By its member test."""
    answer = shop.checks.succeeded(call(operation, shop))

    for thing in objects_in(answer.json):
        assert thing["test"] is True, thing["id"]


@pytest.mark.clause("data.milliseconds")
@pytest.mark.parametrize("operation", ANSWERING)
def test_every_time_in_an_answer_is_in_milliseconds(operation: str, shop: Shop) -> None:
    """When the object was made, and when it was changed."""
    answer = shop.checks.succeeded(call(operation, shop))

    for thing in objects_in(answer.json):
        for name in ("createdAt", "updatedAt"):
            at = thing.get(name, MILLISECONDS[0])
            is_good = isinstance(at, int) and at in MILLISECONDS
            assert is_good, f"{name} of {thing['id']}: {at!r}"


@pytest.mark.clause("data.no-nulls")
@pytest.mark.parametrize("operation", ANSWERING)
def test_what_is_not_set_is_left_out(operation: str, shop: Shop) -> None:
    """No member of an answer is null."""
    answer = shop.checks.succeeded(call(operation, shop))

    assert "null" not in without_texts(answer), answer.text[:300]


@pytest.mark.clause("service.tracking-parameters", "service.unknown-headers")
@pytest.mark.parametrize("operation", MERCHANT)
def test_what_sdks_add_to_every_call_changes_nothing(
    operation: str, shop: Shop
) -> None:
    """Their name and version in the query, and a header nobody knows."""
    arguments = ARRANGE[operation](shop)

    answer = call(
        operation,
        shop,
        arguments,
        query={"dev-lang": "python", "sdk-version": "0.8.1"},
        headers={"ContentType": "application/json"},
    )

    shop.checks.ok(answer)


@pytest.mark.clause("errors.not-found")
@pytest.mark.parametrize("operation", ABOUT_ONE)
def test_an_unknown_id_is_not_found(operation: str, shop: Shop) -> None:
    """404, whatever one wants to do with it."""
    resource = resource_of(operation)
    body = dict(resource.update or {}) if OPERATIONS[operation].request else {}

    answer = caller_of(operation, shop).call(operation, body, id=resource.unknown_id)

    shop.checks.refused_with(answer, 404)


UNKNOWN = {
    "cancel_order": "orders.cancel.not-found",
    "get_payment": "payments.get.not-found",
    "update_payment": "payments.get.not-found",
    "get_refund": "refunds.get.not-found",
    "update_refund": "refunds.get.not-found",
    "enable_token": "tokens.change.not-found",
    "disable_token": "tokens.change.not-found",
    "delete_token": "tokens.change.not-found",
    "get_coupon": "coupons.get.not-found",
    "update_coupon": "coupons.get.not-found",
    "get_promotion_code": "promotions.get.not-found",
    "update_promotion_code": "promotions.get.not-found",
    "get_webhook_endpoint": "endpoints.not-found",
    "update_webhook_endpoint": "endpoints.not-found",
    "delete_webhook_endpoint": "endpoints.not-found",
}
"""Operation -> the clause about an unknown id; other files check the rest."""


@pytest.mark.clause("errors.names-the-object")
@pytest.mark.parametrize(
    "operation",
    [
        case(UNKNOWN.get(name, ""), name)
        for name in ABOUT_ONE
        if resource_of(name).name != "checkout_session"
    ],
)
def test_a_404_names_the_resource_type(operation: str, shop: Shop) -> None:
    """The code says of which type no object was found."""
    resource = resource_of(operation)
    body = dict(resource.update or {}) if OPERATIONS[operation].request else {}

    answer = shop.api.call(operation, body, id=resource.unknown_id)

    shop.checks.refused(answer, resource.not_found)


@pytest.mark.parametrize(
    "operation",
    [
        case("consumer.authorize.not-found", "authorize_order"),
        case("consumer.approve.not-found", "approve_token"),
    ],
)
def test_a_404_to_a_consumer_names_the_resource_type(
    operation: str, shop: Shop, consumer: Client
) -> None:
    """As one to the merchant."""
    resource = resource_of(operation)

    answer = consumer.call(operation, APPROVED, id=resource.unknown_id)

    shop.checks.refused(answer, resource.not_found)


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        case("payments.create.not-found", "create_payment", "order"),
        case("refunds.create.not-found", "create_refund", "payment"),
        case("promotions.create.coupon-not-found", "create_promotion_code", "coupon"),
    ],
)
def test_an_unknown_id_in_a_body_is_not_found(
    operation: str, name: str, shop: Shop
) -> None:
    """404, with the code of what the body refers to."""
    resource = RESOURCES[name]
    body = {**ARRANGE[operation](shop).body, name: resource.unknown_id}

    answer = shop.api.call(operation, body)

    shop.checks.refused(answer, resource.not_found)


@pytest.mark.clause("service.request-id")
@pytest.mark.parametrize("operation", MERCHANT)
def test_every_answer_has_a_request_id_of_its_own(operation: str, shop: Shop) -> None:
    """So that a person can name the exchange they ask about."""
    arguments = ARRANGE[operation](shop)

    ids = [call(operation, shop, arguments).headers.get("Request-Id") for _ in range(2)]

    assert all(ids), "no Request-Id"
    assert ids[0] != ids[1]


@pytest.mark.clause("service.request-id")
def test_every_refusal_has_a_request_id_of_its_own(api: Client) -> None:
    """Also one that reaches no operation."""
    body, orders = b"{", f"{api.base_url}/orders"
    calls: list[Callable[[], Exchange]] = [
        lambda: api.request("GET", f"{api.base_url}/nothing"),
        lambda: api.request("DELETE", orders),
        lambda: api.call("create_order", raw=body),
        lambda: api.call(
            "create_order", raw=body, headers={"Content-Type": "text/xml"}
        ),
        lambda: api.call("get_order", id="order_test_unknown_id"),
        lambda: api.with_authorization(None).request("GET", orders),
        lambda: api.with_authorization(None).request("GET", f"{api.base_url}/nothing"),
    ]

    ids = [refused().headers.get("Request-Id") for refused in calls * 2]

    assert all(ids), "no Request-Id"
    assert len(set(ids)) == len(ids)


@pytest.mark.clause("data.unique-ids")
def test_two_objects_never_share_an_id(shop: Shop) -> None:
    """Not even line items of one order."""
    orders = [shop.order() for _ in range(2)]

    ids = [thing["id"] for thing in objects_in(orders)]
    assert len(ids) == len(set(ids))


@pytest.mark.clause("data.metadata-default")
@each(CREATABLE)
def test_metadata_is_an_empty_object_by_default(resource: Resource, shop: Shop) -> None:
    """Every object that may carry metadata does."""
    made = resource.make(shop)

    assert made["metadata"] == {}
    assert shop.now(resource.name, made["id"])["metadata"] == {}


@pytest.mark.clause("data.metadata-echo")
@each(CREATABLE)
def test_metadata_comes_back_as_it_was_sent(resource: Resource, shop: Shop) -> None:
    """When the object is made, and when it is retrieved."""
    metadata = {"shop": "Shibuya", "日本語": "値", "number": "7"}
    arguments = ARRANGE[resource.create_operation](shop)
    body = {**arguments.body, "metadata": metadata}

    made = shop.ok(resource.create_operation, body)

    assert made["metadata"] == metadata
    assert shop.now(resource.name, made["id"])["metadata"] == metadata


@pytest.mark.clause("data.metadata-limit")
@pytest.mark.parametrize("operation", [k.create_operation for k in CREATABLE.values()])
@pytest.mark.parametrize(("pairs", "is_accepted"), [(20, True), (21, False)])
def test_metadata_has_at_most_twenty_pairs(
    operation: str, pairs: int, is_accepted: bool, shop: Shop
) -> None:
    """Twenty are accepted, twenty-one are not."""
    metadata = {f"key{number}": "value" for number in range(pairs)}
    body = {**ARRANGE[operation](shop).body, "metadata": metadata}

    answer = shop.api.call(operation, body)

    if is_accepted:
        assert shop.checks.ok(answer)["metadata"] == metadata
    else:
        shop.checks.refused(answer, "request.invalid")
