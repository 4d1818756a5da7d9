"""``serve``: the banner works as printed, and signals end it."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests

from smartpay_fixtures import SAMPLES

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Any]


def test_the_curl_line_of_the_banner_works_as_printed(serve: Serve) -> None:
    """A person can paste it, from a banner of at most 12 lines."""
    served = serve()
    said = _read_until(served, "}'")
    *facts, command = said.splitlines()

    done = subprocess.run(
        ["bash", "-c", command], capture_output=True, text=True, timeout=20, check=True
    )

    assert json.loads(done.stdout)["status"] == "succeeded"
    assert f"Dashboard   {served.root_url}/__admin/ui" in facts
    assert len(facts) <= 11
    assert max(map(len, facts)) <= 80


def test_sigterm_ends_it_well(serve: Serve) -> None:
    """It stops with code 0 and frees its port."""
    served = serve()
    url = served.root_url

    said = served.stop()

    assert served.process.returncode == 0
    assert said.endswith("Stopped.\n")
    try:
        requests.get(f"{url}/health", timeout=5)
    except requests.ConnectionError:
        return
    raise AssertionError("the port still answers")


def test_a_ready_line_for_scripts_is_json(serve: Serve) -> None:
    """``--json`` prints one line with the URLs; without TLS it names no HTTPS."""
    served = serve("--json")

    said = json.loads(served.stop())

    url = served.root_url
    assert said == {"kind": "ready", "url": f"{url}/v1", "rootUrl": url}


def test_a_taken_port_is_said_in_one_line(run_here: Run, serve: Serve) -> None:
    """The second emulator on a port says what to do and exits with 2."""
    port = serve().root_url.rpartition(":")[2]

    done = run_here("serve", "--port", port)

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert port in done.stderr
    assert "--port 0" in done.stderr


def test_a_setting_that_cannot_be_used_is_named(run_here: Run) -> None:
    """The flag, or the variable, the value and what to send are in the message."""
    by_flag = run_here("serve", "--port", "many")
    by_variable = run_here("serve", SMARTPAY_SANDBOX_PORT="99999")

    assert by_flag.returncode == by_variable.returncode == 2
    assert "--port='many' is not valid" in by_flag.stderr
    assert "SMARTPAY_SANDBOX_PORT='99999' is not valid" in by_variable.stderr
    assert "send a whole number from 0 to 65535" in by_variable.stderr


def test_state_in_a_file_outlives_the_process(serve: Serve, tmp_path: Path) -> None:
    """An order made before a restart is there after it."""
    state = f"sqlite:///{tmp_path / 'state.db'}"
    key = {"Authorization": "Basic sk_test_restart"}
    first = serve("--state", state)
    order = requests.post(
        f"{first.root_url}/v1/orders",
        json=SAMPLES["guide/python"].payload,
        headers=key,
        timeout=10,
    ).json()
    first.stop()

    again = serve("--state", state)
    found = requests.get(
        f"{again.root_url}/v1/orders/{order['id']}", headers=key, timeout=10
    )

    assert found.json()["amount"] == order["amount"] > 0


def _read_until(served: Any, end: str) -> str:
    lines = []
    for line in served.process.stdout:
        lines.append(line)
        if line.rstrip().endswith(end):
            break
    return re.sub(r"\n\Z", "", "".join(lines))


BEYOND = ("--host", "127.1")
"""An address of loopback, in a spelling that could also be another machine's name."""


def test_json_contains_a_generated_admin_token(serve: Serve) -> None:
    """A program that starts the emulator can use the control plane."""
    served = serve(*BEYOND, "--json")
    ready = json.loads(served.process.stdout.readline())

    answer = requests.get(
        f"{served.root_url}/__admin/version",
        headers={"Authorization": f"Bearer {ready['adminToken']}"},
        timeout=5,
    )

    assert answer.status_code == 200


def test_json_leaves_out_a_token_that_the_user_set(serve: Serve) -> None:
    """The user has it; logs need not."""
    served = serve(*BEYOND, "--json", "--admin-token", "s3same")

    assert "adminToken" not in json.loads(served.process.stdout.readline())


def test_quiet_refuses_to_generate_a_token(run_here: Run) -> None:
    """Nobody could read it; the message says how to set one."""
    for flags in (["-q"], ["-q", "--json"]):
        done = run_here("serve", "--port", "0", *BEYOND, *flags)

        assert done.returncode == 2
        assert "--admin-token" in done.stderr


@pytest.mark.parametrize(
    ("flags", "way"), [((), "not to this"), (("--webhooks-loopback",), "also to this")]
)
def test_the_banner_says_whether_webhooks_reach_this_machine(
    serve: Serve, flags: tuple[str, ...], way: str
) -> None:
    """Beyond loopback they don't, unless the setting allows it."""
    served = serve(*BEYOND, *flags)

    said = _read_until(served, "loopback)")

    assert re.search(rf"Webhooks to +{way} machine", said)
    assert re.search(r"Admin token +\w{20,}", said)


@pytest.mark.parametrize("server", ["threads", "granian"])
def test_it_starts_with_a_scenario(serve: Serve, tmp_path: Path, server: str) -> None:
    """From a file, before it is ready; on each account of --accounts."""
    if server == "granian":
        pytest.importorskip("granian", reason="the extra 'fast' is not installed")
    body = {**SAMPLES["guide/curl"].payload, "reference": "first"}
    steps = [{"operation": "create_order", "body": body, "save": {"order": "id"}}]
    shop = tmp_path / "shop.json"
    shop.write_text(json.dumps({"steps": steps}), encoding="utf-8")

    served = serve(
        *("--server", server, "--accounts", "sk_test_one,sk_test_two"),
        *("--scenario", str(shop), "--state", f"sqlite:///{tmp_path / 'state.db'}"),
    )

    for key in ("sk_test_one", "sk_test_two"):
        orders = requests.get(
            f"{served.root_url}/v1/orders",
            headers={"Authorization": f"Bearer {key}"},
            timeout=5,
        ).json()["data"]
        assert [order["reference"] for order in orders] == ["first"]


@pytest.mark.parametrize(
    ("scenario", "content", "message"),
    [
        ("shp", None, "There is no scenario 'shp'"),
        ("shop.json", None, "Cannot read scenario"),
        ("shop.json", "{", "is not JSON"),
        ("shop.json", "[]", "is not an object"),
        ("shop.json", '{"steps": 1}', "steps: 1 is a number"),
        (
            "shop.json",
            '{"steps": [{"operation": "pay"}]}',
            "shop, step 1 (pay): There is no",
        ),
    ],
)
def test_a_scenario_that_cannot_run_stops_it(
    run: Run, tmp_path: Path, scenario: str, content: str | None, message: str
) -> None:
    """With code 2 and the reason."""
    if content is not None:
        (tmp_path / scenario).write_text(content, encoding="utf-8")

    done = run("serve", "--port", "0", "--scenario", scenario)

    assert done.returncode == 2
    assert message in done.stderr


def test_a_webhook_endpoint_exists_at_the_start(serve: Serve) -> None:
    """The program that starts it gets the secret, and each account the endpoint."""
    served = serve(
        *(
            "--webhook",
            "http://127.0.0.1:9/hook",
            "--events",
            "payout.paid,order.rejected",
        ),
        *("--webhook-secret", "B2345678", "--json"),
    )
    ready = json.loads(served.process.stdout.readline())

    [endpoint] = requests.get(
        f"{served.root_url}/v1/webhook-endpoints",
        headers={"Authorization": "Bearer sk_test_any"},
        timeout=5,
    ).json()["data"]

    assert ready["webhookSecret"] == endpoint["signingSecret"] == "B2345678"
    assert endpoint["eventSubscriptions"] == ["payout.paid", "order.rejected"]
