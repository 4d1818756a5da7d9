"""A short way through Flask for the calls of the API.

Flask's request context, its signals and its response object cost more than the whole
charge. None of them is used by an operation, so calls that match a row of the
operations table are answered before they are built. Everything else, and every
failure, goes the ordinary way; both ways answer alike (``tests/mock_server/api``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from flask import Flask
from werkzeug.routing import Rule

from smartpay_mock.api.engine import Engine
from smartpay_mock.api.routes import FAILURE, MOUNTS, read_call, to_response
from smartpay_mock.kernel.exchange import Answer
from smartpay_schemas import Operation

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

# A mount in whatever case: one SDK lower-cases the prefix it is given.
_MOUNT = re.compile(f"({'|'.join(map(re.escape, MOUNTS))})(?=/)", re.IGNORECASE)

_NO_CONTENT = HTTPStatus.NO_CONTENT.value
_STATUS_LINES = {
    status.value: f"{status.value} {status.phrase}" for status in HTTPStatus
}


class Directory:
    """The operations by method and path, without patterns to try one by one."""

    def __init__(self, engine: Engine) -> None:
        self._plain: dict[tuple[str, str], Operation] = {}
        self._with_id: dict[tuple[str, str, str], Operation] = {}
        for operation in engine.rules.operations.values():
            for prefix in MOUNTS if operation.side == "merchant" else ("",):
                head, has_id, tail = (prefix + operation.path).partition("/{id}")
                if has_id:
                    self._with_id[operation.method, head, tail] = operation
                else:
                    self._plain[operation.method, head] = operation

    def find(self, method: str, path: str) -> tuple[Operation, dict[str, str]] | None:
        """Return the operation of a call and its path's parameters, or ``None``."""
        operation = self._plain.get((method, path))
        if operation is not None:
            return operation, {}
        head, _, last = path.rpartition("/")
        operation = self._with_id.get((method, head, ""))
        if operation is not None and last:
            return operation, {"id": last}
        head, _, id_ = head.rpartition("/")
        operation = self._with_id.get((method, head, f"/{last}"))
        return (operation, {"id": id_}) if operation is not None and id_ else None


class MatchOnlyRule(Rule):
    """A route that no URL is ever built for.

    werkzeug compiles two functions for that with each of them, which takes longer than
    all else that making the application does.
    """

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., Any]:
        """Return what stands in for the two."""
        return _no_url


def _no_url(rule: Rule, *_args: object, **_values: object) -> tuple[str, str]:
    raise NotImplementedError(f"{rule} is matched only; write its path out")


class DirectFlask(Flask):
    """A Flask application that takes the short way where there is one."""

    url_rule_class = MatchOnlyRule

    engine: Engine
    directory: Directory | None = None

    def go_direct(self, engine: Engine) -> None:
        """Take the short way to the operations of ``engine`` from now on."""
        self.engine = engine
        self.directory = Directory(engine)

    def wsgi_app(
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer a call, directly if it is one of the API."""
        path = environ["PATH_INFO"]
        found = (
            self.directory.find(environ["REQUEST_METHOD"], path)
            if self.directory is not None and path.isascii()
            else None
        )
        if found is None:
            mount = _MOUNT.match(path)
            if mount is not None and not mount[0].islower():
                path = mount[0].lower() + path[mount.end() :]
                return self.wsgi_app({**environ, "PATH_INFO": path}, start_response)
            return super().wsgi_app(environ, start_response)
        try:
            call = read_call(environ, self.engine.settings.body_limit)
            answer = self.engine.perform(*found, call)
        except Exception as error:
            environ[FAILURE] = error
            return super().wsgi_app(environ, start_response)
        if answer.transport is not None:
            return to_response(answer, environ)(environ, start_response)
        return _send(answer, start_response)


def _send(answer: Answer, start_response: Any) -> Iterable[bytes]:
    headers = [*answer.headers.items()]
    if answer.status != _NO_CONTENT:  # which must not say how long it is
        headers.append(("Content-Length", str(len(answer.body))))
    if answer.content_type is not None:
        headers.append(("Content-Type", answer.content_type))
    # A fault may have any status, also one that has no name.
    line = _STATUS_LINES.get(answer.status) or f"{answer.status} Unnamed"
    start_response(line, headers)
    return (answer.body,)
