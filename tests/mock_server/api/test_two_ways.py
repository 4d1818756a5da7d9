"""The short way through Flask and the ordinary one answer alike."""

from __future__ import annotations

from typing import Any

import pytest

from smartpay_mock.api.direct import Directory
from smartpay_schemas import OPERATIONS


@pytest.fixture
def both(emulate: Any) -> list[Any]:
    """Return the same account of two emulators: one goes direct, one does not."""
    apis = [emulate(key="sk_test_two", seed=1), emulate(key="sk_test_two", seed=1)]
    apis[1].app.directory = None
    for api in apis:
        api.freeze(1_700_000_000_000)
    return apis


def test_a_life_is_answered_alike_both_ways(
    both: list[Any], order_payload: Any
) -> None:
    """Status, body and headers, byte for byte."""
    direct, ordinary = (story(api, order_payload) for api in both)

    assert direct == ordinary


def story(api: Any, order_payload: Any) -> list[Any]:
    """Live a little and return all that was answered."""
    token = "/v1/tokens/paytok_test_approved"
    key = {"Idempotency-Key": "k"}
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/v1/orders", {"body": order_payload(), "headers": key}),
        ("POST", "/v1/orders", {"body": order_payload(), "headers": key}),
        ("POST", "/v1/orders", {"body": order_payload(amount=0)}),
        ("POST", "/v1/orders", {"raw": b"{"}),
        ("POST", "/v1/orders", {"body": order_payload(locale="ja")}),
        ("GET", "/v1/orders?maxResults=1&expand=all", {}),
        ("GET", "/api.smartpay/v1/orders?pageToken", {}),
        ("GET", "/API.Smartpay.co/V1/orders?pageToken", {}),
        ("GET", "/v1/orders?maxResults=1&maxResults=2", {}),
        ("GET", "/v1/orders/%E6%9D%B1", {}),
        ("GET", "/v1/orders/a%2Fb", {}),
        ("GET", "/v1/orders/", {}),
        ("PUT", f"{token}/disable", {}),
        ("PUT", "/v1/tokens//disable", {}),
        ("DELETE", token, {}),
        ("DELETE", token, {}),
        ("HEAD", "/v1/orders", {}),
        ("PATCH", "/v1/orders", {}),
    ]
    answers = [api.send(method, path, **options) for method, path, options in calls]
    return [
        (
            reply.status,
            reply.body,
            sorted(
                (name, value)
                for name, value in reply.headers
                if not is_fresh(name, value, reply.status)
            ),
        )
        for reply in answers
    ]


def is_fresh(name: str, _value: str, status: int) -> bool:
    """Tell whether a header is new every time: ids of calls that reach no operation."""
    return name == "Request-Id" and status in (404, 405)


def test_an_empty_answer_says_no_length_where_it_must_not(both: list[Any]) -> None:
    """204 has none (RFC 9110); 200 without a body has 0."""
    for api in both:
        disabled = api.do("disable_token", id="paytok_test_approved")
        deleted = api.do("delete_token", id="paytok_test_approved")

        assert disabled.headers["Content-Length"] == "0"
        assert "Content-Length" not in deleted.headers


@pytest.mark.parametrize("status", [200, 299, 418, 451, 499, 520, 599])
def test_a_fault_may_have_any_status(both: list[Any], status: int) -> None:
    """Also one that no standard names."""
    for api in both:
        api.strictly = False
        fault = {"operation": "get_token", "kind": "status", "status": status}
        api.steer("POST", "/faults", fault)

        reply = api.send("GET", "/v1/tokens/paytok_test_approved")

        assert (reply.status, reply.code) == (status, "fault.injected")


def test_every_operation_takes_the_short_way(api: Any) -> None:
    """Under every mount, with an id where the path has one."""
    directory = Directory(api.engine)
    for row in OPERATIONS.values():
        prefix = "/api.smartpay.co/v1" if row.side == "merchant" else ""
        path = prefix + row.path.format(id="x_test_1")
        params = {"id": "x_test_1"} if "{id}" in row.path else {}

        assert directory.find(row.method, path) == (row, params)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/orders/"),
        ("GET", "/v1//orders"),
        ("GET", "/v1/orders/a/b"),
        ("PUT", "/v1/tokens//disable"),
        ("PUT", "/v1/tokens/a/disable/"),
        ("TRACE", "/v1/orders"),
        ("GET", "/v1"),
        ("GET", ""),
    ],
)
def test_what_is_no_operation_takes_the_ordinary_way(
    api: Any, method: str, path: str
) -> None:
    """Flask knows what to answer."""
    assert Directory(api.engine).find(method, path) is None
