"""``make mutants`` on a sample: the contract kit detects generated mutants."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.mutants.generated import MUTANTS

ROOT = Path(__file__).parents[2]
SAMPLE = (
    "orders-get-broken",
    "tolerance-nulls-broken",
    "token-delete-disabled-removed",
    "page-size-larger",
)


def test_the_kit_detects_a_sample_of_the_generated_mutants() -> None:
    """One per family; ``make mutants`` runs all and checks that no clause is left."""
    assert set(SAMPLE) <= {mutant.name for mutant in MUTANTS}
    only = [part for name in SAMPLE for part in ("--only", name)]

    done = subprocess.run(
        [sys.executable, "-m", "tests.mutants", *only],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "4 of 4 mutants were detected" in done.stdout
