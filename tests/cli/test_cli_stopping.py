"""Commands stop at a signal whenever it arrives."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROGRAM = """
import signal, threading
from smartpay_mock.cli.stopping import until_stopped

wait = until_stopped()

def interrupt():
    threads_have_started.wait()
    signal.pthread_kill(threading.get_ident(), signal.{signal})

threads_have_started = threading.Event()
threading.Thread(target=interrupt).start()
before = wait(0)
threads_have_started.set()
print(before, wait(-1), wait(0))
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_that_another_thread_takes_stops_a_command(name: str) -> None:
    """The main thread learns of it although nothing interrupts its wait."""
    program = PROGRAM.replace("{signal}", name)

    done = subprocess.run(
        [sys.executable, "-c", program],
        check=True,
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert done.stdout.split() == ["False", "True", "True"]
