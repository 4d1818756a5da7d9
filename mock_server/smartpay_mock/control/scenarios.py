"""Scenarios: named states that an account reaches through API calls."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_fixtures.scenarios import (
    SCENARIO,
    Scenario,
    ScenarioFailure,
    run_scenario,
    scenario_of,
    scenarios,
)
from smartpay_mock.api.application import Application
from smartpay_mock.control.calls import call_operation
from smartpay_mock.control.clock import change_clock
from smartpay_mock.control.routes import Request, Routes
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.kernel.exchange import ORIGIN_HEADER
from smartpay_mock.kernel.json import decode
from smartpay_schemas import OPERATIONS

routes = Routes()

_REFUSED = 400
_PARAMETER = re.compile(r"\{(\w+)\}")


@routes.add("GET", "/scenarios", needs_account=False)
def list_scenarios(_request: Request) -> Any:
    """List the scenarios."""
    return list(scenarios())


@routes.add("POST", "/scenarios", body=SCENARIO)
def play_given_scenario(request: Request) -> Any:
    """Run the scenario in the body on the account; show the ids it created."""
    try:
        scenario = scenario_of(request.body)
    except LookupError as error:
        raise SandboxUsageError(f"Invalid scenario: {error.args[0]}") from error
    return _play(request, scenario)


@routes.add("POST", "/scenarios/{id}")
def play_scenario(request: Request) -> Any:
    """Run a scenario on the account, by API calls; show the ids it created."""
    known = scenarios()
    if request.id not in known:
        raise NotFoundError.among("scenario", request.id, list(known))
    return _play(request, known[request.id])


def _play(request: Request, scenario: Scenario) -> dict[str, str]:
    player = _Player(request.application, request.account)
    try:
        return run_scenario(scenario, player.perform, player.advance)
    except ScenarioFailure as error:
        raise SandboxUsageError(
            f"{error} Steps before it were carried out. Reset the account, or remove "
            "its fault plans, and try again."
        ) from error


@dataclass(frozen=True, slots=True)
class _Player:
    application: Application
    account: str

    def perform(
        self,
        operation: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        consumer: str | None,
    ) -> Any:
        if operation not in OPERATIONS:
            raise NotFoundError.among("operation", operation, list(OPERATIONS))
        headers = {}
        if consumer is not None:
            headers["authorization"] = f"Bearer {self._log_in(consumer)}"
        return self._call(operation, params, body, headers)

    def advance(self, by_ms: int) -> None:
        try:
            change_clock(
                self.application, self.account, lambda clock: clock.advanced(by_ms)
            )
        except SandboxUsageError as error:
            raise ScenarioFailure(str(error)) from error

    def _log_in(self, consumer: str) -> str:
        known = sandbox_values()
        row = known.consumer(consumer)
        if row is None:
            raise NotFoundError.among("consumer", consumer, list(known.consumers))
        body = {"emailAddress": row.email_address, "password": row.password}
        return str(self._call("consumer_login", {}, body, {})["accessToken"])

    def _call(
        self,
        operation: str,
        params: Mapping[str, str],
        body: Mapping[str, Any] | None,
        headers: dict[str, str],
    ) -> Any:
        unnamed = set(_PARAMETER.findall(OPERATIONS[operation].path)) - set(params)
        if unnamed:
            raise ScenarioFailure(f"params lacks {', '.join(unnamed)}.")
        headers = {**headers, ORIGIN_HEADER: "scenario"}
        answer = call_operation(
            self.application,
            operation,
            account=self.account,
            params=params,
            body=body,
            headers=headers,
        )
        document = decode(answer.body) if answer.body else None
        if answer.status >= _REFUSED:
            raise ScenarioFailure(f"refused: {answer.status} {document}.")
        return document
