"""The control plane's own table of routes, and how a call goes through it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.exchange import Call
from smartpay_schemas import problems

PREFIX = "/__admin"


@dataclass(frozen=True, slots=True)
class Request:
    """A call to the control plane.

    Attributes:
        engine: The emulator.
        account: The account steered; empty for server-wide routes.
        params: The path's parameters.
        query: Query parameters.
        body: The JSON body, ``{}`` without one.
        call: As it arrived.
    """

    engine: Application
    account: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    body: dict[str, Any]
    call: Call


Action = Callable[[Request], Any]


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the control plane.

    Attributes:
        method: HTTP method.
        path: Below ``/__admin``, parameters in braces.
        action: Returns the answer's JSON value; ``None`` answers 204.
        summary: One sentence.
        needs_account: Whether it acts on the account whose key authenticates it.
        is_open: Whether it takes no admin token, for those who only ask for life.
        body: JSON Schema of the body; ``None`` takes none.
        query: Names of query parameters.
    """

    method: str
    path: str
    action: Action
    summary: str
    needs_account: bool = True
    is_open: bool = False
    body: Mapping[str, Any] | None = None
    query: tuple[str, ...] = ()

    def matches(self, path: str) -> bool:
        """Return whether ``path``, below ``/__admin``, is this route's."""
        own, given = self.path.split("/"), path.split("/")
        return len(own) == len(given) and all(
            part in ("{id}", other) for part, other in zip(own, given, strict=True)
        )

    def checked(self, body: Any) -> dict[str, Any]:
        """Return a body that the route can use.

        Raises:
            SandboxUsageError: It does not fit; the text names every problem.
        """
        if self.body is None and body:
            raise SandboxUsageError(f"This route takes no body. {self._takes()}")
        found = problems(dict(self.body), body) if self.body else []
        if found:
            listed = "; ".join(item.message for item in found)
            raise SandboxUsageError(f"What was given cannot be used: {listed}.")
        return body if isinstance(body, dict) else {}

    def check_query(self, query: Mapping[str, str]) -> None:
        """Refuse what the route would not look at: a filter misspelt is no filter.

        Raises:
            SandboxUsageError: A query parameter is unknown; the text names those known.
        """
        strangers = [name for name in query if name not in self.query]
        if strangers and not self.is_open:
            raise SandboxUsageError(
                f"There is no query parameter {strangers[0]!r} here. {self._takes()}"
            )

    def _takes(self) -> str:
        known = f"takes these: {', '.join(self.query)}" if self.query else "takes none"
        return f"In the query it {known}."
