"""Ids are drawn from the system many at a time, and still no two are the same."""

from __future__ import annotations

import os
import subprocess
import sys
import threading

import pytest

from smartpay_mock.kernel.ids import Ids


def test_ids_that_threads_draw_at_the_same_time_all_differ() -> None:
    """Eight threads, across many draws from the system."""
    drawn: list[list[str]] = [[] for _ in range(8)]

    def draw(mine: list[str]) -> None:
        ids = Ids()
        mine.extend(ids.new("order") for _ in range(1_000))

    threads = [threading.Thread(target=draw, args=(mine,)) for mine in drawn]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    every = [id_ for mine in drawn for id_ in mine]
    assert len(set(every)) == len(every) == 8_000


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_process_does_not_give_its_parents_ids_again() -> None:
    """What was drawn ahead before the fork belongs to the parent alone."""
    program = (
        "import os\n"
        "from smartpay_mock.kernel.ids import Ids\n"
        "Ids().new('order')\n"
        "pid = os.fork()\n"
        "os.write(1, (Ids().new('order') + ' ').encode())\n"
        "pid and os.waitpid(pid, 0)\n"
    )

    outcome = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )

    ids = outcome.stdout.split()
    assert len(set(ids)) == len(ids) == 2
