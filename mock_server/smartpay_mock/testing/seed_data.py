"""Seed data: the standard tokens and consumers of an account, and scenarios."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from os import PathLike
from pathlib import Path
from typing import Any

from smartpay_fixtures import sandbox_values
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.testing.client import AccountClient

ScenarioSource = str | PathLike[str] | Mapping[str, Any]
"""The name of a scenario, the path of a JSON file, or a scenario itself."""


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


def run_scenario_on(client: AccountClient, scenario: ScenarioSource) -> dict[str, str]:
    """Run a scenario on an account and return the ids it created, by name.

    Raises:
        NotFoundError: There is no such scenario.
        SandboxUsageError: The file can't be read, a step was refused, or it had
            another result than the scenario expects.
    """
    if isinstance(scenario, Mapping):
        scenario = {"name": "scenario", **scenario}
        created = client.admin("POST", "/scenarios", body=scenario)
    elif _is_file(scenario):
        created = client.admin("POST", "/scenarios", body=read_scenario(scenario))
    else:
        created = client.admin("POST", "/scenarios/{id}", id_=str(scenario))
    return dict(created)


def check_scenario(scenario: str) -> ScenarioSource:
    """Return a scenario named on a command line: a name, or what its file contains.

    Raises:
        NotFoundError: There is no such scenario.
        SandboxUsageError: The file can't be read, or is no JSON object.
    """
    if _is_file(scenario):
        return read_scenario(scenario)
    from smartpay_fixtures.scenarios import scenarios  # noqa: PLC0415 - reads files

    if scenario not in scenarios():
        raise NotFoundError.among("scenario", scenario, list(scenarios()))
    return scenario


def _is_file(scenario: str | PathLike[str]) -> bool:
    return not isinstance(scenario, str) or scenario.endswith(".json")


def read_scenario(path: str | PathLike[str]) -> dict[str, Any]:
    """Return the scenario in a JSON file, named after the file by default.

    Raises:
        SandboxUsageError: The file can't be read, or is no JSON object.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise SandboxUsageError(
            f"Cannot read scenario {path}: {error.strerror}. Name a JSON file."
        ) from error
    except ValueError as error:
        raise SandboxUsageError(
            f"Scenario {path} is not JSON: {error}. Correct the file."
        ) from error
    if not isinstance(document, dict):
        raise SandboxUsageError(
            f'Scenario {path} is not an object. Write {{"steps": [...]}}.'
        )
    return {"name": Path(path).stem, **document}
