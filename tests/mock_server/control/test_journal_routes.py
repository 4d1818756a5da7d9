"""The journal: calls with their answers and the reasons."""

from __future__ import annotations

from typing import Any


def test_the_journal_lists_calls_oldest_first(api: Any, order_payload: Any) -> None:
    """With bodies and statuses, but without the key."""
    api.do("create_order", order_payload(), idem="k", query={"x": "1"})
    api.do("get_order", id="order_test_none")

    first, second = api.control("GET", "/requests")

    assert (first["operation"], first["status"]) == ("create_order", 200)
    assert (first["idempotencyKey"], first["query"]) == ("k", {"x": "1"})
    assert (second["operation"], second["status"]) == ("get_order", 404)
    assert second["path"] == "/v1/orders/order_test_none"
    assert first["headers"]["authorization"] == f"sk_test_...{api.key[-4:]}"
    assert api.key not in repr([first, second])


def test_the_filter_applies_before_the_limit(api: Any) -> None:
    """The newest two of an operation are shown."""
    orders = [api.order()["id"] for _ in range(3)]
    for _ in range(3):
        api.ok("list_orders")

    shown = api.control("GET", "/requests?operation=create_order&limit=2")

    assert [entry["answer"].split('"')[3] for entry in shown] == orders[1:]


def test_a_limit_may_be_zero(api: Any) -> None:
    """It shows nothing."""
    api.order()

    assert api.control("GET", "/requests?limit=0") == []


def test_an_unknown_operation_is_404_with_the_known_ones(api: Any) -> None:
    """A misspelt filter is no empty journal."""
    reply = api.admin("GET", "/requests?operation=make_order")

    assert reply.status == 404
    assert "create_order" in reply.detail


def test_the_journal_can_be_emptied(api: Any) -> None:
    """It records the next call again."""
    api.order()
    api.control("DELETE", "/requests")
    api.ok("list_orders")

    (entry,) = api.control("GET", "/requests")
    assert entry["operation"] == "list_orders"


def test_the_journal_keeps_the_newest_calls_of_each_account(emulate: Any) -> None:
    """The store may have a few more, but they are not shown."""
    api = emulate(journal=5)
    other = type(api)(api.app)
    for _ in range(50):
        api.ok("get_token", id="paytok_test_approved")
        other.ok("get_token", id="paytok_test_disabled")

    for account in (api, other):
        assert len(account.control("GET", "/requests")) == 5
        assert account.control("GET", "/state")["counts"]["request"] <= 5 + 32


def test_the_journal_keeps_so_many_bytes_of_each_account(
    emulate: Any, order_payload: Any
) -> None:
    """Large bodies push out old entries; the newest ones stay."""
    api = emulate(journal_bytes=1 << 20)
    note = {str(number): "x" * 500 for number in range(500)}  # refused, 250 kB

    for _ in range(12):
        api.send("POST", "/v1/orders", order_payload(metadata=note))
    api.send("GET", "/v1/coupons")

    kept = api.control("GET", "/requests?limit=100")
    size = sum(len(entry["body"]) + len(entry["answer"]) for entry in kept)
    assert 500_000 < size <= 1.25 * (1 << 20)
    assert kept[-1]["operation"] == "list_coupons"


def test_the_journal_can_be_switched_off(emulate: Any) -> None:
    """For load tests."""
    api = emulate(journal=0)
    reply = api.do("list_orders")

    missing = api.admin("GET", f"/requests/{reply.headers['Request-Id']}")

    assert api.control("GET", "/requests") == []
    assert missing.status == 404


def test_an_unknown_request_is_404_with_possible_reasons(api: Any) -> None:
    """A 401 is in no journal, because it has no account."""
    reply = api.do("list_orders", headers={"Authorization": None})
    api.ok("list_orders")

    missing = api.admin("GET", f"/requests/{reply.headers['Request-Id']}")

    assert missing.status == 404
    assert "Smartpay-Sandbox-Reason" in missing.detail
    assert "req_test_" in missing.detail


def test_calls_of_consumers_are_explained(api: Any) -> None:
    """Also a call for an order that no account has."""
    known = api.authorize(api.session()["order"]["id"])
    unknown = api.authorize("order_test_nobodyHasThisOne")

    assert api.explained(known)["operation"] == "authorize_order"
    assert "order.not-found" in repr(api.explained(unknown)["trace"])
    assert "access_test" not in repr(api.explained(known)["headers"])
