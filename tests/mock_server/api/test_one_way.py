"""The application is a plain Flask application with one way in and out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from flask import Flask
from flask.cli import routes_command

from smartpay_schemas import OPERATIONS


def test_every_operation_is_one_rule_of_flask(api: Any) -> None:
    """As ``flask routes`` lists them: endpoint, method and rule."""
    rules = {
        rule.endpoint: (rule.rule, (rule.methods or set()) - {"HEAD"})
        for rule in api.app.url_map.iter_rules()
        if rule.endpoint in OPERATIONS
    }

    assert type(api.app) is Flask
    assert rules == {
        row.id: (
            ("/v1" if row.side == "merchant" else "")
            + row.path.replace("{id}", "<id>"),
            {row.method},
        )
        for row in OPERATIONS.values()
    }
    lines = api.app.test_cli_runner().invoke(routes_command).output.splitlines()
    listed = [line.split()[0] for line in lines if line]
    assert [name for name in OPERATIONS if listed.count(name) != 1] == []


def test_a_view_answers_as_the_application_does(api: Any) -> None:
    """Flask's own dispatch of a request ends in the same code."""
    order = api.order()["id"]
    with api.app.test_request_context(
        f"/v1/orders/{order}", headers={"Authorization": f"Basic {api.key}"}
    ):
        response = api.app.full_dispatch_request()

    assert response.status_code == 200
    assert response.data == api.do("get_order", id=order).body


def test_a_middleware_may_wrap_the_application(emulate: Any) -> None:
    """In Flask's documented way: ``app.wsgi_app = Middleware(app.wsgi_app)``."""
    api = emulate()
    wrapped, seen = api.app.wsgi_app, []

    def middleware(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        seen.append(environ["PATH_INFO"])
        answer: Iterable[bytes] = wrapped(environ, start_response)
        return answer

    api.app.wsgi_app = middleware

    assert api.do("list_orders").status == 200
    assert seen == ["/v1/orders"]


def test_an_application_below_a_prefix_answers(api: Any) -> None:
    """A WSGI server may mount it: SCRIPT_NAME is not part of the match."""
    client = api.app.test_client()
    headers = {"Authorization": f"Basic {api.key}"}

    reply = client.get("/v1/orders", base_url="http://localhost/below", headers=headers)

    assert reply.status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "refusal"),
    [
        ("GET", "/v1/orders/%E6%9D%B1", (404, "order.not-found")),
        ("GET", "/v1/orders/a%2Fb", (404, "request.not-found")),
        ("GET", "/v1/orders/a/b", (404, "request.not-found")),
        ("PUT", "/v1/tokens//disable", (404, "request.not-found")),
        ("PUT", "/v1/tokens/a/disable/", (404, "request.not-found")),
        ("TRACE", "/v1/orders", (405, "request.method-not-allowed")),
        ("GET", "/v1", (404, "request.not-found")),
        ("GET", "", (404, "request.not-found")),
    ],
)
def test_odd_paths_are_refused(
    api: Any, method: str, path: str, refusal: tuple[int, str]
) -> None:
    """No redirects, no guesses."""
    assert api.send(method, path).refusal == refusal


def test_an_empty_answer_has_no_length_where_it_must_not(api: Any) -> None:
    """204 has none (RFC 9110); 200 without a body has 0."""
    disabled = api.do("disable_token", id="paytok_test_approved")
    deleted = api.do("delete_token", id="paytok_test_approved")

    assert disabled.headers["Content-Length"] == "0"
    assert "Content-Length" not in deleted.headers


@pytest.mark.parametrize("status", [200, 299, 418, 451, 499, 520, 599])
def test_a_fault_may_have_any_status(api: Any, status: int) -> None:
    """Also one that no standard names."""
    api.strictly = False
    fault = {"operation": "get_token", "kind": "status", "status": status}
    api.control("POST", "/faults", fault)

    reply = api.send("GET", "/v1/tokens/paytok_test_approved")

    assert (reply.status, reply.code) == (status, "fault.injected")
