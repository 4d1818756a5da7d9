"""Tokens, and the consumer's calls that authorize orders and approve tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import ACCOUNT_HEADER, Control
from smartpay_contracts.exchange import Doc, Exchange
from smartpay_contracts.shop import APPROVED, Shop
from smartpay_fixtures import sandbox_values
from smartpay_schemas import ERRORS

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
    """404 token.not-found."""
    answer = api.call("get_token", id=id_)

    checks.refused(answer, "token.not-found")


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

    statuses = [seen["status"] for seen in (off, entry, on)]
    assert statuses == ["disabled", "disabled", "active"]
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


@pytest.mark.clause("tokens.repeat")
@pytest.mark.parametrize("operation", ["disable_token", "enable_token"])
def test_a_repeated_switch_is_no_change(
    operation: str, shop: Shop, control: Control
) -> None:
    """The time of the last change stays, too."""
    token = shop.switchable_token()
    change(shop, operation, token)
    before = shop.now("token", token)
    control.advance(seconds=1)

    change(shop, operation, token)

    assert shop.now("token", token) == before


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


DAY_MS = 86_400_000
MINUTE_MS = 60_000
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
SOFT = {"paymentMethod": "pm_test_visaDeclined", "paymentPlan": "pay_in_three"}
HARD = {"paymentMethod": "pm_test_visaRefused", "paymentPlan": "pay_in_three"}
CREDENTIALS = {
    "none": "",
    "unknown": "Bearer nobody",
    "not a bearer": "Basic abc",
    "token in another scheme": "Basic {token}",
}


def authorize(shop: Shop, order: Doc, body: Any = None) -> Doc:
    """Authorize an order and return it as it is afterwards."""
    answer = shop.consumer.call("authorize_order", body or APPROVED, id=order["id"])
    shop.checks.succeeded(answer)
    return shop.now("order", order["id"])


@pytest.mark.clause("consumer.login")
def test_a_consumer_logs_in(shop: Shop) -> None:
    """With e-mail address and password, for an access token that is text."""
    answer = shop.api.call("consumer_login", shop.credentials())

    token = shop.checks.ok(answer)["accessToken"]
    assert isinstance(token, str)
    assert token


@pytest.mark.clause("consumer.login")
def test_a_consumer_may_log_in_again_and_again(shop: Shop) -> None:
    """Each suite does so before every authorization; each token works."""
    tokens = [shop.log_in() for _ in range(3)]

    for token in tokens:
        order = shop.unauthorized(captureMethod="manual")
        caller = shop.api.with_authorization(f"Bearer {token}")
        shop.checks.succeeded(caller.call("authorize_order", APPROVED, id=order["id"]))


@pytest.mark.clause("consumer.any-content-type")
@pytest.mark.parametrize("content_type", [*TEXT.values(), "application/octet-stream"])
def test_consumer_bodies_are_json_whatever_they_are_called(
    content_type: str, shop: Shop
) -> None:
    """Two SDK suites send them as text."""
    headers = {"Content-Type": content_type}
    credentials = json.dumps(shop.credentials()).encode()
    answer = shop.api.call("consumer_login", raw=credentials, headers=headers)
    token = shop.checks.ok(answer)["accessToken"]
    order = shop.unauthorized(captureMethod="manual")

    caller = shop.api.with_authorization(f"Bearer {token}")
    body = json.dumps(APPROVED).encode()
    authorized = caller.call(
        "authorize_order", raw=body, id=order["id"], headers=headers
    )

    shop.checks.succeeded(authorized)
    assert shop.now("order", order["id"])["status"] == "requires_capture"


@pytest.mark.clause("consumer.login.refused")
def test_a_wrong_password_is_refused(shop: Shop) -> None:
    """401, and no access token."""
    body = {**shop.credentials(), "password": "certainly not this one"}

    answer = shop.api.call("consumer_login", body)

    assert answer.status == ERRORS["consumer.unauthorized"].status
    assert "accessToken" not in answer.text


@pytest.mark.clause("consumer.authorize.manual")
def test_authorizing_holds_the_money(shop: Shop, consumer: Client) -> None:
    """For seven days, in which it can be captured."""
    order = shop.unauthorized(captureMethod="manual", amount=900)

    now = authorize(shop, order)

    assert (now["status"], now["payments"]) == ("requires_capture", [])
    late = now["expiresAt"] - now["createdAt"] - 7 * DAY_MS
    assert 0 <= late <= MINUTE_MS
    assert shop.payment(900, order=order["id"])["amount"] == 900


@pytest.mark.clause("consumer.authorize.manual")
def test_the_seven_days_begin_with_the_authorization(
    shop: Shop, consumer: Client, control: Control
) -> None:
    """Not with the session."""
    control.freeze()
    order = shop.unauthorized(captureMethod="manual")
    now_ms = control.advance(hours=5)
    consumer = shop.api.with_authorization(f"Bearer {shop.log_in()}")

    shop.checks.succeeded(consumer.call("authorize_order", APPROVED, id=order["id"]))

    now = shop.now("order", order["id"])
    assert now["expiresAt"] == now_ms + 7 * DAY_MS
    control.advance(milliseconds=7 * DAY_MS - 1)
    assert shop.now("order", order["id"])["status"] == "requires_capture"
    control.advance(milliseconds=2)
    assert shop.now("order", order["id"])["status"] == "canceled"


@pytest.mark.clause("consumer.authorize.automatic")
@pytest.mark.parametrize("changes", [{}, {"captureMethod": "automatic"}])
def test_authorizing_may_take_the_money_at_once(
    changes: dict[str, str], shop: Shop, consumer: Client
) -> None:
    """One payment for the full amount; automatic is the default."""
    order = shop.unauthorized(amount=900, **changes)

    now = authorize(shop, order)

    assert now["status"] == "succeeded"
    (payment,) = now["payments"]
    paid = shop.now("payment", payment)
    assert (paid["amount"], paid["order"]) == (900, order["id"])


@pytest.mark.clause("consumer.authorize.answer")
def test_an_authorization_is_answered_with_the_order(
    shop: Shop, consumer: Client
) -> None:
    """As it is then."""
    order = shop.unauthorized(captureMethod="manual")

    answer = consumer.call("authorize_order", APPROVED, id=order["id"])

    assert shop.checks.ok(answer)["id"] == order["id"]
    assert answer.doc["status"] == "requires_capture"


@pytest.mark.clause("consumer.authorize.credential")
@pytest.mark.parametrize("authorization", CREDENTIALS.values(), ids=CREDENTIALS)
def test_consumer_calls_need_an_access_token(
    authorization: str, shop: Shop, consumer: Client
) -> None:
    """Without one nothing is authorized and nothing approved."""
    order, token = shop.unauthorized(), shop.waiting_token()
    sent = authorization.format(token=shop.log_in())
    anonymous = shop.api.with_authorization(sent or None)

    answers = [
        anonymous.call("authorize_order", APPROVED, id=order["id"]),
        anonymous.call("approve_token", id=token),
    ]

    assert [answer.status for answer in answers] == [401, 401]
    assert shop.now("order", order["id"])["status"] == "requires_authorization"
    assert shop.now("token", token)["status"] == "requires_authorization"


@pytest.mark.clause("consumer.authorize.again")
def test_an_order_is_authorized_once(shop: Shop, consumer: Client) -> None:
    """A second time is refused, and nothing is paid twice."""
    order = shop.unauthorized()
    before = authorize(shop, order)

    answer = consumer.call("authorize_order", APPROVED, id=order["id"])

    shop.checks.refused(answer, "order.cannot-authorize")
    assert shop.now("order", order["id"]) == before


@pytest.mark.clause("consumer.authorize.soft-decline")
def test_after_a_soft_decline_another_method_may_be_tried(
    shop: Shop, control: Control
) -> None:
    """The order waits on, and then succeeds."""
    order = shop.unauthorized()

    declined = authorize(shop, order, SOFT)
    approved = authorize(shop, order)

    assert declined["status"] == "requires_authorization"
    assert (declined["payments"], approved["status"]) == ([], "succeeded")
    assert "expiresAt" not in declined


@pytest.mark.clause("consumer.authorize.soft-decline")
def test_a_consumer_who_is_declined_softly_may_try_again(
    shop: Shop, control: Control
) -> None:
    """The order waits until the consumer is approved."""
    order = shop.unauthorized()
    consumer = sandbox_values().consumers["active"].id

    control.set_consumer(consumer, decision="declined_softly")
    declined = authorize(shop, order)
    control.set_consumer(consumer, decision="approved")
    approved = authorize(shop, order)

    assert declined["status"] == "requires_authorization"
    assert (declined["payments"], approved["status"]) == ([], "succeeded")


@pytest.mark.clause("consumer.authorize.hard-decline")
def test_a_hard_decline_is_final(shop: Shop, control: Control) -> None:
    """The order is rejected, and no other method helps."""
    order = shop.unauthorized()

    declined = authorize(shop, order, HARD)

    assert (declined["status"], declined["payments"]) == ("rejected", [])
    again = shop.consumer.call("authorize_order", APPROVED, id=order["id"])
    shop.checks.refused(again, "order.cannot-authorize")


@pytest.mark.clause("consumer.authorize.declined")
@pytest.mark.parametrize("change", [{"decision": "declined"}, {"active": False}])
def test_a_consumer_who_is_declined_authorizes_no_order(
    change: dict[str, Any], shop: Shop, control: Control
) -> None:
    """The order is rejected, without a payment."""
    order = shop.unauthorized()
    assert shop.consumer
    control.set_consumer(sandbox_values().consumers["active"].id, **change)

    declined = authorize(shop, order)

    assert (declined["status"], declined["payments"]) == ("rejected", [])


@pytest.mark.clause("consumer.authorize.declined", "consumer.approve.declined")
@pytest.mark.parametrize("name", ["declined", "rejected"])
def test_an_address_of_a_session_declines(
    name: str, shop: Shop, control: Control
) -> None:
    """The session's order or token is rejected, although the consumer is not."""
    customer = {"emailAddress": f"{name}@smartpay.co"}
    order = shop.unauthorized(customerInfo=customer)
    token = shop.token_session(customerInfo=customer)["token"]["id"]

    declined = authorize(shop, order)
    answer = shop.checks.ok(shop.consumer.call("approve_token", id=token))

    assert (declined["status"], declined["payments"]) == ("rejected", [])
    assert answer["status"] == status_of(shop, token) == "rejected"


@pytest.mark.clause("consumer.approve")
def test_an_approved_token_can_be_charged(shop: Shop, consumer: Client) -> None:
    """It is active, listed, and pays for an order."""
    token = shop.waiting_token()

    shop.checks.succeeded(consumer.call("approve_token", id=token))

    assert shop.now("token", token)["status"] == "active"
    assert shop.checks.find(shop.api, "list_tokens", token)["status"] == "active"
    order = shop.order(token=token)
    assert (order["status"], order["tokenId"]) == ("succeeded", token)


@pytest.mark.clause("consumer.approve")
def test_a_waiting_token_among_the_test_values_can_be_approved(
    shop: Shop, control: Control
) -> None:
    """Every account has it, so the call names the account."""
    token = sandbox_values().tokens["requires_authorization"].id
    headers = {ACCOUNT_HEADER: str(shop.api.key)}

    answer = shop.consumer.call("approve_token", id=token, headers=headers)

    assert shop.checks.ok(answer)["status"] == "active"
    assert shop.order(token=token)["status"] == "succeeded"


@pytest.mark.clause("consumer.approve.answer")
def test_an_approval_is_answered_with_the_token(shop: Shop, consumer: Client) -> None:
    """As it is then."""
    token = shop.waiting_token()

    answer = consumer.call("approve_token", id=token)

    seen = shop.checks.ok(answer)
    assert (seen["id"], seen["status"]) == (token, "active")


@pytest.mark.clause("consumer.approve.declined")
@pytest.mark.parametrize("change", [{"decision": "declined"}, {"active": False}])
def test_a_consumer_who_is_declined_approves_no_token(
    change: dict[str, Any], shop: Shop, control: Control
) -> None:
    """The approval is answered, the token is rejected and cannot be charged."""
    token = shop.waiting_token()
    consumer = shop.consumer
    control.set_consumer(sandbox_values().consumers["active"].id, **change)

    answer = shop.checks.ok(consumer.call("approve_token", id=token))

    assert answer["status"] == shop.now("token", token)["status"] == "rejected"
    charged = shop.api.call("create_order", shop.order_body(token=token))
    shop.checks.refused(charged, "token.invalid")


@pytest.mark.clause("consumer.approve.refused")
def test_a_refused_token_cannot_be_approved(shop: Shop, control: Control) -> None:
    """What was rejected stays rejected."""
    token = shop.waiting_token()
    control.set_token(token, status="rejected")

    answer = shop.consumer.call("approve_token", id=token)

    shop.checks.refused(answer, "token.cannot-approve")
    assert shop.now("token", token)["status"] == "rejected"
