"""Seed data: the standard tokens and consumers of an account, and scenarios."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.testing.client import AccountClient, ApiCall


@dataclass(frozen=True, slots=True)
class Tokens:
    """Ids of the standard tokens. Each attribute names the result of an order.

    Attributes:
        approved: ``succeeded``, or ``requires_capture`` with manual capture.
        declined: ``rejected``: the authorization is declined.
        disabled: ``rejected``: the token is disabled.
        consumer_inactive: ``rejected``: the consumer is not active.
        requires_authorization: 400 ``token.invalid``: the consumer has not approved it.
        refused: 400 ``token.invalid``: the consumer refused it.
        guide: Approved; the token in Smartpay's guide "Creating an order using a
            token".
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
    """Ids of the standard consumers.

    Attributes:
        active: Approved.
        inactive: Not active.
        declined: Active; their authorizations are declined.
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


def run_scenario_on(client: AccountClient, name: str) -> dict[str, str]:
    """Run a scenario on an account and return the ids it created, by name.

    Raises:
        NotFoundError: There is no such scenario.
        ScenarioFailure: An operation had another result than the scenario says.
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
        call = ApiCall(operation, params, body)
        if consumer is not None:
            bearer = _log_in(client, consumer)
            call = replace(call, bearer=bearer, account=client.secret_key)
        return client.call(call).expect(f"{operation}, in scenario {name},")

    def advance(by_ms: int) -> None:
        client.admin("POST", "/clock", body={"advance": {"milliseconds": by_ms}})

    return run_scenario(known[name], perform, advance)


def _log_in(client: AccountClient, consumer: str) -> str:
    row = sandbox_values().consumer(consumer)
    if row is None:
        raise NotFoundError.among(
            "consumer", consumer, list(sandbox_values().consumers)
        )
    credentials = {"emailAddress": row.email_address, "password": row.password}
    response = client.call(ApiCall("consumer_login", body=credentials))
    return str(response.expect("consumer_login")["accessToken"])
