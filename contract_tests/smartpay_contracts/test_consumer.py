"""The consumer's side of the sandbox: log in, authorize an order, approve a token."""

from __future__ import annotations

import json
from typing import Any

import pytest

from smartpay_contracts.checks import Checks
from smartpay_contracts.client import Client
from smartpay_contracts.control import Control
from smartpay_contracts.exchange import Doc
from smartpay_contracts.shop import APPROVED, Shop
from smartpay_schemas import ERRORS

DAY_MS = 86_400_000
MINUTE_MS = 60_000
TEXT = {"Content-Type": "text/plain;charset=UTF-8"}
SOFT = {"paymentMethod": "pm_test_visaDeclined", "paymentPlan": "pay_in_three"}
HARD = {"paymentMethod": "pm_test_visaRefused", "paymentPlan": "pay_in_three"}
CREDENTIALS = {
    "none": None,
    "unknown": "Bearer nobody",
    "not a bearer": "Basic abc",
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
    authorization: str | None, shop: Shop, consumer: Client
) -> None:
    """Without one nothing is authorized and nothing approved."""
    order, token = shop.unauthorized(), shop.waiting_token()
    stranger = shop.api.with_authorization(authorization)

    answers = [
        stranger.call("authorize_order", APPROVED, id=order["id"]),
        stranger.call("approve_token", id=token),
    ]

    assert [answer.status for answer in answers] == [401, 401]
    assert shop.now("order", order["id"])["status"] == "requires_authorization"
    assert shop.now("token", token)["status"] == "requires_authorization"


@pytest.mark.clause("consumer.authorize.not-found")
def test_an_unknown_order_cannot_be_authorized(
    consumer: Client, checks: Checks
) -> None:
    """404 order.not-found."""
    nobody = "order_test_0000000000000000000000"

    answer = consumer.call("authorize_order", APPROVED, id=nobody)

    checks.refused(answer, "order.not-found")


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


@pytest.mark.clause("consumer.authorize.hard-decline")
def test_a_hard_decline_is_final(shop: Shop, control: Control) -> None:
    """The order is rejected, and no other method helps."""
    order = shop.unauthorized()

    declined = authorize(shop, order, HARD)

    assert (declined["status"], declined["payments"]) == ("rejected", [])
    again = shop.consumer.call("authorize_order", APPROVED, id=order["id"])
    shop.checks.refused(again, "order.cannot-authorize")


@pytest.mark.clause("consumer.authorize.plan")
@pytest.mark.parametrize("plan", ["pay_in_six", "", 3])
def test_another_plan_than_three_payments_is_refused(
    plan: Any, shop: Shop, consumer: Client
) -> None:
    """And the order waits on."""
    order = shop.unauthorized()
    body = {**APPROVED, "paymentPlan": plan}

    answer = consumer.call("authorize_order", body, id=order["id"])

    shop.checks.refused(answer, "request.invalid")
    assert shop.now("order", order["id"])["status"] == "requires_authorization"


@pytest.mark.clause("consumer.approve")
def test_an_approved_token_can_be_charged(shop: Shop, consumer: Client) -> None:
    """It is active, listed, and pays for an order."""
    token = shop.waiting_token()

    shop.checks.succeeded(consumer.call("approve_token", id=token))

    assert shop.now("token", token)["status"] == "active"
    assert shop.checks.find(shop.api, "list_tokens", token)["status"] == "active"
    order = shop.order(token=token)
    assert (order["status"], order["tokenId"]) == ("succeeded", token)


@pytest.mark.clause("consumer.approve.answer")
def test_an_approval_is_answered_with_the_token(shop: Shop, consumer: Client) -> None:
    """As it is then."""
    token = shop.waiting_token()

    answer = consumer.call("approve_token", id=token)

    seen = shop.checks.ok(answer)
    assert (seen["id"], seen["status"]) == (token, "active")


@pytest.mark.clause("consumer.approve.not-found")
def test_an_unknown_token_cannot_be_approved(consumer: Client, checks: Checks) -> None:
    """404 token.not-found."""
    answer = consumer.call("approve_token", id="paytok_test_0000000000000000000000")

    checks.refused(answer, "token.not-found")


@pytest.mark.clause("consumer.approve.refused")
def test_a_refused_token_cannot_be_approved(shop: Shop, control: Control) -> None:
    """What was rejected stays rejected."""
    token = shop.waiting_token()
    control.set_token(token, status="rejected")

    answer = shop.consumer.call("approve_token", id=token)

    shop.checks.refused(answer, "token.cannot-approve")
    assert shop.now("token", token)["status"] == "rejected"
