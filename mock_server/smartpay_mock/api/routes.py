"""From the operations table to Flask's URL map, and from WSGI to a ``Call``."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache, partial
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
    RequestEntityTooLarge,
)
from werkzeug.wsgi import get_input_stream

from smartpay_mock.api.engine import Engine
from smartpay_mock.api.envelope import refusal
from smartpay_mock.kernel.codec import encode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call, TransportFault
from smartpay_mock.storage.base import StoreUnavailable
from smartpay_schemas import Operation

# Two official SDKs go to production unless their base URL holds "api.smartpay", so
# the merchant API answers under these prefixes too.
MOUNTS = ("/v1", "/api.smartpay.co/v1", "/api.smartpay/v1")
TRANSPORT = "smartpay.transport"
REPORT = "smartpay.report"

FAILURE = "smartpay.failure"

_CALL = "smartpay.call"
_IDS = re.compile(r"/[a-z]+_(test|live)_[0-9A-Za-z]+")
_NOT_IMPLEMENTED = 501


def add_routes(app: Flask, engine: Engine) -> None:
    """Register every operation of the engine's rules with ``app``."""
    limit = engine.settings.body_limit
    app.url_map.merge_slashes = False  # a redirect would lose a POST's body
    for operation in engine.rules.operations.values():
        view = _view(engine, operation, limit)
        prefixes = MOUNTS if operation.side == "merchant" else ("",)
        for number, prefix in enumerate(prefixes):
            app.add_url_rule(
                prefix + operation.path.replace("{id}", "<id>"),
                endpoint=f"{operation.id}@{number}",
                view_func=view,
                methods=[operation.method],
                provide_automatic_options=False,
            )


def _view(engine: Engine, operation: Operation, limit: int) -> Callable[..., Response]:
    def view(**params: str) -> Response:
        environ = request.environ
        if FAILURE in environ:
            raise environ[FAILURE]
        answer = engine.perform(operation, params, read_call(environ, limit))
        return to_response(answer, environ)

    return view


def read_call(environ: dict[str, Any], limit: int) -> Call:
    """Return the call that a WSGI environment describes.

    Args:
        environ: The environment.
        limit: The largest body, in bytes; a larger one is left unread.
    """
    environ[_CALL] = call = read_head(environ)
    body = _read_body(environ, limit)
    if body is None:
        call.is_too_large = True
    else:
        call.body = body
    return call


def read_head(environ: dict[str, Any]) -> Call:
    """Return the call that a WSGI environment describes, without its body."""
    headers = {header: environ[name] for name, header in _headers_in(tuple(environ))}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    query = environ.get("QUERY_STRING", "")
    return Call(
        method=environ["REQUEST_METHOD"],
        path=_read_path(environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"]),
        query=_read_query(query) if query else {},
        headers=headers,
        base_url=f"{environ['wsgi.url_scheme']}://{headers.get('host', '127.0.0.1')}",
    )


def _read_path(path: str) -> str:
    """Return a path as text: WSGI hands its bytes over as if they were Latin-1."""
    if path.isascii():
        return path
    return path.encode("latin-1").decode("utf-8", "replace")


def _read_query(text: str) -> dict[str, str]:
    """Return the parameters; one given twice has both values, which none may have."""
    query: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        query[name] = f"{query[name]},{value}" if name in query else value
    return query


@lru_cache(maxsize=256)
def _headers_in(names: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Return which names of an environ are headers, and what these are called.

    A client sends the same headers with every call.
    """
    return tuple(
        (name, name[5:].replace("_", "-").lower())
        for name in names
        if name.startswith("HTTP_")
    )


def _read_body(environ: dict[str, Any], limit: int) -> bytes | None:
    length = environ.get("CONTENT_LENGTH", "")
    if length.isdecimal() and int(length) <= limit:
        return bytes(environ["wsgi.input"].read(int(length)))
    try:
        # One byte more: a chunked body does not say beforehand how long it is.
        body = get_input_stream(environ, max_content_length=limit + 1).read()
    except RequestEntityTooLarge:
        return None
    except ClientDisconnected:
        raise BadRequest("it does not end as its headers say") from None
    return bytes(body) if len(body) <= limit else None


def to_response(answer: Answer, environ: dict[str, Any]) -> Response:
    """Return the Flask response for an answer, or let the door misbehave."""
    if answer.transport is not None:
        return _misbehave(answer, answer.transport, environ)
    response = Response(answer.body, status=answer.status)
    if answer.content_type is None:
        response.headers.pop("Content-Type")
    else:
        response.headers["Content-Type"] = answer.content_type
    response.headers.extend(answer.headers)
    return response


def _misbehave(
    answer: Answer, fault: TransportFault, environ: dict[str, Any]
) -> Response:
    carry_out = environ.get(TRANSPORT)
    headers = [("Content-Type", answer.content_type or "application/json")]
    headers += answer.headers.items()
    if carry_out is None:
        return _cannot_misbehave(answer, fault)
    body: Iterable[bytes] = carry_out(
        fault, f"{answer.status} Injected", headers, answer.body
    )
    return Response(body, status=answer.status, headers=headers)


def _cannot_misbehave(answer: Answer, fault: TransportFault) -> Response:
    body = {
        "details": [],
        "errorCode": "fault.unsupported",
        "message": f"A {fault.kind} fault needs the raw socket, which this server does "
        "not give; serve with --server threads.",
        "statusCode": _NOT_IMPLEMENTED,
    }
    return Response(
        encode(body),
        status=_NOT_IMPLEMENTED,
        headers={"Content-Type": "application/json", **answer.headers},
    )


def add_error_handlers(app: Flask, engine: Engine) -> None:
    """Answer unknown paths, wrong methods and failures in the API's own shape."""

    def turn_away(error: ApiError) -> Answer:
        call = request.environ.get(_CALL)
        if call is None:
            call = read_call(request.environ, engine.settings.body_limit)
        return engine.turn_away(call, error)

    def wrong_method(error: MethodNotAllowed) -> Response:
        allowed = ", ".join(sorted(error.valid_methods or ()))
        facts = {"path": request.path, "method": request.method, "allowed": allowed}
        answer = turn_away(ApiError("request.method-not-allowed", **facts))
        answer.headers["Allow"] = allowed
        return to_response(answer, request.environ)

    def not_served(error: HTTPException) -> Response:
        if error.code == 404:  # noqa: PLR2004 - the status has no better name
            refused = _unknown_path()
        else:
            refused = ApiError("request.malformed", reason=str(error.description))
        return to_response(turn_away(refused), request.environ)

    def failed(error: Exception) -> Response:
        report_failure(error)
        reason = f"{type(error).__name__}: {error}"
        refused = ApiError("server.error", reason=reason)
        return to_response(turn_away(refused), request.environ)

    app.register_error_handler(MethodNotAllowed, wrong_method)
    app.register_error_handler(HTTPException, not_served)
    app.register_error_handler(StoreUnavailable, partial(_unavailable, engine))
    app.register_error_handler(Exception, failed)


def _unavailable(engine: Engine, error: StoreUnavailable) -> Response:
    """Answer 503; no journal, because that would wait for the store once more."""
    current_app.logger.warning("%s", error)
    answer = refusal(ApiError("server.unavailable", reason=str(error)))
    answer.headers["Request-Id"] = engine.fresh_ids.new("request")
    answer.headers["Retry-After"] = "1"
    return to_response(answer, request.environ)


def report_failure(error: Exception) -> None:
    """Log an error that nobody expected, and tell the door, if it wants to know."""
    current_app.logger.error("unexpected error", exc_info=error)
    report = request.environ.get(REPORT)
    if report is not None:
        report(error)  # the door collects it, so that a test can fail for it


def _unknown_path() -> ApiError:
    mount = next((m for m in reversed(MOUNTS) if request.path.startswith(m)), "/v1")
    known = {
        str(rule).replace("<id>", "{id}")
        for rule in current_app.url_map.iter_rules()
        if str(rule).startswith((mount, "/orders", "/tokens", "/consumers"))
    }
    return ApiError(
        "request.not-found",
        method=request.method,
        path=request.path,
        details=nearest(request.path, known),
    )


def nearest(path: str, known: Iterable[str]) -> list[str]:
    """Return up to three suggestions of what ``path`` was meant to be.

    Args:
        path: As it was called.
        known: Paths that exist, ids written as ``{id}``.
    """
    template = _IDS.sub("/{id}", path)
    near = get_close_matches(template, sorted(known), 3)
    return [f"Did you mean {candidate}?" for candidate in near]
