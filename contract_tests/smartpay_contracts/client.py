"""A client of the API with one credential; operations.json gives method and path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from smartpay_contracts.connection import Connection
from smartpay_contracts.exchange import Exchange
from smartpay_schemas import OPERATIONS, Operation


class _Nothing:
    """No body; ``None`` is the JSON null."""


NOTHING: Final = _Nothing()


class Client:
    """Calls the API with one credential.

    Args:
        connection: How to reach the server.
        base_url: Of the merchant API, ending in ``/v1``.
        root_url: Of the consumer calls, without a slash at the end.
        key: The secret key, or ``None`` for no credential.
    """

    def __init__(
        self, connection: Connection, *, base_url: str, root_url: str, key: str | None
    ) -> None:
        self.connection = connection
        self.base_url = base_url
        self.root_url = root_url
        self.key = key
        self._authorization = f"Basic {key}" if key else None

    def with_authorization(self, authorization: str | None) -> Client:
        """Return a client that sends this Authorization header, or none."""
        other = self.with_base_url(self.base_url)
        other._authorization = authorization
        return other

    def with_key(self, key: str) -> Client:
        """Return a client that calls with another key."""
        return Client(
            self.connection, base_url=self.base_url, root_url=self.root_url, key=key
        )

    def with_base_url(self, base_url: str) -> Client:
        """Return a client for another base URL of the merchant API."""
        other = Client(
            self.connection, base_url=base_url, root_url=self.root_url, key=self.key
        )
        other._authorization = self._authorization
        return other

    def call(
        self,
        operation: str,
        body: Any = NOTHING,
        /,
        *,
        id: str | None = None,  # noqa: A002 - the API's own word
        query: Mapping[str, object] | str | None = None,
        headers: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        raw: bytes | None = None,
    ) -> Exchange:
        """Call an operation.

        Args:
            operation: A key of ``OPERATIONS``.
            body: Sent as JSON, unless it is left out.
            id: Of the object, for a path that has one.
            query: Parameters, or the whole query as it is to be sent.
            headers: Over those that the call needs.
            idempotency_key: The Idempotency-Key header.
            raw: The body as bytes, in place of ``body``.
        """
        row = OPERATIONS[operation]
        url = self.url_of(row, id) + _query(query)
        sent = _encode(body) if raw is None else raw
        sent_headers = {"Accept": "application/json", **self._credential(row)}
        if body is not NOTHING or raw is not None:
            sent_headers["Content-Type"] = "application/json"
        if idempotency_key is not None:
            sent_headers["Idempotency-Key"] = idempotency_key
        return self.connection.send(
            row.method,
            url,
            headers={**sent_headers, **(headers or {})},
            body=sent,
            operation=operation,
            expanded="expand=all" in url,
        )

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
    ) -> Exchange:
        """Call something that is not in the table, with the client's credential."""
        credential = (
            {"Authorization": self._authorization} if self._authorization else {}
        )
        sent_headers = {"Accept": "application/json", **credential, **(headers or {})}
        return self.connection.send(method, url, headers=sent_headers, body=body)

    def url_of(self, row: Operation, id_: str | None = None) -> str:
        """Return the address of an operation, without a query."""
        base = self.base_url if row.side == "merchant" else self.root_url
        return base + row.path.replace("{id}", quote(id_ or "", safe=""))

    def _credential(self, row: Operation) -> dict[str, str]:
        if row.side == "consumer-login" or self._authorization is None:
            return {}
        return {"Authorization": self._authorization}


def _encode(body: Any) -> bytes:
    if body is NOTHING:
        return b""
    return json.dumps(body, ensure_ascii=False).encode()


def _query(query: Mapping[str, object] | str | None) -> str:
    if not query:
        return ""
    return f"?{query if isinstance(query, str) else urlencode(query)}"
