"""From the operations table to Flask's URL map, and from WSGI to a ``Call``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed, RequestEntityTooLarge
from werkzeug.wsgi import get_input_stream

from smartpay_mock.api import envelope
from smartpay_mock.api.engine import Engine
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call, TransportFault
from smartpay_mock.kernel.ids import Ids
from smartpay_schemas import Operation

# Two official SDKs go to production unless their base URL holds "api.smartpay", so
# the merchant API answers under these prefixes too.
MOUNTS = ("/v1", "/api.smartpay.co/v1", "/api.smartpay/v1")
TRANSPORT = "smartpay.transport"
REPORT = "smartpay.report"

_FRESH_IDS = Ids()


def add_routes(app: Flask, engine: Engine) -> None:
    """Register every operation of the engine's rules with ``app``."""
    limit = engine.settings.body_limit
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
        answer = engine.perform(operation, params, read_call(environ, limit))
        return to_response(answer, environ)

    return view


def read_call(environ: dict[str, Any], limit: int) -> Call:
    """Return the call that a WSGI environment describes.

    Args:
        environ: The environment.
        limit: The largest body, in bytes.

    Raises:
        ApiError: ``request.too-large``.
    """
    headers = {
        name[5:].replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    query = environ.get("QUERY_STRING", "")
    return Call(
        method=environ["REQUEST_METHOD"],
        path=environ.get("SCRIPT_NAME", "") + environ["PATH_INFO"],
        query=dict(parse_qsl(query, keep_blank_values=True)) if query else {},
        headers=headers,
        body=_read_body(environ, limit),
        base_url=f"{environ['wsgi.url_scheme']}://{headers.get('host', '127.0.0.1')}",
    )


def _read_body(environ: dict[str, Any], limit: int) -> bytes:
    try:
        body = get_input_stream(environ, max_content_length=limit).read(limit + 1)
    except RequestEntityTooLarge:
        body = None
    if body is None or len(body) > limit:
        raise ApiError("request.too-large", limit=limit)
    return bytes(body)


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
        raise ApiError(
            "server.error",
            reason=f"a {fault.kind} fault needs the raw socket, which this server "
            "does not give; serve with --server threads",
        )
    body: Iterable[bytes] = carry_out(
        fault, f"{answer.status} Injected", headers, answer.body
    )
    return Response(body, status=answer.status, headers=headers)


def add_error_handlers(app: Flask) -> None:
    """Answer unknown paths, wrong methods and failures in the API's own shape."""
    app.register_error_handler(ApiError, _refused)
    app.register_error_handler(HTTPException, _not_served)
    app.register_error_handler(Exception, _failed)


def _refused(error: ApiError) -> Response:
    return to_response(_stamped(envelope.refusal(error)), request.environ)


def _stamped(answer: Answer) -> Answer:
    answer.headers["Request-Id"] = _FRESH_IDS.new("request")
    return answer


def _not_served(error: HTTPException) -> Response:
    if isinstance(error, MethodNotAllowed):
        allowed = sorted(error.valid_methods or ())
        refused = ApiError(
            "request.method-not-allowed",
            path=request.path,
            method=request.method,
            allowed=", ".join(allowed),
        )
        answer = _stamped(envelope.refusal(refused))
        answer.headers["Allow"] = ", ".join(allowed)
        return to_response(answer, request.environ)
    if error.code == 404:  # noqa: PLR2004 - the status has no better name
        return _refused(_unknown_path())
    return _refused(ApiError("request.malformed", reason=str(error.description)))


def _unknown_path() -> ApiError:
    known = sorted({str(rule) for rule in current_app.url_map.iter_rules()})
    return ApiError(
        "request.not-found",
        method=request.method,
        path=request.path,
        details=_nearest(request.path, known),
    )


def _nearest(path: str, known: list[str]) -> list[str]:
    return [f"Did you mean {near}?" for near in get_close_matches(path, known, 3)]


def _failed(error: Exception) -> Response:
    current_app.logger.exception("unexpected error")
    report = request.environ.get(REPORT)
    if report is not None:
        report(error)  # the door collects it, so that a test can fail for it
    reason = f"{type(error).__name__}: {error}"
    return _refused(ApiError("server.error", reason=reason))
