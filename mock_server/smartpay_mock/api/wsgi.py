"""The one way in and out: from a WSGI environ to a call, from an answer to WSGI.

``add_api`` registers every operation in Flask's URL map and wraps ``app.wsgi_app``
with a ``Dispatcher``, which matches each request in that map. It answers the operations
without Flask's request context, which would double the cost of a call. Every other
endpoint (control API, pages) goes on to Flask.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from functools import lru_cache
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from flask import Flask, Response, request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)
from werkzeug.routing import RequestRedirect
from werkzeug.wsgi import get_input_stream

from smartpay_mock.api import envelope
from smartpay_mock.api.application import Application
from smartpay_mock.api.pipeline import perform, refuse
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import without_live_key_bytes
from smartpay_mock.kernel.wsgi import ANSWER, HEADER_NAMES, REPORT, TRANSPORT
from smartpay_mock.storage.base import StoreUnavailable
from smartpay_schemas import Operation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOUNT = "/v1"
"""Where the merchant API is; the consumer side is at the root of the host."""

# Two SDKs go to production unless their base URL holds "api.smartpay", so the merchant
# API also answers below these prefixes, in any case: one SDK lower-cases them.
_MOUNTED = re.compile(r"((?:/api\.smartpay(?:\.co)?)?/v1)(?=/)", re.IGNORECASE)
_NO_CONTENT = HTTPStatus.NO_CONTENT.value
_CUT_OFF = "it does not end as its headers say"
_IDS = re.compile(r"/[a-z]+_(test|live)_[0-9A-Za-z]+")
_STATUS_LINES = {
    status.value: f"{status.value} {status.phrase}" for status in HTTPStatus
}


Check = Callable[["WSGIEnvironment"], Answer | None]
"""Returns why no endpoint answers a request, or ``None``."""


def add_api(app: Flask, application: Application, check: Check) -> None:
    """Register the operations with ``app`` and answer them from now on.

    Args:
        app: Serves every other endpoint too.
        application: Answers the operations.
        check: Sees each request first.
    """
    app.url_map.merge_slashes = False  # a redirect would lose a POST's body
    dispatcher = Dispatcher(app, application, check)

    def view(**_params: str) -> WSGIApplication:
        return dispatcher

    for operation in application.rules.operations.values():
        app.add_url_rule(
            _path_of(operation).replace("{id}", "<id>"),
            endpoint=operation.id,
            view_func=view,
            methods=[operation.method],
            provide_automatic_options=False,
        )

    def failed(error: Exception) -> Response:
        call = read_head(request.environ)
        return to_response(dispatcher.refuse(request.environ, call, error))

    app.register_error_handler(Exception, failed)
    app.wsgi_app = dispatcher  # type: ignore[method-assign]  # Flask's documented way


def _path_of(operation: Operation, mount: str = MOUNT) -> str:
    """Return the path of an operation with its mount."""
    return mount + operation.path if operation.side == "merchant" else operation.path


class Dispatcher:
    """A WSGI middleware that answers the operations and passes the rest to Flask."""

    def __init__(self, app: Flask, application: Application, check: Check) -> None:
        self._app = app
        self._check = check
        self._flask: WSGIApplication = app.wsgi_app
        self._application = application
        # Cached, because most clients call the same few paths.
        self._match = lru_cache(maxsize=256)(app.url_map.bind("localhost").match)

    def __call__(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a request."""
        refused = self._check(environ)
        if refused is not None:
            return send(refused, environ, start_response)
        mount, path = _split_mount(environ["PATH_INFO"])
        method = environ["REQUEST_METHOD"]
        missed: HTTPException | None = None
        try:
            endpoint, params = self._match(MOUNT + path if mount else path, method)
        except RequestRedirect:  # the empty path, to the page at /
            endpoint, missed = "", NotFound()
        except HTTPException as error:
            endpoint, missed = "", error
        operation = self._application.rules.operations.get(endpoint)
        if operation is None and missed is None:
            return self._flask(environ, start_response)
        call = read_head(environ)
        try:
            read_body(call, environ, self._application.settings.body_limit)
            if operation is None:
                answer = self.refuse(environ, call, missed or NotFound())
            else:
                answer = perform(self._application, operation, params, call)
        except Exception as error:
            answer = self.refuse(environ, call, error)
        return send(answer, environ, start_response)

    def refuse(self, environ: WSGIEnvironment, call: Call, error: Exception) -> Answer:
        """Return the answer to a call that failed with ``error``."""
        if isinstance(error, StoreUnavailable):
            return self._store_is_unavailable(error)
        headers = {}
        if isinstance(error, MethodNotAllowed):
            headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
            refusal = ApiError(
                "request.method-not-allowed",
                path=call.path,
                method=call.method,
                allowed=headers["Allow"],
            )
        elif isinstance(error, NotFound):
            refusal = self._not_found(call)
        elif isinstance(error, HTTPException):
            refusal = ApiError("request.malformed", reason=str(error.description))
        else:
            report_failure(self._app, environ, error)
            reason = f"{type(error).__name__}: {error}"
            refusal = ApiError("server.error", reason=reason)
        answer = refuse(self._application, call, refusal)
        answer.headers.update(headers)
        return answer

    def _not_found(self, call: Call) -> ApiError:
        mounted = _MOUNTED.match(call.path)
        mount = mounted[1] if mounted else MOUNT
        operations = self._application.rules.operations.values()
        return ApiError(
            "request.not-found",
            method=call.method,
            path=call.path,
            details=nearest(call.path, {_path_of(row, mount) for row in operations}),
        )

    def _store_is_unavailable(self, error: StoreUnavailable) -> Answer:
        """Return 503, without a journal entry: that needs the store once more."""
        self._app.logger.warning("%s", error)
        answer = envelope.refusal(ApiError("server.unavailable", reason=str(error)))
        answer.headers["Request-Id"] = self._application.fresh_ids.new("request")
        answer.headers["Retry-After"] = "1"
        return answer


def report_failure(app: Flask, environ: WSGIEnvironment, error: Exception) -> None:
    """Log an unexpected error and report it to the server, so that a test can fail."""
    app.logger.error("unexpected error", exc_info=error)
    report = environ.get(REPORT)
    if report is not None:
        report(error)


def nearest(path: str, known: Iterable[str]) -> list[str]:
    """Return up to three suggestions of what ``path`` was meant to be.

    Args:
        path: As it was called.
        known: Paths that exist, ids written as ``{id}``.
    """
    template = _IDS.sub("/{id}", path)
    near = get_close_matches(template, sorted(known), 3)
    return [f"Did you mean {candidate}?" for candidate in near]


# -- from an environ to a call ---------------------------------------------------------


def read_head(environ: WSGIEnvironment) -> Call:
    """Return the call that a WSGI environ describes, without its body."""
    headers = {header: environ[name] for name, header in _headers_in(tuple(environ))}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    query = environ.get("QUERY_STRING", "")
    mount, path = _split_mount(environ["PATH_INFO"])
    return Call(
        method=environ["REQUEST_METHOD"],
        path=_text_of(environ.get("SCRIPT_NAME", "")) + mount + path,
        query=_read_query(query) if query else {},
        headers=headers,
        base_url=f"{environ['wsgi.url_scheme']}://{headers.get('host', '127.0.0.1')}",
        breaks_connections=TRANSPORT in environ,
        header_names=environ.get(HEADER_NAMES),
    )


def read_body(call: Call, environ: WSGIEnvironment, limit: int) -> None:
    """Read the body of ``call``, or mark the call as too large.

    Raises:
        BadRequest: The body ends before its Content-Length.
    """
    length = environ.get("CONTENT_LENGTH", "")
    if length.isdecimal() and int(length) <= limit:
        body = environ["wsgi.input"].read(int(length))
        if len(body) < int(length):
            raise BadRequest(_CUT_OFF)
    else:
        try:
            # One byte more: a chunked body has no Content-Length.
            stream = get_input_stream(environ, max_content_length=limit + 1)
            body = stream.read()
        except RequestEntityTooLarge:
            call.is_too_large = True
            return
        except ClientDisconnected:
            raise BadRequest(_CUT_OFF) from None
    if len(body) > limit:
        call.is_too_large = True
    else:
        call.body = without_live_key_bytes(bytes(body))


@lru_cache(maxsize=256)
def _split_mount(path: str) -> tuple[str, str]:
    """Return the mount in lower case, if a WSGI path has one, and the rest as text.

    Cached, because a request needs it twice.
    """
    path = _text_of(path)
    mounted = _MOUNTED.match(path)
    return (mounted[1].lower(), path[mounted.end() :]) if mounted else ("", path)


def _text_of(path: str) -> str:
    """Return a path as text: WSGI passes its bytes as if they were Latin-1."""
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
    """Return which names of an environ are headers, and the headers' own names.

    Cached, because a client sends the same headers with every call.
    """
    return tuple(
        (name, name[5:].replace("_", "-").lower())
        for name in names
        if name.startswith("HTTP_")
    )


# -- from an answer to WSGI ------------------------------------------------------------


def to_response(answer: Answer) -> Response:
    """Return an answer as a Flask response, for views."""
    status, headers = _head(answer)
    response = Response(answer.body, status=status, headers=headers)
    if answer.content_type is None:
        del response.headers["Content-Type"]
    return response


def send(
    answer: Answer, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """Send an answer by WSGI, or have the server break the connection instead."""
    environ[ANSWER] = answer
    status, headers = _head(answer)
    body: Iterable[bytes] = (answer.body,)
    if answer.transport is not None:
        # Plans that break the connection apply only to calls that have this key.
        body = environ[TRANSPORT](answer.transport, status, headers, answer.body)
    start_response(status, headers)
    return () if environ["REQUEST_METHOD"] == "HEAD" else body


def _head(answer: Answer) -> tuple[str, list[tuple[str, str]]]:
    """Return the status line and the headers of an answer."""
    headers = [*answer.headers.items()]
    if answer.status != _NO_CONTENT:  # which has no length
        headers.append(("Content-Length", str(len(answer.body))))
    if answer.content_type is not None:
        headers.append(("Content-Type", answer.content_type))
    # A fault may have any status, also one without a name.
    line = _STATUS_LINES.get(answer.status) or f"{answer.status} Unnamed"
    return line, headers
