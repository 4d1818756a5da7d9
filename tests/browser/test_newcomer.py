"""What a newcomer does from README alone, in one go."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.browser.conftest import Person
from tests.cli.conftest import COMMAND
from tests.many.cluster import Receiver

from smartpay_fixtures import sandbox_values

README_PORT = "8585"


@pytest.fixture
def paste(person: Person, root: Path) -> Callable[[], str]:
    """Return what pastes README's first curl command; it returns the token."""
    text = (root / "README.md").read_text(encoding="utf-8")
    found = re.search(r"^curl .*?(?=^```)", text, re.MULTILINE | re.DOTALL)
    assert found
    person.key = sandbox_values().secret_key
    command = found[0].replace(README_PORT, person.root_url.rpartition(":")[2])

    def run() -> str:
        subprocess.run(["bash", "-c", command], capture_output=True, check=True)
        return str(re.findall(r"paytok_test_\w+", command)[0])

    return run


@pytest.fixture
def forwarded(person: Person) -> Iterator[Receiver]:
    """Return a program that gets webhooks from ``listen``."""
    running = Receiver()
    where = ["--url", person.root_url, "--forward-to", running.url]
    process = subprocess.Popen(
        [*COMMAND, "listen", *where], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    process.stdout.readline()  # it has added its endpoint
    yield running
    process.terminate()
    process.communicate(timeout=10)
    running.stop()


def test_from_the_first_command_to_a_webhook(
    person: Person, paste: Callable[[], str], forwarded: Receiver
) -> None:
    """See the order, decline it, approve a token, charge, capture, refund."""
    token = paste()
    person.open("/")
    person.wait_for("succeeded", "tbody")
    person.open("customers")
    person.press(f"#{token} form:nth-child(3) button")
    paste()
    person.open("orders")
    person.wait_for("rejected", "tbody tr:first-child")

    new_token = approve_token(person)
    order = person.order(token=new_token, captureMethod="manual")
    person.open(f"orders/{order['id']}")
    person.press("[value=capture]")
    person.press("[value=refund]")

    forwarded.wait_for(9)
    person.open("webhooks")
    person.wait_for("delivered", "#deliveries tr:first-child")


def approve_token(person: Person) -> str:
    """Create a checkout session for a token, and approve it on its page."""
    ui = f"{person.root_url}/__admin/ui"
    body = {"mode": "token", "customerInfo": {}, "successUrl": ui, "cancelUrl": ui}
    session = person.call("POST", "/v1/checkout-sessions", body)
    person.open(session["url"].removeprefix(person.root_url))
    person.press("[value=approve]")
    return str(session["token"]["id"])
