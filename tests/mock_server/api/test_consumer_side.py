"""The consumer side at the host root: log in, authorize, approve."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel import clock
from smartpay_schemas import OPERATIONS

LOGIN = {"emailAddress": "consumer+test@example.com", "password": "password"}


@pytest.mark.parametrize(
    ("address", "password", "may"),
    [
        ("consumer+test@example.com", "password", True),
        ("Consumer+Test@example.com", "password", True),
        ("consumer+test@example.com", "wrong", False),
        ("inactive+test@example.com", "password", True),
        ("anybody+test@example.jp", "anything", True),
        ("anybody@example.jp", "anything", False),
        ("anybody+other@example.jp", "password", False),
        ("any+test+body@example.jp", "anything", False),
        ("+test@example.jp", "anything", False),
        ("anybody+test@", "anything", False),
    ],
)
def test_who_may_log_in(api: Any, address: str, password: str, may: bool) -> None:
    """The consumers of test_values.json with their password, and any +test address."""
    body = {"emailAddress": address, "password": password}

    reply = api.do("consumer_login", body, headers={"Authorization": None})

    assert reply.status == (200 if may else 401)
    if not may:
        assert reply.code == "consumer.unauthorized"
        assert "+test" in reply.message


def test_no_answer_and_no_journal_repeats_a_password(api: Any) -> None:
    """Neither when it is wrong nor when it is too long."""
    for password in ("s3cretWord", "s3cretWord" * 30):
        body = {"emailAddress": "anybody@example.jp", "password": password}
        reply = api.do("consumer_login", body)
        assert b"s3cretWord" not in reply.body
        assert "s3cretWord" not in repr(api.explained(reply))


@pytest.mark.parametrize("operation", ["authorize_order", "approve_token"])
@pytest.mark.parametrize(
    "credential",
    [None, "", "Bearer", "Bearer ", "Bearer access_test_none", "Basic {key}", "{key}"],
)
def test_without_an_access_token_a_consumer_can_do_nothing(
    api: Any, operation: str, credential: str | None
) -> None:
    """401 with its documented code, a Bearer challenge, and nothing changed."""
    order = api.session()["order"]["id"]
    before = api.held()
    header = credential and credential.format(key=api.key)

    reply = api.do(operation, {}, id=order, headers={"Authorization": header})

    assert reply.refusal == (401, "consumer.unauthorized")
    assert reply.headers["WWW-Authenticate"].startswith("Bearer ")
    assert "log in" in reply.message
    assert api.held() == before


def test_an_access_token_ends_after_a_day(
    api: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the wall clock: it belongs to no account."""
    order = api.session()["order"]["id"]
    headers = api.bearer()
    later = clock.wall_ms() + 24 * clock.HOUR_MS
    for module in ("api.auth", "kernel.clock"):
        monkeypatch.setattr(f"smartpay_mock.{module}.wall_ms", lambda: later)

    body = {"paymentMethod": "pm_test_visaApproved"}
    reply = api.do("authorize_order", body, id=order, headers=headers)

    assert reply.refusal == (401, "consumer.unauthorized")


METHODS = {
    "pm_test_visaApproved": ("succeeded", 200),
    "4242424242424242": ("succeeded", 200),
    "4242 4242 4242 4242": ("succeeded", 200),
    "pm_test_anythingElse": ("succeeded", 200),
    "pm_test_visaDeclined": ("requires_authorization", 200),
    "4100000000000019": ("requires_authorization", 200),
    "pm_test_visaRefused": ("rejected", 200),
}


def test_every_payment_method_and_card_is_tried() -> None:
    """The table above and test_values.json agree."""
    values = {
        *sandbox_values().of_kind("card"),
        *sandbox_values().of_kind("payment_method"),
    }

    assert {row.value for row in values} <= set(METHODS)


@pytest.mark.parametrize("method", METHODS)
def test_a_payment_method_decides_an_authorization(api: Any, method: str) -> None:
    """Approved, declined softly so that another may be tried, or for good."""
    order = api.session()["order"]["id"]

    reply = api.authorize(order, paymentMethod=method)

    assert (reply.json["status"], reply.status) == METHODS[method]
    if reply.json["status"] != "succeeded":
        assert api.events() == [("order.rejected", order)]


@pytest.mark.parametrize(
    ("consumer", "status"),
    [
        ("declined+test@example.com", "rejected"),
        ("inactive+test@example.com", "rejected"),
        ("newcomer+test@example.com", "succeeded"),
    ],
)
def test_the_consumer_decides_an_authorization(
    api: Any, consumer: str, status: str
) -> None:
    """The standard ones as test_values.json says; a new one is active and approved."""
    order = api.session()["order"]["id"]

    reply = api.authorize(order, consumer=consumer)

    assert reply.json["status"] == status


def test_the_address_of_a_token_session_declines_its_approval(api: Any) -> None:
    """So a token.rejected is one call away, and the token is rejected for good."""
    token = api.token_session(customerInfo={"emailAddress": "rejected@smartpay.co"})
    id_ = token["token"]["id"]

    declined = api.approve(id_)
    again = api.approve(id_)

    assert declined.json["status"] == "rejected"
    assert again.refusal == (409, "token.cannot-approve")
    assert api.events() == [("token.created", id_), ("token.rejected", id_)]
    trace = api.control("GET", f"/requests/{declined.headers['Request-Id']}")["trace"]
    assert any("rejected@smartpay.co declines" in str(entry) for entry in trace)


def test_a_consumer_set_inactive_stays_the_same_consumer(api: Any) -> None:
    """What the control plane changes, the next authorization finds."""
    api.authorize(api.session()["order"]["id"], consumer="b+test@example.com")
    (known,) = (
        row
        for row in api.control("GET", "/consumers")
        if row["emailAddress"] == "b+test@example.com"
    )
    api.control("PATCH", f"/consumers/{known['id']}", {"active": False})

    reply = api.authorize(api.session()["order"]["id"], consumer="B+test@example.com")

    assert reply.json["status"] == "rejected"
    found = [
        row
        for row in api.control("GET", "/consumers")
        if row["emailAddress"].lower() == "b+test@example.com"
    ]
    assert len(found) == 1


def test_an_approved_token_can_be_charged(api: Any, order_payload: Any) -> None:
    """It belongs to who approved it, from then on."""
    token = api.token_session()["token"]["id"]

    reply = api.approve(token, consumer="c+test@example.com")

    assert reply.json["status"] == "active"
    assert api.order(token=token)["status"] == "succeeded"
    (owner,) = (
        row
        for row in api.control("GET", "/consumers")
        if row["emailAddress"] == "c+test@example.com"
    )
    api.control("PATCH", f"/consumers/{owner['id']}", {"decision": "declined"})
    assert api.order(token=token)["status"] == "rejected"


def test_a_token_that_many_accounts_have_needs_its_account_named(
    api: Any, other: Any
) -> None:
    """The standard ones exist everywhere; the refusal says what to send."""
    token = "paytok_test_requiresAuthorization"
    api.held()
    other.held()
    named = {**api.bearer(), "Smartpay-Sandbox-Account": api.key}

    refused = api.approve(token)
    reply = api.do("approve_token", id=token, headers=named)

    assert refused.refusal == (404, "token.not-found")
    assert "Smartpay-Sandbox-Account" in refused.headers["Smartpay-Sandbox-Advice"]
    assert reply.json["status"] == "active"
    assert api.order(token=token)["status"] == "succeeded"
    assert other.ok("get_token", id=token)["status"] == "requires_authorization"


def test_a_named_account_must_be_a_test_key(api: Any) -> None:
    """As for merchants."""
    named = {**api.bearer(), "Smartpay-Sandbox-Account": "sk_live_abc"}

    reply = api.do("approve_token", id="paytok_test_approved", headers=named)

    assert reply.refusal == (401, "consumer.unauthorized")
    assert "live keys" in reply.message


def test_logins_that_are_over_are_thrown_away(
    emulate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that runs for months does not grow by its logins."""
    api = emulate()
    for _ in range(3):
        api.ok("consumer_login", LOGIN)
    later = clock.wall_ms() + 25 * clock.HOUR_MS
    for module in ("api.auth", "kernel.clock"):
        monkeypatch.setattr(f"smartpay_mock.{module}.wall_ms", lambda: later)

    for _ in range(2):
        api.ok("consumer_login", LOGIN)

    with api.application.store.read("server") as unit:
        assert unit.count("access") == 2


def test_consumer_calls_take_no_idempotency_key(api: Any) -> None:
    """Their rows say so: a key changes nothing, even a bad one."""
    rows = [row for row in OPERATIONS.values() if row.side != "merchant"]

    assert not any(row.idempotent for row in rows)
    assert api.do("consumer_login", LOGIN, idem="x" * 400).status == 200
