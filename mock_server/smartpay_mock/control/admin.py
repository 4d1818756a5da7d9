"""The control plane as a whole: all its routes, and how Flask serves them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from flask import Flask, Response, current_app, request
from werkzeug.routing import PathConverter

from smartpay_mock.api.application import Application
from smartpay_mock.api.wsgi import (
    nearest,
    read_body,
    read_head,
    report_failure,
    to_response,
)
from smartpay_mock.control import (
    clock,
    events,
    faults,
    health,
    journal,
    objects,
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
from smartpay_mock.kernel.json import decode_request, encode
from smartpay_schemas.openapi import openapi

# A snapshot of a large account is far larger than any body of the API.
_BODY_LIMIT = 1 << 30
_NO_CONTENT = Answer(204, content_type=None)
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

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


ROUTES: tuple[Route, ...] = (
    *health.routes,
    *_openapi,
    *snapshots.routes,
    *clock.routes,
    *objects.routes,
    *journal.routes,
    *faults.routes,
    *events.routes,
    *webhooks.routes,
    *scenarios.routes,
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


class _AnyPath(PathConverter):
    """The rest of a path, whatever it contains: line breaks and double slashes too."""

    regex = "(?s:.*)"
    part_isolating = False  # it may have slashes


def add_admin(app: Flask, application: Application, guard: Guard) -> None:
    """Register the control plane with ``app``.

    Flask compiles every rule at the start, so one rule stands for all routes.
    """

    def view(rest: str = "") -> Response:
        routes = find_routes(f"/{rest}")
        method = "GET" if request.method == "HEAD" else request.method
        return answer(*routes.get(method, (None, {})), allowed=sorted(routes))

    def alias() -> Response:
        return answer(ALIASES[request.path], {})

    def answer(
        route: Route | None, params: dict[str, str], *, allowed: Sequence[str] = ()
    ) -> Response:
        call = read_head(request.environ)
        refused = guard.refuse(call, is_open=route is not None and route.is_open)
        if route is None:
            refused = refused or _no_route(request.method, request.path, allowed)
            return to_response(refused)
        return to_response(refused or _run(route, params, call, application, guard))

    app.url_map.converters["any_path"] = _AnyPath
    for number, path in enumerate((PREFIX, f"{PREFIX}/<any_path:rest>")):
        name = f"admin@{number}"
        app.add_url_rule(
            path, name, view, methods=METHODS, provide_automatic_options=False
        )
    for path in ALIASES:
        app.add_url_rule(path, f"admin@alias{path}", alias)


def find_routes(path: str) -> dict[str, tuple[Route, dict[str, str]]]:
    """Return the routes of a path by HTTP method, with the parameters in the path.

    Args:
        path: Below ``/__admin``; also one of ``FORMER_PATHS``.
    """
    path = FORMER_PATHS.get(path, path)
    matches = [(route, route.match(path)) for route in ROUTES]
    found = [(route, params) for route, params in matches if params is not None]
    # The last one is kept: a path without parameters has precedence.
    found.sort(key=lambda match: not match[1])
    return {route.method: (route, params) for route, params in found}


def _no_route(method: str, path: str, allowed: Sequence[str]) -> Answer:
    if allowed:
        methods = ", ".join(allowed)
        answer = problem(405, f"{path} does not accept {method}. Use {methods}.")
        answer.headers["Allow"] = methods
        return answer
    near = nearest(path, {PREFIX + row.path for row in ROUTES})
    hint = " ".join(near) or "Use one of the routes listed here."
    routes = [f"{row.method} {PREFIX}{row.path}" for row in ROUTES]
    return problem(404, f"The control plane has no {path}. {hint}", routes=routes)


def _run(
    route: Route,
    params: dict[str, str],
    call: Call,
    application: Application,
    guard: Guard,
) -> Answer:
    """Return the answer of a route to a call whose body was not read yet."""
    account = guard.account(call)
    if isinstance(account, Answer):
        if route.needs_account:
            return account
        account = ""
    read_body(call, request.environ, _BODY_LIMIT)
    if call.is_too_large:
        return problem(413, f"The body is larger than {_BODY_LIMIT} bytes.")
    return _handle(partial(route.answer, application, account, params, call), call)


def call_route(application: Application, path: str, account: str, call: Call) -> Answer:
    """Return the answer to a call that the emulator makes itself.

    Args:
        application: The emulator's components.
        path: Of a route, below ``/__admin``.
        account: Id of the account that the call controls.
        call: Has method, query and body.
    """
    route, params = find_routes(path)[call.method]
    return _handle(partial(route.answer, application, account, params, call), call)


def _handle(answer: Callable[[Any], Any], call: Call) -> Answer:
    """Return the answer of a route to a call; ``answer`` takes the JSON body."""
    try:
        body = decode_request(call.body) if call.body else {}
    except ValueError as error:
        return problem(400, f"The body is not JSON: {error}.")
    try:
        value = answer(body)
    except SandboxUsageError as error:
        return problem_of(error)
    except ApiError as error:
        return problem(error.status, error.message, errorCode=error.code)
    except Exception as error:
        report_failure(current_app, request.environ, error)
        what = f"{type(error).__name__}: {error}"
        return problem(500, f"{what}. This is a defect of the emulator.")
    return Answer(200, encode(value)) if value is not None else _NO_CONTENT
