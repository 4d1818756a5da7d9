"""Run all mutants against the contract kit and name the clauses that none fails.

Exits with 1 if the kit does not detect a mutant, or if no mutant fails a clause that
can be broken. With ``--random``, the mutants are mechanical changes of the emulator's
code.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from tests.mutants.catalogue import ALL, UNBREAKABLE, unbroken
from tests.mutants.random_run import run_random

from smartpay_mock.cli.mutants import run_suite
from smartpay_mock.mutants.kit import Kit
from smartpay_mock.mutants.report import LEGEND, matrix, undetected


@click.command()
@click.option("--only", "names", multiple=True, help="Only this mutant; repeatable.")
@click.option(
    "--jobs", default=2, show_default=True, help="Mutants to run in parallel."
)
@click.option("--random", "is_random", is_flag=True, help="Run random mutants.")
@click.option(
    "--count", default=300, show_default=True, help="Random mutants to choose."
)
@click.option("--seed", default=13, show_default=True, help="Chooses random mutants.")
def main(
    names: tuple[str, ...], jobs: int, is_random: bool, count: int, seed: int
) -> None:
    """Prove the contract kit: every clause must fail for a mutant."""
    if is_random:
        raise SystemExit(run_random(count, seed, jobs))
    chosen = [mutant for mutant in ALL if not names or mutant.name in names]
    with tempfile.TemporaryDirectory(prefix="smartpay-mutants-") as folder:
        kit = Kit(Path(folder), is_complete=not names)
        results = run_suite(kit, chosen, jobs)
    failed = {id_ for result in results for id_ in result.failed}
    left = undetected(results)
    lacking = [] if names else unbroken(failed)
    click.echo(f"\n{matrix(results)}\n\n{LEGEND}\n")
    click.echo(f"{len(results) - len(left)} of {len(results)} mutants were detected.")
    click.echo("\n".join(["Not detected:", *left]) if left else "")
    click.echo("\n".join(["No mutant fails:", *lacking]) if lacking else "")
    for id_, reason in UNBREAKABLE.items():
        click.echo(f"Cannot be broken: {id_}, because {reason}.")
    raise SystemExit(1 if left or lacking else 0)


if __name__ == "__main__":
    main()
