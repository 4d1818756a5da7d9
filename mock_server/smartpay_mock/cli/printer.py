"""Prints in the background, so that printing never delays or changes an answer."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import Full, Queue

import click

_MOST_WAITING = 10_000
_CLOSE_SECONDS = 2.0


class Printer:
    """Prints text from a thread of its own, each time with a line end.

    Text is lost if its reader is gone, the disk is full or the stream is closed, and
    if more than 10,000 texts wait for a reader that is too slow.

    Args:
        write: Writes a text; to standard output if not given.
    """

    def __init__(self, write: Callable[[str], None] | None = None) -> None:
        self._write = write or write_to_stdout
        self._waiting: Queue[str | None] = Queue(_MOST_WAITING)
        self._lost = 0
        self._thread = threading.Thread(
            target=self._run, name="smartpay-printer", daemon=True
        )
        self._thread.start()

    def __call__(self, text: str) -> None:
        """Print a text soon; never raises or waits."""
        try:
            self._waiting.put_nowait(text + "\n")
        except Full:
            self._lost += 1

    def close(self) -> None:
        """Print what waits, for two seconds at most."""
        with suppress(Full):
            self._waiting.put(None, timeout=_CLOSE_SECONDS)
        self._thread.join(_CLOSE_SECONDS)

    def _run(self) -> None:
        while (text := self._waiting.get()) is not None:
            lost, self._lost = self._lost, 0
            if lost:
                text = f"({lost} calls were not printed: the reader is slow)\n{text}"
            with suppress(Exception):
                self._write(text)


def write_to_stdout(text: str) -> None:
    """Write to standard output at once, in colour only on a terminal.

    The descriptor is written to directly: a thread that waits in Python's buffer would
    keep the process from ending.

    Raises:
        OSError: The stream is closed or its reader is gone, or the disk is full.
    """
    try:
        number = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # closed, or replaced by a test
        click.echo(text, nl=False)
        return
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        text = click.unstyle(text)
    data = text.encode(sys.stdout.encoding, "backslashreplace")
    while data:
        data = data[os.write(number, data) :]
