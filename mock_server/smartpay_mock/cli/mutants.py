"""``mutants``: deliberately broken emulators, to grade a test suite with."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from time import monotonic
from typing import Any

import click

from smartpay_mock.cli.output import json_option, print_json, progress_bar
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.mutants import find_mutant, mutants
from smartpay_mock.mutants.kit import Kit
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.own_suite import OwnSuite
from smartpay_mock.mutants.report import (
    LEGEND,
    WIDTH,
    matrix,
    progress,
    undetected,
)
from smartpay_mock.mutants.results import Result, Suite, run_all

_NAMES = 38
_UNDETECTED = 1


@click.group(context_settings={"max_content_width": WIDTH})
def command() -> None:
    """Mutation-test your suite against deliberate bugs."""


@command.command("list")
@click.option("--area", "areas", multiple=True, help="Only this area; repeatable.")
@json_option
def list_(areas: tuple[str, ...], as_json: bool) -> None:
    """List every mutant and what its bug would cost."""
    if as_json:
        print_json([_document(mutant) for mutant in _chosen((), areas)])
        return
    for area, rows in groupby(_chosen((), areas), key=lambda mutant: mutant.area):
        click.echo(f"\n{area}")
        for mutant in rows:
            click.echo(_row(mutant))


@command.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", "names", multiple=True, help="Only this mutant; repeatable.")
@click.option("--area", "areas", multiple=True, help="Only this area; repeatable.")
@click.option(
    "--jobs",
    default=min(2, os.cpu_count() or 1),
    show_default=True,
    help="Mutants to run in parallel.",
)
@json_option
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
def run(
    *,
    names: tuple[str, ...],
    areas: tuple[str, ...],
    jobs: int,
    as_json: bool,
    argv: tuple[str, ...],
) -> None:
    """Grade your test suite, or the contract kit, by the mutants it detects.

    With a command (mutants run -- pytest tests), run it once per mutant with
    SMARTPAY_SANDBOX_MUTANT set: the emulators of the pytest fixture, of exec and of
    serve are then broken. Without a command, run the contract kit.

    Exit with 0 if every mutant was detected, 1 if some were not, 2 for wrong usage.
    """
    chosen = _chosen(names, areas)
    with tempfile.TemporaryDirectory(prefix="smartpay-mutants-") as folder:
        suite: Suite = OwnSuite(argv, Path(folder)) if argv else Kit(Path(folder))
        results = run_suite(suite, chosen, jobs, to_stderr=as_json)
    if as_json:
        print_json([_result(one) for one in results])
        raise SystemExit(_UNDETECTED if undetected(results) else 0)
    click.echo("" if argv else f"\n{matrix(results)}\n\n{LEGEND}\n")
    raise SystemExit(_summed_up(results))


def _chosen(names: Sequence[str], areas: Sequence[str]) -> list[Mutant]:
    """Return the chosen mutants, all of them when nothing is named.

    Raises:
        SandboxUsageError: A name or an area is unknown.
    """
    known = list(mutants().values())
    unknown = sorted(set(areas) - {mutant.area for mutant in known})
    if unknown:
        listed = ", ".join(dict.fromkeys(mutant.area for mutant in known))
        raise SandboxUsageError(f"Unknown area {unknown[0]!r}. Known: {listed}.")
    if names:
        return [find_mutant(name) for name in names]
    return [mutant for mutant in known if not areas or mutant.area in areas]


def _row(mutant: Mutant) -> str:
    """Return name and cost in two columns."""
    lines = textwrap.wrap(mutant.cost, WIDTH - _NAMES)
    return "\n".join(
        f"{name:{_NAMES}}{line}"
        for name, line in zip(
            [f"  {mutant.name}", *[""] * len(lines)], lines, strict=False
        )
    )


def _document(mutant: Mutant) -> dict[str, Any]:
    return {
        "name": mutant.name,
        "area": mutant.area,
        "cost": mutant.cost,
        "clauses": list(mutant.clauses),
    }


def _result(result: Result) -> dict[str, Any]:
    return {
        **_document(result.mutant),
        "isDetected": result.is_detected,
        "seconds": round(result.seconds, 1),
        "missedClauses": result.missed,
        "note": result.note,
    }


def run_suite(
    suite: Suite, chosen: Sequence[Mutant], jobs: int, *, to_stderr: bool = False
) -> list[Result]:
    """Run a suite against mutants and print the progress."""
    echo = partial(click.echo, err=to_stderr)
    seconds = suite.check_unmutated(chosen)
    echo(f"unmutated emulator: passed in {seconds:.1f} s")
    minutes = seconds * len(chosen) / jobs / 60
    if isinstance(suite, OwnSuite) and minutes > 1:
        echo(
            f"{len(chosen)} mutants will take about {minutes:.0f} minutes. Use --area "
            "or --only to choose fewer."
        )
    started, done = monotonic(), 0

    def report(result: Result) -> None:
        nonlocal done
        done += 1
        echo(progress(result, done, len(chosen)))
        advance()

    with progress_bar("Mutants", len(chosen)) as advance:
        results = run_all(suite, chosen, jobs=jobs, report=report)
    echo(f"{len(chosen)} mutants in {monotonic() - started:.0f} s")
    return results


def _summed_up(results: Sequence[Result]) -> int:
    """Print the mutants that were not detected; return the exit code."""
    left = undetected(results)
    click.echo(f"{len(results) - len(left)} of {len(results)} mutants were detected.")
    if left:
        click.echo("\nNot detected, and what each bug would cost:\n")
        click.echo("\n".join(left))
    return _UNDETECTED if left else 0
