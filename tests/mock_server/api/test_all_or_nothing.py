"""What fails at its very end has changed nothing: one unit of work per call."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.resources import HANDLERS
from smartpay_mock.storage.base import dump
from smartpay_schemas import OPERATIONS

COUPON = {"name": "n", "discountType": "percentage", "discountPercentage": 10}
WRITING = [
    row.id for row in OPERATIONS.values() if row.method != "GET" and row.id in HANDLERS
]

Prepared = tuple[Any, str]


def _captured(api: Any) -> str:
    return str(api.capture(api.manual()["id"], 1000).json["id"])


def _redeeming(api: Any) -> Prepared:
    api.promotion_code()
    body = {"paymentMethod": "pm_test_visaApproved", "promotionCode": "SPRING"}
    return body, str(api.session()["order"]["id"])


def _capturing(api: Any) -> Prepared:
    order = api.manual()
    body = {"order": order["id"], "amount": 1, "currency": "JPY"}
    return {**body, "lineItems": [order["lineItems"][0]["id"]]}, ""


def _refunding(api: Any) -> Prepared:
    body = {"currency": "JPY", "reason": "fraudulent", "payment": _captured(api)}
    return body, ""


def _session(_api: Any) -> Prepared:
    body = {
        "mode": "token",
        "customerInfo": {},
        "successUrl": "https://mystore.jp/a",
        "cancelUrl": "https://mystore.jp/b",
    }
    return body, ""


def _refunded(api: Any) -> Prepared:
    return {"reference": "r"}, str(api.refund(_captured(api), 1).json["id"])


# operation -> what prepares the account and returns a body and an id that succeed
PREPARE: dict[str, Callable[[Any], Prepared]] = {
    "create_order": lambda _api: (None, ""),
    "cancel_order": lambda api: (None, api.manual()["id"]),
    "create_payment": _capturing,
    "update_payment": lambda api: ({"reference": "r"}, _captured(api)),
    "create_refund": _refunding,
    "update_refund": _refunded,
    "enable_token": lambda _api: (None, "paytok_test_disabled"),
    "disable_token": lambda _api: (None, "paytok_test_approved"),
    "delete_token": lambda _api: (None, "paytok_test_approved"),
    "create_checkout_session": _session,
    "create_coupon": lambda _api: (COUPON, ""),
    "update_coupon": lambda api: ({"name": "new"}, api.coupon()["id"]),
    "create_promotion_code": lambda api: (
        {"code": "X", "coupon": api.coupon()["id"]},
        "",
    ),
    "update_promotion_code": lambda api: (
        {"active": False},
        api.promotion_code()["id"],
    ),
    "create_webhook_endpoint": lambda _api: ({"url": "http://127.0.0.1:9/a"}, ""),
    "update_webhook_endpoint": lambda api: ({"active": False}, api.endpoint()["id"]),
    "delete_webhook_endpoint": lambda api: (None, api.endpoint()["id"]),
    "authorize_order": _redeeming,
    "approve_token": lambda api: (None, api.token_session()["token"]["id"]),
    "consumer_login": lambda _api: (
        {"emailAddress": "new+test@example.jp", "password": "x"},
        "",
    ),
}


def test_every_operation_that_writes_is_tried() -> None:
    """A new one needs its row above."""
    assert set(PREPARE) == set(WRITING)


def explode(*_: object, **__: object) -> None:
    """Fail as a defect would."""
    raise RuntimeError("on purpose")


ENDS = {
    "the answer": "smartpay_mock.api.envelope.success",
    "the key": "smartpay_mock.api.idempotency.Idempotency.keep",
    "the journal": "smartpay_mock.api.journal.write",
}


@pytest.fixture(params=["memory:", "sqlite:///{}/state.db?synchronous=off"])
def account(request: Any, emulate: Any, tmp_path: Path) -> Any:
    """Return an account that gets every event, on each kind of store."""
    api = emulate(state=request.param.format(tmp_path))
    api.endpoint()
    api.bearer()
    return api


def whole(api: Any) -> list[Any]:
    """Return everything in the store, of every account, but journals."""
    everything = []
    for name in api.application.store.accounts():
        with api.application.store.read(name) as unit:
            everything += [
                (name, kind, *row) for kind, row in dump(unit) if kind != "request"
            ]
    return everything


@pytest.mark.parametrize("operation", WRITING)
def test_a_failure_at_the_end_of_an_operation_leaves_nothing(
    account: Any, order_payload: Any, operation: str
) -> None:
    """Wherever it fails; and afterwards the same call succeeds."""
    body, id_ = PREPARE[operation](account)
    body = order_payload() if operation == "create_order" else body
    row = OPERATIONS[operation]
    headers = account.bearer() if row.side == "consumer" else {}
    account.strictly = False
    before = whole(account)

    for end, place in ENDS.items():
        if end == "the key" and not row.idempotent:
            continue
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(place, explode)
            reply = account.do(operation, body, id=id_, headers=headers, idem="k")
        assert reply.refusal == (500, "server.error"), end
        assert whole(account) == before, end

    reply = account.do(operation, body, id=id_, headers=headers, idem="k")
    assert reply.status == row.status
    assert whole(account) != before


def test_a_failure_of_the_store_itself_is_answered(
    emulate: Any, order_payload: Any, caplog: Any
) -> None:
    """Even the journal cannot be written then."""
    api = emulate()
    api.strictly = False
    api.ok("list_orders")
    api.application.store.close()

    reply = api.do("create_order", order_payload())

    assert reply.refusal == (500, "server.error")
    assert caplog.records


def test_a_failing_expiry_takes_nothing_else_with_it(
    emulate: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What time does is a unit, too; when it can be done, it is done once."""
    api = emulate()
    api.strictly = False
    api.freeze()
    order = api.manual()["id"]
    with monkeypatch.context() as patch:
        patch.setattr("smartpay_mock.resources.orders.left_to_capture", explode)
        failed = api.admin("POST", "/clock", {"advance": {"days": 8}})

    assert failed.status == 500
    assert api.ok("get_order", id=order)["status"] == "canceled"
    assert [kind for kind, _ in api.events()].count("order.canceled") == 1
