"""The worlds an account starts from: its tokens and consumers, and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.testing.desk import Desk, Errand


@dataclass(frozen=True, slots=True)
class Tokens:
    """Ids of the tokens that every account starts with, by what an order comes to.

    Attributes:
        approved: ``succeeded``, or ``requires_capture`` with manual capture.
        declined: ``rejected``: the authorization is declined.
        disabled: ``rejected``: the token is not active any more.
        consumer_inactive: ``rejected``: its consumer is not active any more.
        requires_authorization: 400 ``token.invalid``: it was never approved.
        refused: 400 ``token.invalid``: its consumer refused it.
        guide: The one the guide prints; approved.
    """

    approved: str
    declined: str
    disabled: str
    consumer_inactive: str
    requires_authorization: str
    refused: str
    guide: str


@dataclass(frozen=True, slots=True)
class Consumers:
    """Ids of the consumers that every account starts with.

    Attributes:
        active: Approved.
        inactive: Not active any more.
        declined: Active; authorizations are declined.
    """

    active: str
    inactive: str
    declined: str


@cache
def standard_tokens() -> Tokens:
    """Return the ids of the standard tokens."""
    tokens = sandbox_values().tokens
    return Tokens(**{row.name: tokens[row.name].id for row in fields(Tokens)})


@cache
def standard_consumers() -> Consumers:
    """Return the ids of the standard consumers."""
    consumers = sandbox_values().consumers
    return Consumers(**{row.name: consumers[row.name].id for row in fields(Consumers)})


def play_scenario(desk: Desk, name: str) -> dict[str, str]:
    """Carry a scenario out on an account and return its ids, by its own names.

    Raises:
        NotFoundError: There is no such scenario.
        ScenarioFailure: An operation did not lead where the scenario says.
        SandboxUsageError: An operation was refused.
    """
    from smartpay_fixtures.scenarios import (  # noqa: PLC0415 - reads files
        run_scenario,
        scenarios,
    )

    known = scenarios()
    if name not in known:
        raise NotFoundError.among("scenario", name, list(known))

    def perform(
        operation: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        consumer: str | None,
    ) -> Any:
        errand = Errand(operation, params, body)
        if consumer is not None:
            errand = Errand(
                operation,
                params,
                body,
                bearer=_log_in(desk, consumer),
                account=desk.secret_key,
            )
        return desk.run(errand).expect(f"{operation}, in scenario {name},")

    def advance(by_ms: int) -> None:
        desk.ask("POST", "/clock", body={"advance": {"milliseconds": by_ms}})

    return run_scenario(known[name], perform, advance)


def _log_in(desk: Desk, consumer: str) -> str:
    row = sandbox_values().consumer(consumer)
    if row is None:
        raise NotFoundError.among(
            "consumer", consumer, list(sandbox_values().consumers)
        )
    credentials = {"emailAddress": row.email_address, "password": row.password}
    reply = desk.run(Errand("consumer_login", body=credentials))
    return str(reply.expect("consumer_login")["accessToken"])
