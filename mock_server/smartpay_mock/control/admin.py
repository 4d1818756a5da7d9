"""The control plane as a whole: all its routes, and how Flask serves them."""

from __future__ import annotations

from itertools import chain
from typing import Any

from flask import Flask, Response, current_app, request

from smartpay_mock.api.application import Application
from smartpay_mock.api.wsgi import (
    nearest,
    read_call,
    read_head,
    report_failure,
    to_response,
)
from smartpay_mock.control import (
    clock,
    consumers,
    faults,
    health,
    journal,
    listing,
    scenarios,
    snapshots,
    webhooks,
)
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.openapi import describe
from smartpay_mock.control.routes import (
    PREFIX,
    Request,
    Route,
    Routes,
    problem,
    problem_of,
)
from smartpay_mock.kernel.errors import ApiError, SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import encode
from smartpay_schemas.openapi import openapi

# A snapshot of a large account is far larger than any body of the API.
_BODY_LIMIT = 1 << 30
_NO_CONTENT = Answer(204, content_type=None)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

FORMER_PATHS = {"/magic": "/test-values", "/webhooks/adversary": "/webhooks/faults"}
"""Paths of earlier versions, and the path that answers for each."""

_openapi = Routes()


@_openapi.add("GET", "/openapi.json", needs_account=False)
def show_admin_openapi(asked: Request) -> dict[str, Any]:
    """Describe the control plane as OpenAPI 3.1."""
    return describe_admin(server_url=asked.call.base_url, version=health.version())


def show_api_openapi(asked: Request) -> dict[str, Any]:
    """Return the OpenAPI document of the API, for the called server."""
    return openapi(server_url=asked.call.base_url, version=health.version())


ROUTES: tuple[Route, ...] = tuple(
    chain(
        health.routes,
        _openapi,
        snapshots.routes,
        clock.routes,
        consumers.routes,
        listing.routes,
        journal.routes,
        faults.routes,
        webhooks.routes,
        scenarios.routes,
    )
)

ALIASES: dict[str, Route] = {
    "/health": ROUTES[0],
    "/healthz": ROUTES[0],
    "/openapi.json": Route(
        "GET",
        "/openapi.json",
        show_api_openapi,
        "Describe the API as OpenAPI 3.1.",
        needs_account=False,
        is_open=True,
    ),
}
"""Routes outside ``/__admin``, where tools look for them."""


def describe_admin(
    *, server_url: str = "http://127.0.0.1:8585", version: str = "0"
) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the control plane.

    Args:
        server_url: Scheme and authority of a server, without a slash at the end.
        version: The emulator's version.
    """
    return describe(ROUTES, server_url=server_url, version=version)


def add_admin(app: Flask, application: Application, guard: Guard) -> None:
    """Register the control plane with ``app``.

    Flask compiles every rule at the start, so one rule stands for all routes.
    """

    def view(rest: str = "") -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        found = find_route(method, f"/{rest}")
        if found is None:
            refused = guard.refuse(read_head(request.environ))
            answer = refused or _unknown_route(request.method, request.path)
        else:
            answer = _serve(*found, application, guard)
        return to_response(answer)

    for number, path in enumerate((PREFIX, f"{PREFIX}/<path:rest>")):
        app.add_url_rule(
            path,
            endpoint=f"admin@{number}",
            view_func=view,
            methods=_METHODS,
            provide_automatic_options=False,
        )

    def alias() -> Response:
        route = ALIASES[request.path]
        return to_response(_serve(route, {}, application, guard))

    for path in ALIASES:
        app.add_url_rule(path, endpoint=f"admin@alias{path}", view_func=alias)


def find_route(method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """Return the route of a call and the parameters in its path, if there is one.

    Args:
        method: HTTP method.
        path: Below ``/__admin``; also one of ``FORMER_PATHS``.
    """
    path = FORMER_PATHS.get(path, path)
    found = None
    for route in ROUTES:
        params = route.match(path) if route.method == method else None
        if params is not None and (found is None or not params):
            found = route, params  # a path without parameters has precedence
    return found


def _serve(
    route: Route, params: dict[str, str], application: Application, guard: Guard
) -> Answer:
    """Answer a call; its body is read only after the guard has let it pass."""
    environ = request.environ
    refused = guard.refuse(read_head(environ), is_open=route.is_open)
    if refused is not None:
        return refused
    return _answer(route, application, guard, read_call(environ, _BODY_LIMIT), params)


def _unknown_route(method: str, path: str) -> Answer:
    below = path.removeprefix(PREFIX)
    below = FORMER_PATHS.get(below, below)
    allowed = sorted(row.method for row in ROUTES if row.match(below) is not None)
    if allowed:
        methods = ", ".join(allowed)
        answer = problem(405, f"{path} does not accept {method}. Use {methods}.")
        answer.headers["Allow"] = methods
        return answer
    near = nearest(path, {PREFIX + row.path for row in ROUTES})
    hint = " ".join(near) or "Use one of the routes listed here."
    routes = [f"{row.method} {PREFIX}{row.path}" for row in ROUTES]
    return problem(404, f"The control plane has no {path}. {hint}", routes=routes)


def _answer(
    route: Route,
    application: Application,
    guard: Guard,
    call: Call,
    params: dict[str, str],
) -> Answer:
    account = ""
    if route.needs_account:
        found = guard.account(call)
        if isinstance(found, Answer):
            return found
        account = found.account
    if call.is_too_large:
        return problem(413, f"The body is larger than {_BODY_LIMIT} bytes.")
    try:
        route.check_query(call.query)
        body = route.read_body(call.body)
        value = route.handler(
            Request(application, account, params, call.query, body, call)
        )
    except SandboxUsageError as error:
        return problem_of(error)
    except ApiError as error:
        return problem(error.status, error.message, errorCode=error.code)
    except Exception as error:
        report_failure(current_app, request.environ, error)
        what = f"{type(error).__name__}: {error}"
        return problem(500, f"{what}. This is a defect of the emulator.")
    return Answer(200, encode(value)) if value is not None else _NO_CONTENT
