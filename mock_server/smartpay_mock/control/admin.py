"""The control plane over HTTP: guard, body, action, answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, Response, current_app, request
from flask import Request as FlaskRequest

from smartpay_mock.api.application import Application
from smartpay_mock.api.wsgi import (
    nearest,
    read_call,
    read_head,
    report_failure,
    to_response,
)
from smartpay_mock.control.guard import Guard
from smartpay_mock.control.problems import problem, problem_of
from smartpay_mock.control.routes import PREFIX, Request, Route
from smartpay_mock.control.table import ALIASES, ROUTES
from smartpay_mock.kernel.codec import decode_request, encode
from smartpay_mock.kernel.errors import ApiError, SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call

# A snapshot of a busy account is far larger than any body of the API.
_BODY_LIMIT = 1 << 30
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def add_admin(app: Flask, engine: Application, guard: Guard) -> None:
    """Register the control plane with ``app``."""
    for number, route in enumerate(ROUTES):
        app.add_url_rule(
            PREFIX + route.path.replace("{id}", "<id>"),
            endpoint=f"admin@{number}",
            view_func=_view(route, engine, guard),
            methods=[route.method],
            provide_automatic_options=False,
        )
    for alias, route in ALIASES.items():
        app.add_url_rule(
            alias, endpoint=f"admin@{alias}", view_func=_view(route, engine, guard)
        )
    for number, path in enumerate((PREFIX, f"{PREFIX}/<path:rest>")):
        app.add_url_rule(
            path,
            endpoint=f"admin@unknown{number}",
            view_func=_unknown(guard),
            methods=_METHODS,
            provide_automatic_options=False,
        )


def _view(route: Route, engine: Application, guard: Guard) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        environ = request.environ
        # Nobody's body is read before it is known that they may steer.
        refused = guard.refuse(read_head(environ), is_open=route.is_open)
        if refused is None:
            call = read_call(environ, _BODY_LIMIT)
            refused = _answer(route, engine, guard, call, params)
        return to_response(refused)

    return view


def _unknown(guard: Guard) -> Callable[..., Response]:
    def view(**_params: str) -> Response:
        refused = guard.refuse(read_head(request.environ))
        return to_response(refused or _miss(request))

    return view


def _miss(call: FlaskRequest) -> Answer:
    path = call.path.removeprefix(PREFIX)
    allowed = sorted(row.method for row in ROUTES if row.matches(path))
    if allowed:
        methods = ", ".join(allowed)
        answer = problem(
            405, f"{call.path} does not take {call.method}; use {methods}."
        )
        answer.headers["Allow"] = methods
        return answer
    near = nearest(call.path, {PREFIX + row.path for row in ROUTES})
    hint = " ".join(near) or "It has the routes listed here."
    routes = [f"{row.method} {PREFIX}{row.path}" for row in ROUTES]
    return problem(404, f"The control plane has no {call.path}. {hint}", routes=routes)


def _answer(
    route: Route, engine: Application, guard: Guard, call: Call, params: dict[str, str]
) -> Answer:
    account = ""
    if route.needs_account:
        found = guard.account(call)
        if isinstance(found, Answer):
            return found
        account = found.account
    if call.is_too_large:
        return problem(413, f"The body has more than {_BODY_LIMIT} bytes.")
    try:
        route.check_query(call.query)
        body = _read_body(route, call)
        value = route.action(Request(engine, account, params, call.query, body, call))
    except SandboxUsageError as error:
        return problem_of(error)
    except ApiError as error:
        return problem(error.status, error.message, errorCode=error.code)
    except Exception as error:
        report_failure(current_app, request.environ, error)
        what = f"{type(error).__name__}: {error}"
        return problem(500, f"{what}. This is a defect of the emulator.")
    return _shown(value)


def _shown(value: Any) -> Answer:
    if value is None:
        return Answer(204, content_type=None)
    return Answer(200, encode(value))


def _read_body(route: Route, call: Call) -> dict[str, Any]:
    try:
        body = decode_request(call.body) if call.body else {}
    except ValueError as error:
        raise SandboxUsageError(f"The body is not JSON: {error}.") from None
    return route.checked(body)
