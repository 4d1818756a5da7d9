"""Paths and methods that the API does not have, and what answers for them."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_schemas import OPERATIONS, problems

MISSES = {
    "/v1/order": "Did you mean /v1/orders?",
    "/v1/orders/": "Did you mean /v1/orders?",
    "/v1//orders": "Did you mean /v1/orders?",
    "/v1/order/order_test_4fQmZ0x9KcT2vLhB7sYd1R": "Did you mean /v1/orders/{id}?",
    "/v1/orders/order_test_4fQmZ0x9KcT2vLhB7sYd1R/cancel": (
        "Did you mean /v1/orders/{id}/cancellation?"
    ),
    "/v1/checkout_sessions": "Did you mean /v1/checkout-sessions?",
    "/v1/promotioncodes": "Did you mean /v1/promotion-codes?",
    "/orders": "Did you mean /v1/orders?",
    "/api.smartpay/v1/order": "Did you mean /api.smartpay/v1/orders?",
    "/api.smartpay.co/v1/coupon": "Did you mean /api.smartpay.co/v1/coupons?",
}


@pytest.mark.parametrize("path", MISSES)
def test_an_unknown_path_is_404_with_what_was_meant(api: Any, path: str) -> None:
    """In the common error shape, with suggestions."""
    reply = api.send("GET", path)

    assert reply.refusal == (404, "request.not-found")
    assert MISSES[path] in reply.details
    assert reply.message == f"There is no GET {path} in this API."
    assert problems("common/error", reply.json) == []


@pytest.mark.parametrize("path", ["/", "/favicon.ico", "/v2/orders", "/" + "x" * 5000])
def test_what_resembles_nothing_gets_no_far_fetched_hint(api: Any, path: str) -> None:
    """The control plane is never suggested for a call of the API."""
    reply = api.send("POST", path, {"a": 1})

    assert reply.refusal == (404, "request.not-found")
    assert not any("__admin" in hint for hint in reply.details)


PATHS: dict[str, set[str]] = {}
for _row in OPERATIONS.values():
    _prefix = "/v1" if _row.side == "merchant" else ""
    PATHS.setdefault(_prefix + _row.path, set()).add(_row.method)


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@pytest.mark.parametrize(
    ("method", "path"),
    [(m, path) for path, served in PATHS.items() for m in METHODS if m not in served],
)
def test_a_wrong_method_is_405_with_the_right_ones(
    api: Any, method: str, path: str
) -> None:
    """In the common error shape, with an Allow header."""
    reply = api.send(method, path.format(id="order_test_1"))

    assert reply.refusal == (405, "request.method-not-allowed")
    allowed = set(reply.headers["Allow"].split(", "))
    assert allowed - {"HEAD"} == PATHS[path]
    assert method in reply.message
    assert problems("common/error", reply.json) == []


@pytest.mark.parametrize("mount", ["/V1", "/API.smartpay/v1", "/api.Smartpay.co/V1"])
def test_the_case_of_the_prefix_does_not_matter(
    api: Any, mount: str, order_payload: Any
) -> None:
    """One SDK lower-cases it; what follows keeps its case, for ids depend on it."""
    made = api.send("POST", f"{mount}/orders", order_payload()).json

    assert api.send("GET", f"{mount}/orders/{made['id']}").json["id"] == made["id"]
    assert api.send("GET", f"{mount}/Orders").status == 404
    assert api.send("GET", f"{mount}/orders/{made['id'].upper()}").status == 404


def test_head_answers_like_get_without_a_body(api: Any) -> None:
    """As HTTP has it."""
    order = api.order()["id"]

    reply = api.send("HEAD", f"/v1/orders/{order}")

    assert (reply.status, reply.body) == (200, b"")


def test_a_call_that_reached_no_operation_is_explained_too(api: Any) -> None:
    """Every answer to a known key has its entry in the journal."""
    reply = api.send("POST", "/v1/order", {"a": 1})

    entry = api.explained(reply)

    assert (entry["operation"], entry["status"]) == ("", 404)
    assert (entry["method"], entry["path"]) == ("POST", "/v1/order")
    assert entry["body"] == '{"a": 1}'
    assert "request.not-found" in entry["trace"][0]["found"]
    assert api.key not in repr(entry)


def test_a_path_of_any_script_is_journaled_as_text(api: Any) -> None:
    """Known or not."""
    for path in ("/v1/orders/東京", "/v1/注文"):
        reply = api.send("GET", path)
        assert reply.status == 404
        assert api.explained(reply)["path"] == path


def test_an_unknown_path_without_a_key_makes_no_account(api: Any) -> None:
    """Scanners leave nothing behind."""
    before = api.application.store.accounts()

    reply = api.send("GET", "/.env", headers={"Authorization": None})

    assert reply.status == 404
    assert reply.headers["Request-Id"]
    assert api.application.store.accounts() == before


def test_a_failure_of_the_emulator_says_so(
    api: Any, order_payload: Any, monkeypatch: Any, caplog: Any
) -> None:
    """500 in the common shape, logged with its cause, journaled, nothing changed."""
    before = api.held()
    api.strictly = False

    def explode(*_: object) -> None:
        raise RuntimeError("on purpose")

    with monkeypatch.context() as patch:
        patch.setattr("smartpay_mock.api.envelope.success", explode)
        reply = api.do("create_order", order_payload())

    assert reply.refusal == (500, "server.error")
    assert "RuntimeError: on purpose" in reply.message
    assert "defect of the emulator" in reply.message
    assert "on purpose" in caplog.text
    assert api.held() == before
    entry = api.explained(reply)
    assert entry["status"] == 500
    assert order_payload()["reference"] in entry["body"]


def test_text_of_a_request_never_breaks_a_message(api: Any) -> None:
    """Braces, quotes and line breaks are text."""
    for path in ("/v1/{0.__class__}", "/v1/%7Bid%7D", "/v1/a%0d%0ab", "/v1/%00"):
        reply = api.send("GET", path)
        assert reply.refusal == (404, "request.not-found")
    odd = api.do("get_order", id="{id}%22%0A")
    assert odd.refusal == (404, "order.not-found")
