"""Benchmarks run; what they measure is for people to read, never for tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def bench(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``bench/run.py``."""
    program = [sys.executable, str(root / "bench" / "run.py"), *arguments]
    return subprocess.run(
        program, capture_output=True, text=True, timeout=100, check=False
    )


def test_a_benchmark_prints_its_table_and_leaves_the_page_alone(root: Path) -> None:
    """``--no-keep`` leaves the page unchanged."""
    page = root / "docs" / "speed.md"
    before = page.read_bytes()

    outcome = bench(root, "growth", "--most", "1000", "--no-keep")

    assert outcome.returncode == 0, outcome.stderr
    assert "first page" in outcome.stdout
    assert "1,000" in outcome.stdout
    assert page.read_bytes() == before


def test_an_unknown_benchmark_is_refused_with_those_there_are(root: Path) -> None:
    """The message lists the benchmarks."""
    outcome = bench(root, "grow")

    assert outcome.returncode == 2
    assert "grow" in outcome.stderr
    assert "growth" in outcome.stderr
