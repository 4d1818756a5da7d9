"""``serve --tls`` prints what a client needs to trust it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import requests

from smartpay_fixtures import sandbox_values

SERVE = (sys.executable, "-m", "smartpay_mock", "serve", "--port", "0")
TIMEOUT_S = 20


@contextmanager
def served(*flags: str) -> Iterator[dict[str, str]]:
    """Run ``serve --json`` for the time of a block; give what it says when ready."""
    command = [*SERVE, "--json", *flags]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def test_a_script_learns_where_https_is_and_whom_to_trust(tmp_path: Path) -> None:
    """The CA is in the file that was asked for when the ready line is printed."""
    ca_file = tmp_path / "ca.pem"

    with served("--tls", "--ca-file", str(ca_file)) as ready:
        answer = requests.get(
            f"{ready['tlsRootUrl']}/v1/tokens",
            headers={"Authorization": f"Basic {sandbox_values().secret_key}"},
            verify=str(ca_file),
            timeout=TIMEOUT_S,
        )

        assert answer.status_code == 200
        assert Path(ready["caPath"]).read_text().strip() == ca_file.read_text().strip()


def test_without_tls_the_ready_line_names_no_https() -> None:
    """What is not served is not mentioned."""
    with served() as ready:
        assert set(ready) == {"url", "rootUrl"}


def test_the_port_of_https_can_be_chosen() -> None:
    """A port that somebody else has is asked for, and refused by name."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        outcome = subprocess.run(
            [*SERVE, "--tls", "--tls-port", str(port)],
            check=False,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )

    assert outcome.returncode == 2
    assert f"port {port}" in outcome.stderr


def test_a_file_for_the_ca_needs_https(tmp_path: Path) -> None:
    """Asking for a CA where there is none says what is missing."""
    outcome = subprocess.run(
        [*SERVE, "--ca-file", str(tmp_path / "ca.pem")],
        check=False,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
    )

    assert outcome.returncode == 2
    assert "Add --tls" in outcome.stderr
