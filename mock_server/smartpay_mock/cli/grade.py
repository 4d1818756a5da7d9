"""``grade``: write the report card of a client that charges, in any language."""

from __future__ import annotations

import json
import signal
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from smartpay_mock.cli.command_client import CommandClient, CommandGrade
from smartpay_mock.cli.output import json_option, with_bar, write_output
from smartpay_mock.cli.sdks import SDKS, sdk_option, variables
from smartpay_mock.kernel.ids import random_base62
from smartpay_mock.testing.grading import (
    ReportCard,
    ScenarioGrade,
    describe,
    overview,
    total,
)
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.local import LocalEmulator
from smartpay_mock.testing.retries import retry_scenarios
from smartpay_mock.testing.session import SmartpayServer, settings_from
from smartpay_mock.testing.smartpay import Smartpay

_FAILED = 1
_WIDTH = 80


@click.command(
    context_settings={"ignore_unknown_options": True, "max_content_width": _WIDTH}
)
@click.option("--only", multiple=True, help="Run only this scenario; repeatable.")
@json_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the report card as JSON, with every attempt, to this file.",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=30.0,
    show_default=True,
    help="Timeout per run, in seconds.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=4,
    show_default=True,
    help="Runs at the same time; 1 if the command cannot run in parallel.",
)
@sdk_option
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED)
def command(
    *,
    only: tuple[str, ...],
    as_json: bool,
    output: Path | None,
    timeout: float,
    jobs: int,
    sdk: str,
    argv: tuple[str, ...],
) -> None:
    """Grade how a client retries charges (grade -- CMD).

    CMD runs once per scenario, each time on an account of its own. It must charge
    once: send the order in the file SMARTPAY_PAYLOAD, or an order of its own with
    the token SMARTPAY_TOKEN, to SMARTPAY_URL with SMARTPAY_SECRET_KEY. It must exit
    with 0 if the charge succeeded, and with another code if not. The variables of
    the SDK are set as with exec.

    Exits with 0 if every scenario passed, 1 if some failed, 2 for wrong usage.
    """
    scenarios = retry_scenarios(only)
    for number in (signal.SIGINT, signal.SIGTERM):
        # Raise an exception, so that every run of the command is ended.
        signal.signal(number, lambda number, _frame: sys.exit(128 + number))
    emulator = LocalEmulator(settings_from({}))

    def environ(smartpay: Smartpay) -> dict[str, str]:
        row = variables(SDKS[sdk], smartpay.root_url, smartpay.secret_key)
        return {**smartpay.environ, **row}

    try:
        server = SmartpayServer(emulator, salt=random_base62(8))
        _ = server.root_url
        client = CommandClient(argv, timeout_s=timeout, environ=environ)
        playing = client.play_all(scenarios, server, jobs=jobs)
        played = list(with_bar(playing, "Scenarios", len(scenarios)))
        for error in emulator.failures():
            raise error
    finally:
        emulator.stop()
    card = ReportCard(tuple(one.grade for one in played))
    document = json.dumps(_card(card, played), indent=2, ensure_ascii=False)
    click.echo(document if as_json else _shown(card, played))
    if output:
        write_output(document, output)
    raise SystemExit(0 if card.passed else _FAILED)


def _shown(card: ReportCard, played: Sequence[CommandGrade]) -> str:
    parts = [overview(card.grades), total(card)]
    if not any(grade.evidence.attempts for grade in card.grades):
        parts.append(
            "The command never created an order. Does it read SMARTPAY_URL and\n"
            "SMARTPAY_SECRET_KEY?"
        )
    parts += [_failure(one) for one in played if not one.grade.passed]
    return "\n\n".join(parts)


def _failure(one: CommandGrade) -> str:
    ended = "was stopped" if one.exit_code is None else f"exited with {one.exit_code}"
    output = f"; its last line: {one.last_line}" if one.last_line else ""
    line = textwrap.shorten(
        f"The command {ended}{output}", _WIDTH - 2, placeholder=" …"
    )
    return f"{describe(one.grade)}\n  {line}"


def _card(card: ReportCard, played: Sequence[CommandGrade]) -> dict[str, Any]:
    return {
        "version": 1,
        "letter": card.letter,
        "percent": card.percent,
        "passed": card.passed,
        "scenarios": [_document(one.grade, one.exit_code) for one in played],
    }


def _document(grade: ScenarioGrade, exit_code: int | None) -> dict[str, Any]:
    evidence = grade.evidence
    return {
        "id": grade.row.id,
        "severity": grade.row.severity,
        "passed": grade.passed,
        "outcome": evidence.outcome,
        "exitCode": exit_code,
        "charges": evidence.charges,
        "attempts": [_attempt(request) for request in evidence.attempts],
        "verdicts": [
            {
                "criterion": verdict.criterion,
                "passed": verdict.passed,
                "found": verdict.found,
                "bug": verdict.bug,
            }
            for verdict in grade.verdicts
        ],
    }


def _attempt(request: RecordedRequest) -> dict[str, Any]:
    return {
        "at": request.at,
        "idempotencyKey": request.idempotency_key,
        "status": request.status,
        "replayed": request.replayed,
        "faults": list(request.faults),
    }
