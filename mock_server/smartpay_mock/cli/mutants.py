"""``mutants``: evil twins of the emulator, to show what tests are worth."""

from __future__ import annotations

import os
import tempfile
import textwrap
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from time import monotonic

import click

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.twins import find_mutant, mutants
from smartpay_mock.twins.grading import OwnSuite
from smartpay_mock.twins.kit import Kit
from smartpay_mock.twins.matrix import (
    LEGEND,
    UNBREAKABLE,
    WIDTH,
    matrix,
    progress,
    survivors,
    unproven,
)
from smartpay_mock.twins.mutant import Mutant
from smartpay_mock.twins.verdict import Suite, Verdict, judge_all

_NAMES = 38
_SURVIVED = 1


@click.group(context_settings={"max_content_width": WIDTH})
def command() -> None:
    """Break the emulator on purpose, and see whether tests notice."""


@command.command("list")
@click.option("--area", "areas", multiple=True, help="Only this area of the contract.")
def list_(areas: tuple[str, ...]) -> None:
    """Print every mutant with the bug that it stands for."""
    for area, rows in groupby(_chosen((), areas), key=lambda mutant: mutant.area):
        click.echo(f"\n{area}")
        for mutant in rows:
            click.echo(_row(mutant))


@command.command(context_settings={"ignore_unknown_options": True})
@click.option("--only", "names", multiple=True, help="Only this mutant; repeatable.")
@click.option("--area", "areas", multiple=True, help="Only this area; repeatable.")
@click.option(
    "--jobs", default=min(2, os.cpu_count() or 1), show_default=True, help="At once."
)
@click.argument("argv", nargs=-1, type=click.UNPROCESSED)
def run(
    names: tuple[str, ...], areas: tuple[str, ...], jobs: int, argv: tuple[str, ...]
) -> None:
    """Grade the contract kit, or a suite of your own, by the mutants it notices.

    Without a command the contract kit meets every mutant. With one (mutants run --
    pytest tests) the command is run once per mutant, with SMARTPAY_SANDBOX_MUTANT set:
    the emulators of the pytest fixture, of exec and of serve are broken then.

    Exits with 0 if every mutant was noticed, 1 if some survived, 2 for wrong usage.
    """
    chosen = _chosen(names, areas)
    with tempfile.TemporaryDirectory(prefix="smartpay-twins-") as folder:
        suite: Suite = OwnSuite(argv, Path(folder)) if argv else Kit(Path(folder))
        verdicts = _graded(suite, chosen, jobs)
    everything = not argv and not names and not areas
    click.echo("" if argv else f"\n{matrix(verdicts)}\n\n{LEGEND}\n")
    raise SystemExit(_summed_up(verdicts, everything=everything))


def _chosen(names: Sequence[str], areas: Sequence[str]) -> list[Mutant]:
    """Return the mutants meant, all of them when nothing is named.

    Raises:
        SandboxUsageError: A name or an area is unknown.
    """
    known = list(mutants().values())
    unknown = sorted(set(areas) - {mutant.area for mutant in known})
    if unknown:
        listed = ", ".join(dict.fromkeys(mutant.area for mutant in known))
        raise SandboxUsageError(f"There is no area {unknown[0]!r}. Known: {listed}.")
    if names:
        return [find_mutant(name) for name in names]
    return [mutant for mutant in known if not areas or mutant.area in areas]


def _row(mutant: Mutant) -> str:
    """Return name and bug in two columns."""
    lines = textwrap.wrap(mutant.bug, WIDTH - _NAMES)
    return "\n".join(
        f"{name:{_NAMES}}{line}"
        for name, line in zip(
            [f"  {mutant.name}", *[""] * len(lines)], lines, strict=False
        )
    )


def _graded(suite: Suite, chosen: Sequence[Mutant], jobs: int) -> list[Verdict]:
    seconds = suite.check_honest(chosen)
    click.echo(f"honest emulator: passed in {seconds:.1f} s")
    minutes = seconds * len(chosen) / jobs / 60
    if isinstance(suite, OwnSuite) and minutes > 1:
        click.echo(
            f"{len(chosen)} mutants will take about {minutes:.0f} minutes; --area and "
            "--only choose fewer."
        )
    started, told = monotonic(), 0

    def tell(verdict: Verdict) -> None:
        nonlocal told
        told += 1
        click.echo(progress(verdict, told, len(chosen)))

    verdicts = judge_all(suite, chosen, jobs=jobs, tell=tell)
    click.echo(f"{len(chosen)} mutants in {monotonic() - started:.0f} s")
    return verdicts


def _summed_up(verdicts: Sequence[Verdict], *, everything: bool) -> int:
    """Say who survived; return the exit code."""
    left = survivors(verdicts)
    lacking = unproven(verdicts) if everything else []
    click.echo(f"{len(verdicts) - len(left)} of {len(verdicts)} mutants were noticed.")
    if left:
        click.echo("\nSurvivors, and what each would mean:\n")
        click.echo("\n".join(left))
    if lacking:
        click.echo("\nNo mutant made these clauses fail:\n")
        click.echo("\n".join(f"  {id_}" for id_ in lacking))
    for id_, reason in UNBREAKABLE.items() if everything else ():
        click.echo(f"Not breakable: {id_}, since {reason}.")
    return _SURVIVED if left or lacking else 0
