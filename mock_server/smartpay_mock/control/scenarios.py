"""Scenarios: worlds that an account is brought into by operations, never by rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.scenarios import ScenarioFailure, run_scenario, scenarios
from smartpay_mock.api.application import Application
from smartpay_mock.api.auth import ACCOUNT_HEADER
from smartpay_mock.api.pipeline import perform
from smartpay_mock.control.clocks import change_clock
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import Call

_REFUSED = 400


def list_scenarios() -> list[str]:
    """Return the names of the scenarios there are."""
    return list(scenarios())


def play_scenario(
    engine: Application, account_id: str, key: str, name: str
) -> dict[str, str]:
    """Carry a scenario out on an account; return its ids, by its own names.

    Args:
        engine: The emulator.
        account_id: Whose account.
        key: Its secret key, in a spelling that the API accepts.
        name: The scenario.

    Raises:
        NotFoundError: There is no such scenario.
        SandboxUsageError: An operation was refused, or did not lead where it should.
    """
    known = scenarios()
    if name not in known:
        raise NotFoundError.among("scenario", name, list(known))
    player = _Player(engine, account_id, key)
    try:
        return run_scenario(known[name], player.perform, player.advance)
    except ScenarioFailure as error:
        raise SandboxUsageError(f"{error} Reset the account and try again.") from error


@dataclass(frozen=True, slots=True)
class _Player:
    engine: Application
    account: str
    key: str

    def perform(
        self,
        operation: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        consumer: str | None,
    ) -> Any:
        headers = {"authorization": f"Bearer {self.key}"}
        if consumer is not None:
            headers = {
                "authorization": f"Bearer {self._log_in(consumer)}",
                ACCOUNT_HEADER: self.key,
            }
        return self._call(operation, params, body, headers)

    def advance(self, by_ms: int) -> None:
        change_clock(self.engine, self.account, lambda clock: clock.advanced(by_ms))

    def _log_in(self, consumer: str) -> str:
        row = sandbox_values().consumer(consumer)
        if row is None:
            raise NotFoundError.among(
                "consumer", consumer, list(sandbox_values().consumers)
            )
        body = {"emailAddress": row.email_address, "password": row.password}
        return str(self._call("consumer_login", {}, body, {})["accessToken"])

    def _call(
        self,
        operation: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
    ) -> Any:
        row = self.engine.rules.operations[operation]
        call = Call(
            method=row.method,
            path=row.path.format(**params),
            headers={**headers, "content-type": "application/json"},
            body=b"" if body is None else encode(body),
        )
        answer = perform(self.engine, row, params, call)
        document = decode(answer.body) if answer.body else None
        if answer.status >= _REFUSED:
            raise SandboxUsageError(
                f"{operation} was refused: {answer.status} {document}. Reset the "
                "account, or remove its fault plans, and try again."
            )
        return document
