"""``serve --tls`` prints what a client needs to trust it."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import requests

from smartpay_fixtures import sandbox_values

Run = Callable[..., subprocess.CompletedProcess[str]]
Serve = Callable[..., Any]


def test_a_script_learns_where_https_is_and_whom_to_trust(
    serve: Serve, tmp_path: Path
) -> None:
    """The CA is in the file that was asked for when the ready line is printed."""
    ca_file = tmp_path / "ca.pem"
    served = serve("--json", "--tls", "--ca-file", str(ca_file))
    ready = json.loads(served.process.stdout.readline())

    answer = requests.get(
        f"{ready['tlsRootUrl']}/v1/tokens",
        headers={"Authorization": f"Basic {sandbox_values().secret_key}"},
        verify=str(ca_file),
        timeout=20,
    )

    assert answer.status_code == 200
    assert Path(ready["caPath"]).read_text().strip() == ca_file.read_text().strip()


def test_the_port_of_https_can_be_chosen(run: Run) -> None:
    """A port that somebody else has is asked for, and refused by name."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        done = run("serve", "--port", "0", "--tls", "--tls-port", port)

    assert done.returncode == 2
    assert f"port {port}" in done.stderr


def test_a_file_for_the_ca_needs_https(run: Run, tmp_path: Path) -> None:
    """Asking for a CA where there is none says what is missing."""
    done = run("serve", "--port", "0", "--ca-file", str(tmp_path / "ca.pem"))

    assert done.returncode == 2
    assert "Add --tls" in done.stderr
