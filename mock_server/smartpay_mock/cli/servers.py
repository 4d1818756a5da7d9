"""Which emulators run: ``serve`` records each in a file, and commands find it there."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from operator import attrgetter
from pathlib import Path
from urllib.parse import urlsplit

from smartpay_mock.kernel.clock import wall_ms

_TIMEOUT_S = 0.9  # commands say within a second that nothing answers


@dataclass(frozen=True, slots=True)
class RunningServer:
    """What a command needs to call a running emulator.

    Attributes:
        url: Scheme and authority.
        admin_token: Its admin token; empty on loopback.
        ca_file: The CA that signed its certificate; empty without HTTPS.
        started_at: When it was started, in milliseconds since the epoch.
    """

    url: str
    admin_token: str = ""
    ca_file: str = ""
    started_at: int = 0

    def answers(self) -> bool:
        """Return whether something listens at its address."""
        parts = urlsplit(self.url)
        address = (parts.hostname or "", parts.port or 0)
        try:
            socket.create_connection(address, _TIMEOUT_S).close()
        except OSError:
            return False
        return True


def folder() -> Path:
    """Return the folder of the records, below the user's folder for states."""
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", "~")).expanduser() / _FOLDER
    state = os.environ.get("XDG_STATE_HOME") or "~/.local/state"
    return Path(state).expanduser() / _FOLDER


_FOLDER = "smartpay-sandbox"


@contextmanager
def recorded() -> Iterator[Path]:
    """Yield the path for this process's record; remove the file at the end."""
    path = folder() / f"server-{os.getpid()}.json"
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def write(path: Path, server: RunningServer) -> None:
    """Write a record that only its user may read: it holds the admin token.

    An emulator that can't write one is served all the same; commands need ``--url``.
    """
    text = json.dumps({**asdict(server), "started_at": wall_ms()})
    with suppress(OSError, RuntimeError):  # RuntimeError: there is no home
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            path.unlink()
        with os.fdopen(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "w") as file:
            file.write(text)


def find_running() -> tuple[list[RunningServer], list[RunningServer]]:
    """Return the recorded emulators that answer, the last started first, and the rest.

    The records of the rest are removed: those emulators ended without doing so.
    """
    found: dict[str, RunningServer] = {}
    stale: dict[str, RunningServer] = {}
    for path in folder().glob("server-*.json"):
        try:
            server = RunningServer(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            continue  # removed meanwhile, or not written yet
        answers = server.answers()
        if not answers:
            with suppress(OSError):
                path.unlink()
        group = found if answers else stale
        known = group.setdefault(server.url, server)
        group[server.url] = max(known, server, key=attrgetter("started_at"))
    newest = sorted(found.values(), key=attrgetter("started_at"), reverse=True)
    return newest, [server for url, server in stale.items() if url not in found]
