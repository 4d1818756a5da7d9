"""Routes of the control plane: requests, the decorator, and problem documents.

Each module of the control plane has a table ``routes``; a decorator adds the function
below it. ``admin`` registers the tables with Flask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.json import encode
from smartpay_mock.kernel.text import whole_number
from smartpay_mock.resources import Context
from smartpay_mock.storage.base import StoreUnavailable
from smartpay_schemas import problems

PREFIX = "/__admin"

TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 255}
COUNT: dict[str, Any] = {"type": "integer", "minimum": 0, "maximum": 1_000_000}
"""Schemas of query parameters and of ids in paths."""

_INT64 = 1 << 63


@dataclass(slots=True)
class Request:
    """A call to the control plane.

    Attributes:
        application: The emulator's components.
        account: The controlled account; may be empty for routes about the server.
        params: Path parameters.
        query: Query parameters, checked.
        body: The JSON body; ``{}`` if there is none.
        call: The call as it arrived.
    """

    application: Application
    account: str
    params: Mapping[str, str]
    query: Mapping[str, Any]
    body: dict[str, Any]
    call: Call

    @property
    def id(self) -> str:
        """The path parameter ``id``."""
        return self.params["id"]

    def opened(self) -> AbstractContextManager[Context]:
        """Open a unit of work on the controlled account.

        A call that only reads keeps no new account.
        """
        only_reads = self.call.method == "GET"
        return self.application.opened(self.account, only_reads=only_reads)


Handler = Callable[[Request], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the control plane.

    Attributes:
        method: HTTP method.
        path: Below ``/__admin``, with ``{id}`` for a parameter.
        handler: Returns the JSON value of the answer; ``None`` makes a 204.
        summary: One imperative sentence, for OpenAPI and the reference page.
        needs_account: Whether it acts on the account of the secret key in the request.
        is_open: Whether it needs no admin token and accepts any query, as health
            checks do.
        body: JSON Schema of the body; ``None`` if it accepts none.
        query: Name of each query parameter to its JSON Schema.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    needs_account: bool = True
    is_open: bool = False
    body: Mapping[str, Any] | None = None
    query: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parameters in ``path``, or ``None`` if it is of another route.

        Args:
            path: Below ``/__admin``.
        """
        before, marker, after = self.path.partition("{id}")
        if not marker:
            return {} if path == self.path else None
        id_ = path.removeprefix(before).removesuffix(after)
        is_own = path == before + id_ + after and id_ != "" and "/" not in id_
        return {"id": id_} if is_own else None

    def answer(
        self,
        application: Application,
        account: str,
        params: Mapping[str, str],
        call: Call,
        body: Any,
    ) -> Any:
        """Return what the handler returns; ``body`` is the JSON value of the call's.

        Raises:
            SandboxUsageError: Id, query or body are not valid.
        """
        _check_id(params.get("id", ""))
        query, body = self._read_query(call.query), self._check_body(body)
        return self.handler(Request(application, account, params, query, body, call))

    def _check_body(self, body: Any) -> dict[str, Any]:
        """Return ``body`` if it fits the schema, with each whole float as an integer.

        Raises:
            SandboxUsageError: It does not fit; the text names every problem.
        """
        body = _with_integers(body)
        if self.body is None and body:
            raise SandboxUsageError(f"This route takes no body. {self._parameters()}")
        found = problems(dict(self.body), body) if self.body else []
        if found:
            listed = "; ".join(item.message for item in found)
            raise SandboxUsageError(f"Invalid request: {listed}.")
        return body if isinstance(body, dict) else {}

    def _read_query(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the query parameters, with numbers as integers.

        Raises:
            SandboxUsageError: One is unknown, as a misspelt filter would be lost, or
                does not fit its schema.
        """
        if self.is_open or not query:
            return {}
        for name in query:
            if name not in self.query:
                raise SandboxUsageError(
                    f"There is no query parameter {name!r} here. {self._parameters()}"
                )
        values = {
            name: _read_text(text, self.query[name]) for name, text in query.items()
        }
        found = problems(json_object(**self.query), values)
        if found:
            listed = "; ".join(item.message for item in found)
            raise SandboxUsageError(f"Invalid query parameter: {listed}.")
        return values

    def _parameters(self) -> str:
        return f"Its query parameters: {', '.join(self.query) or 'none'}."


def _check_id(id_: str) -> None:
    """Refuse an id in the path that no object can have."""
    if len(id_) > TEXT["maxLength"]:
        raise NotFoundError(
            f"The id in the path has {len(id_)} characters. An id has at most "
            f"{TEXT['maxLength']}."
        )


def _read_text(text: str, schema: Mapping[str, Any]) -> Any:
    """Return the value of a query parameter; a text that is no number stays one."""
    number = whole_number(text) if schema.get("type") == "integer" else None
    return text if number is None else number


def _with_integers(value: Any) -> Any:
    """Return a JSON value with its whole floats as integers: JSON Schema accepts both.

    Floats beyond 64 bits are left, so that the bounds of the schema refuse them.
    """
    if isinstance(value, dict):
        return {name: _with_integers(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_integers(item) for item in value]
    is_whole = type(value) is float and value.is_integer() and abs(value) < _INT64
    return int(value) if is_whole else value


class Routes(list[Route]):
    """A table of routes, filled by decorators."""

    def add(
        self, method: str, path: str, **options: Any
    ) -> Callable[[Handler], Handler]:
        """Return a decorator that adds a route with the decorated handler.

        The first line of the handler's docstring is the route's summary.

        Args:
            method: As in ``Route``.
            path: As in ``Route``.
            **options: Further attributes of ``Route``.
        """

        def register(handler: Handler) -> Handler:
            summary = (handler.__doc__ or path).partition("\n")[0]
            self.append(Route(method, path, handler, summary, **options))
            return handler

        return register


def json_object(*required: str, **properties: Any) -> dict[str, Any]:
    """Return the JSON Schema of an object with these members and no others."""
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


# -- problem documents (RFC 9457) ------------------------------------------------------

PROBLEM_TYPE = "application/problem+json"
_STATUS: dict[type[Exception], int] = {NotFoundError: 404, StoreUnavailable: 503}


def problem(status: int, detail: str, **members: Any) -> Answer:
    """Return a problem document.

    Args:
        status: The HTTP status.
        detail: What is wrong and what to do.
        **members: Further members of the document.
    """
    body = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        **members,
    }
    return Answer(status, encode(body), PROBLEM_TYPE)


def problem_of(error: SandboxUsageError) -> Answer:
    """Return the problem document of a misuse of the sandbox."""
    status = next((s for kind, s in _STATUS.items() if isinstance(error, kind)), 400)
    return problem(status, str(error))
