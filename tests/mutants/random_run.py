"""Run the contract kit against random mutants, each in a process of its own."""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any

import click
import pytest
from tests.mutants.changes import ROOT, Change, all_changes, sample

EQUIVALENT: dict[str, str] = json.loads(
    Path(__file__).with_name("equivalent.json").read_text(encoding="utf-8")
)
"""Changes that no caller of the API can see: name to reason."""

TIME_LIMIT_S = 600.0
"""Per mutant, which counts as detected then. The kit takes 15 s, and longer if busy."""

_PACKAGE = "smartpay_mock"
_SURVIVED = 0


class _Changed(SourceFileLoader):
    """Imports one module of the emulator from changed source."""

    def __init__(self, change: Change) -> None:
        self._source = change.source
        super().__init__("", str(ROOT / change.file))

    def find_spec(
        self, name: str, path: Any = None, _: Any = None
    ) -> ModuleSpec | None:
        """Return the spec of the changed module, ``None`` for others."""
        spec = PathFinder.find_spec(name, path)
        if spec is None or spec.origin != self.path:
            return None
        self.name, spec.loader = name, self
        return spec

    def get_code(self, fullname: str) -> CodeType:
        """Return the changed code."""
        del fullname
        return compile(self._source, self.path, "exec")


def run_random(count: int, seed: int, jobs: int) -> int:
    """Run the kit against random mutants and print the survivors.

    Args:
        count: How many mutants.
        seed: Chooses them.
        jobs: Mutants to run in parallel.

    Returns:
        The exit code: 1 if a mutant survived that is not in ``EQUIVALENT``.
    """
    known = all_changes()
    chosen = sample(known, count, seed)
    started = time.monotonic()
    survivors, left = 0, 0
    with tempfile.TemporaryDirectory(prefix="smartpay-mutants-") as folder:
        for change, is_detected in outcomes(chosen, jobs, folder):
            survivors += not is_detected
            if not is_detected and change.name not in EQUIVALENT:
                left += 1
                click.echo(f"Survived: {change.name}")
    minutes = (time.monotonic() - started) / 60
    click.echo(
        f"{len(chosen)} of {len(known)} changes (seed {seed}) in {minutes:.0f} min: "
        f"{len(chosen) - survivors} detected, {survivors - left} equivalent, "
        f"{left} survived."
    )
    return 1 if left else 0


def outcomes(
    chosen: Sequence[Change], jobs: int, folder: str
) -> Iterator[tuple[Change, bool]]:
    """Return each change, and whether the kit detected it, one after the other.

    Args:
        chosen: The changes.
        jobs: Mutants to run in parallel.
        folder: An empty folder, in which pytest starts.
    """
    with ThreadPoolExecutor(jobs) as pool:
        yield from zip(
            chosen, pool.map(partial(_is_detected, folder), chosen), strict=True
        )


def _is_detected(folder: str, change: Change) -> bool:
    """Run the kit in a process of its own; one that hangs has detected the change."""
    process = multiprocessing.get_context("fork").Process(
        target=_run, args=(change, folder)
    )
    process.start()
    process.join(TIME_LIMIT_S)
    process.kill()
    process.join()
    return process.exitcode != _SURVIVED


def _run(change: Change, folder: str) -> None:
    """Exit with 0 if the whole kit passes on the changed emulator."""
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    os.chdir(folder)  # pytest reads configuration where it starts
    for name in [name for name in sys.modules if name.startswith(_PACKAGE)]:
        del sys.modules[name]
    sys.meta_path.insert(0, _Changed(change))
    code = 1
    try:
        code = int(_kit())
    finally:
        os._exit(code)  # threads of a broken emulator may never end


def _kit() -> int:
    from smartpay_mock.kernel.settings import Settings  # noqa: PLC0415 - the changed one
    from smartpay_mock.server import Sandbox  # noqa: PLC0415 - the changed one

    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    with Sandbox(Settings(port=0)) as sandbox:
        return pytest.main(
            [
                *("-x", "-q", "-c", os.devnull, "-p", "no:cacheprovider"),
                *("-p", "smartpay_contracts.entry", "--pyargs", "smartpay_contracts"),
                f"--smartpay-url={sandbox.url}",
            ]
        )
