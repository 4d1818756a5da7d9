"""The calls of the emulator's control plane that the kit makes."""

from __future__ import annotations

import json
from typing import Any

from smartpay_contracts.connection import Connection
from smartpay_contracts.exchange import ContractFailure, Exchange

ACCOUNT_HEADER = "Smartpay-Sandbox-Account"
_SUCCESS = range(200, 300)


class Control:
    """Controls one account of an emulator.

    Args:
        connection: How to reach it.
        root_url: Scheme and authority of the emulator.
        key: The secret key of the account.
        admin_token: Of an emulator that listens beyond loopback.
    """

    def __init__(
        self,
        connection: Connection,
        root_url: str,
        key: str,
        admin_token: str | None = None,
    ) -> None:
        self._connection = connection
        self._url = f"{root_url}/__admin"
        self._headers = (
            {"Authorization": f"Bearer {admin_token}", ACCOUNT_HEADER: key}
            if admin_token
            else {"Authorization": f"Basic {key}"}
        )

    def answers(self) -> bool:
        """Return whether the control plane accepts the kit's calls."""
        try:
            health = self._send("GET", "/health")
            return (
                health.status in _SUCCESS
                and "version" in health.doc
                and self._send("GET", "/clock").status in _SUCCESS
            )
        except ContractFailure:
            return False

    def settings(self) -> dict[str, Any]:
        """Return how the emulator is set up, by the names of its settings."""
        return dict(self._ask("GET", "/settings"))

    def freeze(self) -> int:
        """Stop the account's clock and return its time in milliseconds."""
        return int(self._ask("POST", "/clock", {"freeze": True})["now"])

    def advance(self, **parts: float) -> int:
        """Move the account's clock on (``days=7``) and return its time."""
        return int(self._ask("POST", "/clock", {"advance": parts})["now"])

    def now(self) -> int:
        """Return the account's time in milliseconds since the epoch."""
        return int(self._ask("GET", "/clock")["now"])

    def set_token(self, id_: str, **changes: Any) -> None:
        """Set the status or the decision of a token."""
        self._ask("PATCH", f"/tokens/{id_}", changes)

    def set_consumer(self, id_: str, **changes: Any) -> None:
        """Set whether a consumer is active, or what authorizing it decides."""
        self._ask("PATCH", f"/consumers/{id_}", changes)

    def add_fault(self, operation: str, kind: str, **plan: Any) -> None:
        """Add a fault to the next call of an operation."""
        self._ask("POST", "/faults", {"operation": operation, "kind": kind, **plan})

    def hold(self, operation: str) -> str:
        """Hold every call of an operation; return the hold's id."""
        return str(self._ask("POST", "/holds", {"operation": operation})["id"])

    def held(self, hold: str) -> int:
        """Return how many calls a hold has now."""
        return int(self._ask("GET", f"/holds/{hold}")["waiting"])

    def release(self, hold: str) -> None:
        """Release the held calls."""
        self._ask("DELETE", f"/holds/{hold}")

    def drain_webhooks(self) -> None:
        """Return when everything that is due was delivered."""
        self._ask("POST", "/webhooks/drain")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        exchange = self._send(method, path, body)
        if exchange.status not in _SUCCESS:
            raise exchange.failure(
                f"the control plane to execute {method} {path}", exchange.summary
            )
        return exchange.json if exchange.body else None

    def _send(self, method: str, path: str, body: Any = None) -> Exchange:
        return self._connection.send(
            method,
            self._url + path,
            headers={**self._headers, "Content-Type": "application/json"},
            body=b"" if body is None else json.dumps(body).encode(),
            remember=False,
        )
