"""Tokens: a consumer's standing permission, switched off, on, and away."""

from __future__ import annotations

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.exchange import Exchange
from smartpay_contracts.shop import Shop

NOBODY = "paytok_test_0000000000000000000000"
STATUSES = {"requires_authorization", "active", "rejected", "disabled", "deleted"}
CHANGES = ["enable_token", "disable_token", "delete_token"]


def change(shop: Shop, operation: str, token: str) -> Exchange:
    """Return the good answer to a change of a token."""
    return shop.checks.succeeded(shop.api.call(operation, id=token))


def status_of(shop: Shop, token: str) -> str:
    """Return a token's status as it is now."""
    return str(shop.now("token", token)["status"])


@pytest.mark.clause("tokens.get.active")
def test_an_approved_token_is_active(shop: Shop) -> None:
    """It can be retrieved by its id."""
    token = shop.now("token", shop.token)

    assert (token["id"], token["status"]) == (shop.token, "active")


@pytest.mark.clause("tokens.get.not-found")
@pytest.mark.parametrize("id_", [NOBODY, "nothing"])
def test_an_unknown_token_is_not_found(id_: str, api: Client, checks: Checks) -> None:
    """404 token.not-found, as one SDK searches for in the raw text."""
    answer = api.call("get_token", id=id_)

    checks.refused(answer, "token.not-found")
    assert '"errorCode":"token.not-found"' in answer.text


@pytest.mark.clause("tokens.get.unapproved")
def test_a_token_that_waits_can_be_retrieved(shop: Shop) -> None:
    """In requires_authorization."""
    token = shop.waiting_token()

    assert status_of(shop, token) == "requires_authorization"


@pytest.mark.clause("tokens.status")
def test_a_tokens_status_is_a_documented_one(shop: Shop) -> None:
    """Alone and for every token that the first page lists."""
    page = shop.checks.page(shop.api.call("list_tokens"))

    assert {entry["status"] for entry in page["data"]} <= STATUSES
    assert status_of(shop, shop.token) in STATUSES


@pytest.mark.clause("tokens.disable", "tokens.enable", "tokens.no-other-change")
def test_a_token_is_switched_off_and_on(shop: Shop) -> None:
    """Nothing else about it changes, and it can be charged again."""
    token = shop.switchable_token()
    before = shop.now("token", token)

    change(shop, "disable_token", token)
    off = shop.now("token", token)
    entry = shop.checks.find(shop.api, "list_tokens", token)
    change(shop, "enable_token", token)
    on = shop.now("token", token)

    assert [off["status"], entry["status"], on["status"]] == [
        "disabled",
        "disabled",
        "active",
    ]
    for name in set(before) - {"status", "updatedAt"}:
        assert off[name] == on[name] == before[name], name
    assert shop.order(token=token)["status"] == "succeeded"


@pytest.mark.clause("tokens.empty-answer")
@pytest.mark.parametrize("operation", ["disable_token", "enable_token"])
def test_a_switch_is_answered_with_nothing_to_parse(operation: str, shop: Shop) -> None:
    """No body, or an object; two SDKs parse whatever is labelled as JSON."""
    token = shop.switchable_token()
    if operation == "enable_token":
        change(shop, "disable_token", token)

    answer = change(shop, operation, token)

    is_json = "json" in answer.headers.get("Content-Type", "")
    assert answer.status == 200
    assert isinstance(answer.json, dict) if is_json else answer.body == b""


@pytest.mark.clause("tokens.repeat")
def test_switching_twice_is_switching_once(shop: Shop) -> None:
    """Enabling what is active, disabling what is disabled."""
    token = shop.switchable_token()

    change(shop, "enable_token", token)
    assert status_of(shop, token) == "active"
    for _ in range(2):
        change(shop, "disable_token", token)
        assert status_of(shop, token) == "disabled"


@pytest.mark.clause("tokens.before-approval")
@pytest.mark.parametrize("operation", ["disable_token", "enable_token"])
def test_a_token_that_waits_cannot_be_switched(operation: str, shop: Shop) -> None:
    """404, and it still waits: nobody but the consumer approves it."""
    token = shop.waiting_token()

    answer = shop.api.call(operation, id=token)

    shop.checks.refused(answer, "token.not-found")
    order = shop.api.call("create_order", shop.order_body(token=token))
    shop.checks.refused(order, "token.invalid")


@pytest.mark.clause("tokens.delete", "tokens.list.no-deleted")
def test_a_deleted_token_is_gone(shop: Shop) -> None:
    """204; then it is not found, and in no list."""
    token = shop.own_token()
    shop.checks.find(shop.api, "list_tokens", token)

    change(shop, "delete_token", token)

    shop.checks.refused(shop.api.call("get_token", id=token), "token.not-found")
    listed = [entry["id"] for entry in shop.checks.listed(shop.api, "list_tokens")]
    assert token not in listed


@pytest.mark.clause("tokens.delete")
def test_deleting_one_token_leaves_the_others(shop: Shop) -> None:
    """Only the one that was named goes."""
    before = {entry["id"] for entry in shop.checks.listed(shop.api, "list_tokens")}
    token = shop.own_token()

    change(shop, "delete_token", token)

    after = {entry["id"] for entry in shop.checks.listed(shop.api, "list_tokens")}
    assert after == before - {token}


@pytest.mark.clause("tokens.delete.final")
@pytest.mark.parametrize("operation", CHANGES)
def test_a_deleted_token_does_not_come_back(operation: str, shop: Shop) -> None:
    """Deleting is for good."""
    token = shop.own_token()
    change(shop, "delete_token", token)

    answer = shop.api.call(operation, id=token)

    shop.checks.refused(answer, "token.not-found")
    shop.checks.refused(shop.api.call("get_token", id=token), "token.not-found")


@pytest.mark.clause("tokens.delete.disabled")
def test_a_disabled_token_can_be_deleted(shop: Shop) -> None:
    """It need not be enabled first."""
    token = shop.own_token()
    change(shop, "disable_token", token)

    change(shop, "delete_token", token)

    shop.checks.refused(shop.api.call("get_token", id=token), "token.not-found")


@pytest.mark.clause("tokens.list")
def test_active_and_disabled_tokens_are_listed(shop: Shop) -> None:
    """As they are when they are retrieved."""
    token = shop.switchable_token()

    for operation in ("disable_token", "enable_token"):
        change(shop, operation, token)
        entry = shop.checks.find(shop.api, "list_tokens", token)
        assert entry == shop.now("token", token)


@pytest.mark.clause("tokens.list")
def test_the_token_to_charge_is_listed(shop: Shop) -> None:
    """It is active."""
    assert shop.checks.find(shop.api, "list_tokens", shop.token)["status"] == "active"


@pytest.mark.clause("tokens.list.no-unapproved")
def test_a_token_that_was_never_active_is_not_listed(shop: Shop) -> None:
    """Every listed token is active or disabled."""
    token = shop.waiting_token()

    listed = shop.checks.listed(shop.api, "list_tokens")

    assert token not in [entry["id"] for entry in listed]
    assert {entry["status"] for entry in listed} <= {"active", "disabled"}
