"""The ground everything stands on: paths, methods, text, and other ways in."""

from __future__ import annotations

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.resources import RESOURCES, merchant_operations, with_id
from smartpay_contracts.shop import Shop
from smartpay_contracts.target import Target
from smartpay_schemas import OPERATIONS

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
@pytest.mark.parametrize("path", ["/nothing", "/orders/a/b/c", "/order", "/customers"])
def test_an_unknown_path_is_answered_in_the_common_shape(
    path: str, api: Client, checks: Checks
) -> None:
    """A client that reads JSON errors can read this one."""
    answer = api.request("GET", api.base_url + path)

    checks.refused(answer, "request.not-found")


@pytest.mark.clause("service.wrong-method")
@pytest.mark.parametrize("operation", with_id(READS))
def test_a_method_that_a_path_does_not_take_is_told(
    operation: str, api: Client, checks: Checks
) -> None:
    """405, with the methods that the path does take."""
    row = OPERATIONS[operation]

    answer = api.request("POST", api.url_of(row, "any"), body=b"{}")

    checks.refused(answer, "request.method-not-allowed")
    assert "GET" in answer.headers["Allow"]
    assert "POST" not in answer.headers["Allow"]


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
