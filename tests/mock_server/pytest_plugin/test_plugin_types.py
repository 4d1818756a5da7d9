"""Types that a user's editor and mypy --strict see."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

TYPED = Path(__file__).parent / "typed_user_file" / "test_typed_checkout.py"

MISTAKES = """\
from smartpay_mock.testing import Smartpay

def test_mistakes(smartpay: Smartpay) -> None:
    smartpay.faults.add("create_order", "resett")
    smartpay.faults.add("create_order", "reset", when="afterwards")
    smartpay.hold("create_order", at="commit")
    smartpay.tokens.aproved
    smartpay.clock.advance(weeks=1)
    smartpay.requests[0].staus
    number: int = smartpay.secret_key
    with smartpay.webhooks.receive() as inbox:
        inbox.events[0].kind
"""


def test_mypy_accepts_a_users_file_and_finds_mistakes(tmp_path: Path) -> None:
    """Mypy needs no configuration, and reports an error for each mistake."""
    wrong = tmp_path / "test_mistakes.py"
    wrong.write_text(MISTAKES)

    outcome = subprocess.run(
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file="),
            *("--cache-dir", str(tmp_path / "cache"), str(TYPED), str(wrong)),
        ],
        check=False,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )

    lines = outcome.stdout.splitlines()
    found = [line for line in lines if re.match(r"\S+:\d+: error:", line)]
    places = {int(line.split(":")[1]) for line in found}
    assert {line.split(":")[0] for line in found} == {"test_mistakes.py"}, lines
    assert places == set(range(4, 11)) | {12}, lines
