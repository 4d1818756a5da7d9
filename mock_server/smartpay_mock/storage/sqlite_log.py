"""The write-ahead log of an SQLite file, for two things SQLite leaves to be wished.

- *Waiting for the disk after the commit*, outside SQLite's lock, so that units of
  other threads and processes go on meanwhile and one wait serves many.
- *Taking turns by account*: SQLite locks the whole file, so a unit that held that lock
  from its first question on would keep every account waiting. Instead a unit locks a
  byte of the log that stands for its account, and SQLite's lock only while its writes
  go out.

The log is the same file for as long as any process has a connection open, and every
store has one. SQLite locks nothing in it, so closing our descriptor, which drops all
POSIX locks this process has on a file, drops none of SQLite's.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
from collections.abc import Callable
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    _SET_LOCK = None
else:
    # Locks that belong to an open file, not to a process: two stores in one process
    # are two, as they should be. Linux has them.
    _SET_LOCK = getattr(fcntl, "F_OFD_SETLK", None)

CAN_LOCK_ACCOUNTS = _SET_LOCK is not None
"""Whether accounts take turns; otherwise units wait for the whole file."""

_FIRST_BYTE = 1 << 60
"""Where the bytes that stand for accounts begin, far behind the log's end."""

STEP_S = 0.0001
SOON_S = 0.05
LONG_STEP_S = 0.002
"""How long to sleep between two tries, at first and after ``SOON_S``."""

_sync = getattr(os, "fdatasync", os.fsync)  # macOS and Windows have fsync only


class SqliteLog:
    """The log of one open store.

    Args:
        path: The database file; a connection to it is open and has read something.
        is_durable: Whether to wait for the disk.
    """

    def __init__(self, path: Path, *, is_durable: bool) -> None:
        flags = os.O_RDWR | getattr(os, "O_CLOEXEC", 0)
        self._descriptor = os.open(f"{path}-wal", flags)
        self._is_durable = is_durable
        self._syncing = threading.Lock()
        self._committed = self._synced = 0

    def committed(self) -> int:
        """Note a commit, under SQLite's lock; return its number."""
        self._committed += 1
        return self._committed

    def make_durable(self, number: int) -> None:
        """Wait until the commit ``number`` would survive a power cut.

        Raises:
            OSError: The disk failed.
        """
        if not self._is_durable:
            return
        with self._syncing:
            if self._synced >= number or self._descriptor < 0:
                return
            reached = self._committed
            _sync(self._descriptor)
            self._synced = reached

    def lock(self, account: str, *, seconds: float) -> bool:
        """Take an account's turn among processes; return whether that worked in time.

        The caller has its turn among the threads of this process.
        """
        return until(seconds, lambda: self._set(account, is_locked=True))

    def unlock(self, account: str) -> None:
        """Give the turn back."""
        self._set(account, is_locked=False)

    def close(self) -> None:
        """Close the log; locks that are held are given up."""
        with self._syncing:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1

    def _set(self, account: str, *, is_locked: bool) -> bool:
        if _SET_LOCK is None or self._descriptor < 0:
            return True
        digest = hashlib.blake2b(account.encode(), digest_size=7).digest()
        kind = fcntl.F_WRLCK if is_locked else fcntl.F_UNLCK
        start = _FIRST_BYTE + int.from_bytes(digest)
        # struct flock: type, whence, start, length, process (0 for this sort of lock)
        request = struct.pack("@hhqqi4x", kind, os.SEEK_SET, start, 1, 0)
        try:
            fcntl.fcntl(self._descriptor, _SET_LOCK, request)
        except BlockingIOError:
            return False
        return True


def until(seconds: float, has_worked: Callable[[], bool]) -> bool:
    """Try until it has worked or ``seconds`` are over; return whether it has.

    SQLite's own waiting starts at a millisecond and soon sleeps for a tenth of a
    second, while a unit lasts a tenth of a millisecond. Even steps give every process
    the same chance.
    """
    if has_worked():
        return True
    began = now = time.monotonic()
    while now < began + seconds:
        time.sleep(STEP_S if now < began + SOON_S else LONG_STEP_S)
        if has_worked():
            return True
        now = time.monotonic()
    return False
