"""A sandbox is the emulator behind a socket."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
import requests

from smartpay_fixtures import order_payload
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.server import Sandbox

DEADLINE_SECONDS = 10.0
KEY = {"Authorization": "Basic sk_test_sandboxHost"}
ORDER = order_payload()


def order(sandbox: Sandbox, **headers: str) -> requests.Response:
    """Return the answer to the creation of an order."""
    return requests.post(
        f"{sandbox.url}/orders",
        json=ORDER,
        headers={**KEY, **headers},
        timeout=DEADLINE_SECONDS,
    )


def orders(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Return the orders of the account."""
    answer = requests.get(
        f"{sandbox.url}/orders", headers=KEY, timeout=DEADLINE_SECONDS
    )
    listed: list[dict[str, Any]] = answer.json()["data"]
    return listed


def webhook_threads() -> list[str]:
    """Return the names of the threads that deliver webhooks."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("smartpay-webhooks")]


def test_the_guides_order_succeeds() -> None:
    """Two lines, and there is a payment provider."""
    with Sandbox() as sandbox:
        answer = order(sandbox)

    assert answer.status_code == 200
    assert answer.json()["status"] == "succeeded"
    assert sandbox.errors == []


def test_the_urls_are_what_clients_are_configured_with(probe: Any) -> None:
    """The root for tools, the root and version for clients of the API."""
    with Sandbox(app=probe) as sandbox:
        root = sandbox.root_url

        assert root.startswith("http://127.0.0.1:")
        assert sandbox.url == f"{root}/v1"


@pytest.mark.parametrize(
    ("length", "status"),
    [(1_048_576, 200), (1_048_577, 413), (3_000_000, 413)],
    ids=["at the limit", "a byte over it", "far over it"],
)
def test_the_limit_holds_for_a_body_of_no_announced_length(
    length: int, status: int
) -> None:
    """A chunked body over the limit is refused, not cut off and read."""
    body = json.dumps(ORDER).encode().ljust(length)
    chunks = (body[at : at + 60_000] for at in range(0, length, 60_000))

    with Sandbox() as sandbox:
        answer = requests.post(
            f"{sandbox.url}/orders",
            data=chunks,
            headers={**KEY, "Content-Type": "application/json"},
            timeout=DEADLINE_SECONDS,
        )
        made = orders(sandbox)

    assert answer.status_code == status
    assert len(made) == (status == 200)


def test_a_sandbox_that_does_not_run_has_no_url() -> None:
    """And says how to get one."""
    with pytest.raises(SandboxUsageError, match=r"start\(\)"):
        _ = Sandbox().url


def test_state_outlives_a_restart() -> None:
    """Stopping frees ports and threads; the state stays with the app."""
    sandbox = Sandbox()
    with sandbox:
        made = order(sandbox).json()["id"]

    with sandbox:
        found = [one["id"] for one in orders(sandbox)]

    assert found == [made]


def test_webhooks_are_delivered_while_the_sandbox_runs() -> None:
    """The serving process starts their worker, and ends it."""
    with Sandbox():
        during = webhook_threads()

    assert during
    assert webhook_threads() == []


def test_settings_reach_the_app() -> None:
    """A sandbox behaves as its settings say."""
    with Sandbox(Settings(accounts=("sk_test_other",))) as sandbox:
        answer = order(sandbox)

    assert answer.status_code == 401


def test_what_goes_wrong_in_the_app_is_collected(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """A 500 of ours is an exception in ``errors``, not noise on the terminal."""
    sandbox = Sandbox()

    @sandbox.app.get("/broken")  # type: ignore[untyped-decorator] # app is Any
    def _broken() -> str:
        raise ZeroDivisionError("ours")

    with sandbox:
        answer = requests.get(f"{sandbox.root_url}/broken", timeout=DEADLINE_SECONDS)

    assert answer.status_code == 500
    assert [str(error) for error in sandbox.errors] == ["ours"]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("when", "kept"), [("before_commit", 0), ("after_commit", 1)])
def test_a_reset_tells_the_client_nothing_and_the_store_the_truth(
    when: str, kept: int
) -> None:
    """With or without a charge before the fault, a retry with the key charges once."""
    with Sandbox() as sandbox:
        plan = {"operation": "create_order", "kind": "reset", "when": when}
        requests.post(
            f"{sandbox.root_url}/__admin/faults",
            json=plan,
            headers=KEY,
            timeout=DEADLINE_SECONDS,
        ).raise_for_status()

        with pytest.raises(requests.ConnectionError, match="Connection aborted"):
            order(sandbox, **{"Idempotency-Key": "order-1"})
        after_the_fault = len(orders(sandbox))
        retried = order(sandbox, **{"Idempotency-Key": "order-1"})

        assert after_the_fault == kept
        assert retried.status_code == 200
        assert len(orders(sandbox)) == 1
        assert ("Idempotency-Replayed" in retried.headers) == bool(kept)
        assert sandbox.errors == []
