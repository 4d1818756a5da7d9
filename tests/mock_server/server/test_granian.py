"""The fast server: granian in processes of its own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from smartpay_fixtures import order_payload
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.settings import Settings, load_settings
from smartpay_mock.server import Server
from smartpay_mock.server.granian import claim, serve_granian, to_environment

DEADLINE_SECONDS = 20.0
KEY = {"Authorization": "Basic sk_test_granianHost"}
PROGRAM = """
import sys
from smartpay_mock.kernel.settings import load_settings
from smartpay_mock.server.granian import serve_granian
serve_granian(load_settings(), on_ready=lambda url: print(url, flush=True))
print("served", flush=True)
"""


@contextmanager
def served(settings: Settings) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Serve in another process for the time of a block; yield its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM],
        env=to_environment(settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield process.stdout.readline().strip(), process
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_SECONDS)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_orders_until_a_signal_stops_it(number: signal.Signals) -> None:
    """Ready when it says so, gone without an error when asked to go."""
    with served(Settings(port=0, server="granian")) as (url, process):
        answer = requests.post(
            f"{url}/v1/orders",
            json=order_payload(),
            headers=KEY,
            timeout=DEADLINE_SECONDS,
        )
        process.send_signal(number)
        out, err = process.communicate(timeout=DEADLINE_SECONDS)

    assert answer.json()["status"] == "succeeded"
    assert (process.returncode, out, err) == (0, "served\n", "")


def test_workers_end_when_the_process_that_started_them_is_killed() -> None:
    """No orphan keeps the port."""
    with served(Settings(port=0)) as (url, process):
        process.kill()
        # The workers hold the other end of the pipe: it ends when they do.
        process.communicate(timeout=DEADLINE_SECONDS)

        with pytest.raises(requests.ConnectionError):
            requests.get(url, timeout=DEADLINE_SECONDS)


def test_several_workers_share_one_file(tmp_path: Path) -> None:
    """What one process wrote, the others read."""
    state = f"sqlite:///{tmp_path / 'state.db'}"
    with served(Settings(port=0, workers=2, state=state)) as (url, _):
        made = [
            requests.post(
                f"{url}/v1/orders",
                json=order_payload(),
                headers=KEY,
                timeout=DEADLINE_SECONDS,
            ).json()["id"]
            for _ in range(4)
        ]
        listed = [
            requests.get(f"{url}/v1/orders", headers=KEY, timeout=DEADLINE_SECONDS)
            for _ in range(4)
        ]

    newest_first = made[::-1]
    assert [[one["id"] for one in page.json()["data"]] for page in listed] == [
        newest_first
    ] * 4


def test_a_transport_fault_is_refused_when_it_is_planned() -> None:
    """There is no raw socket here; the message names the server that has one."""
    with served(Settings(port=0, server="granian")) as (url, _):
        planned = requests.post(
            f"{url}/__admin/faults",
            json={"operation": "create_order", "kind": "reset"},
            headers=KEY,
            timeout=DEADLINE_SECONDS,
        )
        answer = requests.post(
            f"{url}/v1/orders",
            json=order_payload(),
            headers=KEY,
            timeout=DEADLINE_SECONDS,
        )

    assert planned.status_code == 400
    assert "--server threads" in planned.text
    assert answer.status_code == 200


def test_settings_survive_the_way_through_the_environment() -> None:
    """Every kind of value is read back as it was."""
    settings = Settings(
        port=0,
        workers=2,
        state="sqlite:///x.db",
        accounts=("sk_test_a", "sk_test_b"),
        strict=True,
        seed=7,
    )

    assert load_settings(to_environment(settings)) == settings
    assert load_settings(to_environment(Settings())) == Settings()


def test_a_port_in_use_is_noticed_although_workers_share_ports(
    server: Server,
) -> None:
    """Two emulators on one port would each get some of the requests."""
    with pytest.raises(SandboxUsageError, match="--port 0"):
        claim("127.0.0.1", server.port)


def test_without_the_extra_the_message_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """``granian`` is needed for the fast server only."""
    monkeypatch.setitem(sys.modules, "granian", None)

    with pytest.raises(SandboxUsageError, match=r"smartpay-sandbox\[fast\]"):
        serve_granian(Settings(port=0))
