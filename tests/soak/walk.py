"""Lives of accounts, each step of which agrees with an independent small model."""

from __future__ import annotations

import traceback

from tests.mock_server.account import Account
from tests.mock_server.test_state_machine import STEPS, Life, live
from tests.soak.figures import Figures, for_seconds
from tests.soak.kills import state_of

from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store


def walk(state: str, seconds: float) -> Figures:
    """Live one life after the other.

    Args:
        state: URL of the store; ``sqlite`` and ``postgresql`` make one.
        seconds: For how long.
    """
    figures = Figures.of("disagreements", lives=0, steps=0)
    with state_of(state) as url, open_store(url) as store:
        Life.app = create_app(Settings(), store=store)
        Life.account = Account
        for _ in for_seconds(seconds):
            try:
                # The first lives are those of the tests.
                live(Life, 1_000 + figures.done["lives"])
            except AssertionError:
                figures.fail("disagreements", traceback.format_exc())
            figures.done["lives"] += 1
            figures.done["steps"] += STEPS
    return figures
