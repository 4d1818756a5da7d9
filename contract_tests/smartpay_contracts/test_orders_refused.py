"""Orders that are not made: tokens that cannot be charged, bodies that break a rule."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_contracts import payloads
from smartpay_contracts.checks import Checks
from smartpay_contracts.control import Control
from smartpay_contracts.shop import Shop
from smartpay_fixtures import sandbox_values


@pytest.mark.clause("orders.create.token-not-found")
@pytest.mark.parametrize(
    "token",
    ["paytok_test_0000000000000000000000", "paytok_live_zAo001ZRfyjz1F4rMyYPnL"],
    ids=["unknown", "of live mode"],
)
def test_an_unknown_token_is_not_found(token: str, shop: Shop, checks: Checks) -> None:
    """No order is made."""
    body = payloads.order(token, reference=shop.reference())

    answer = shop.api.call("create_order", body)

    checks.refused(answer, "token.not-found")
    made = checks.search(
        shop.api, "list_orders", lambda o: o.get("reference") == body["reference"]
    )
    assert made is None


@pytest.mark.clause("orders.create.token-deleted")
def test_a_deleted_token_is_not_found(shop: Shop, checks: Checks) -> None:
    """What is deleted cannot be charged."""
    token = shop.own_token()
    checks.succeeded(shop.api.call("delete_token", id=token))

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.not-found")


@pytest.mark.clause("orders.create.token-invalid")
def test_a_token_that_waits_for_approval_is_invalid(shop: Shop, checks: Checks) -> None:
    """It exists, but was never active."""
    token = shop.waiting_token()

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.invalid")


@pytest.mark.clause("orders.create.token-invalid")
@pytest.mark.parametrize("name", ["requires_authorization", "refused"])
def test_a_token_that_was_never_active_is_invalid(
    name: str, shop: Shop, control: Control, checks: Checks
) -> None:
    """Whether it waits or was refused."""
    token = sandbox_values().tokens[name].id

    answer = shop.api.call("create_order", shop.order_body(token=token))

    checks.refused(answer, "token.invalid")
    assert checks.listed(shop.api, "list_orders") == []


@pytest.mark.clause("orders.create.token-shape")
@pytest.mark.parametrize("token", ["", "paytok", "order_test_abc", "paytok_test_", 7])
def test_what_is_no_token_is_refused(token: Any, shop: Shop, checks: Checks) -> None:
    """As invalid, or as not found."""
    answer = shop.api.call("create_order", payloads.order(token))

    checks.refused_with(answer, 404 if answer.status == 404 else 400)
