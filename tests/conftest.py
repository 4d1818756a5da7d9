"""Fixtures of all tests: files, a check for threads that still run, a PostgreSQL."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import pytest

from postgresql import installed_server, running, running_installed

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_S = 2.0
"""How long a thread may take to end, in seconds."""

LASTING = ("smartpay-shared", "execnet", "ThreadPoolExecutor")
"""Prefixes of the names of threads that run as long as the process: the server that
the plugin shares, and those of pytest-xdist."""


def started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return the threads alive now that are neither in ``before`` nor lasting."""
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.name.startswith(LASTING)
    ]


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def tracked() -> list[Path]:
    """Return the files under version control that exist, relative to the root."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    names = [Path(name) for name in listing.stdout.split("\0") if name]
    return [name for name in names if (ROOT / name).is_file()]


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail the test that started a thread and did not end it."""
    before = set(threading.enumerate())

    yield

    left = started_since(before)
    for thread in left:
        thread.join(TIMEOUT_S)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, (
        f"threads are still running: {', '.join(alive)}; stop what started them"
    )


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Return the URL of a PostgreSQL that runs for this session; it ends in options.

    ``&schema=name`` appended to it selects a schema.
    """
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def postgresql_on() -> Callable[[str], AbstractContextManager[str]]:
    """Return what runs a PostgreSQL on an address too; its URL ends in options.

    Skips where none is installed: the one that comes as a package has no network.
    """
    programs = installed_server()
    if programs is None:
        pytest.skip("no PostgreSQL is installed (initdb), and this needs one on TCP")
    return partial(running_installed, programs)
