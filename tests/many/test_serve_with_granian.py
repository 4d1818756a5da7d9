"""``serve`` with granian is as whole as with threads: files, lines, signals, HTTPS."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import pytest

COMMAND = [sys.executable, "-m", "smartpay_mock", "serve"]
DEADLINE_S = 60


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return what starts ``serve`` in an empty folder, on a free port."""
    running: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **environ: str) -> subprocess.Popen[str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("SMARTPAY_")}
        process = subprocess.Popen(
            [*COMMAND, "--port", "0", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**kept, **environ},
        )
        running.append(process)
        return process

    yield run
    for process in running:
        process.kill()
        process.communicate(timeout=DEADLINE_S)


Start = Callable[..., "subprocess.Popen[str]"]


def end(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Return the exit code and what was said, once it has ended."""
    out, err = process.communicate(timeout=DEADLINE_S)
    return process.returncode, out, err


def first_line(process: subprocess.Popen[str]) -> str:
    """Return the first line of what it says, when it says it."""
    assert process.stdout is not None
    return process.stdout.readline()


def test_several_workers_say_when_they_are_ready_and_end_well(
    start: Start, tmp_path: Path
) -> None:
    """``--workers`` chooses granian; the line of JSON is the only one."""
    process = start(
        *("--workers", "2", "--state", "sqlite:///state.db"),
        *("--json", "--port-file", "port"),
    )
    ready = json.loads(first_line(process))

    process.terminate()

    port = (tmp_path / "port").read_text().strip()
    assert ready == {
        "kind": "ready",
        "url": f"http://127.0.0.1:{port}/v1",
        "rootUrl": f"http://127.0.0.1:{port}",
    }
    assert end(process) == (0, "", "")
    files = {path.name for path in tmp_path.iterdir()}
    assert files == {"state.db", "port"}, "the log belongs into the file at the end"


def test_the_banner_names_the_processes_and_the_end(start: Start) -> None:
    """People see where state is, who shares it, and that it stopped."""
    process = start("--workers", "2", "--state", "sqlite:///state.db")
    banner = first_line(process)
    assert process.stdout is not None
    while "sqlite" not in banner:
        banner = process.stdout.readline()

    process.terminate()
    code, out, err = end(process)

    assert "sqlite:///state.db (2 processes of granian)" in banner
    assert (code, err) == (0, "")
    assert out.endswith("Stopped.\n")


def test_https_has_a_ca_that_a_client_can_trust(start: Start, tmp_path: Path) -> None:
    """The certificate is good for the address, and links are https."""
    process = start(*("--server", "granian", "--tls", "--ca-file", "ca.pem", "--json"))
    ready = json.loads(first_line(process))

    context = ssl.create_default_context(cafile=tmp_path / "ca.pem")
    port = int(ready["rootUrl"].rpartition(":")[2])
    with closing(
        HTTPSConnection("127.0.0.1", port, timeout=DEADLINE_S, context=context)
    ) as client:
        client.request("GET", "/__admin/health")
        status = client.getresponse().status

    assert status == 200
    assert ready["rootUrl"] == ready["tlsRootUrl"] == f"https://127.0.0.1:{port}"


def test_a_mutant_is_as_broken_with_granian(own_cluster: Any, key: str) -> None:
    """Every process serves the mutant, here one that ignores idempotency keys."""
    own_cluster.add("--workers", "2", "--mutant", "keys-ignored")

    with closing(own_cluster.client(0, key)) as client:
        ids = {client.order("same").json["id"] for _ in range(4)}

    assert len(ids) == 4


def test_a_hold_is_refused_where_other_processes_would_ignore_it(
    own_cluster: Any, key: str
) -> None:
    """The answer says how to serve so that holds work."""
    own_cluster.add("--workers", "2")

    with closing(own_cluster.client(0, key)) as client:
        reply = client("POST", "/__admin/holds", {"operation": "create_order"})

    assert reply.status == 400
    assert "--workers 1" in reply.json["detail"]


REMEDIES = {
    "--workers 2": "sqlite:///FILE or postgresql://",
    "--workers 2 --state sqlite://": "sqlite:///FILE or postgresql://",
    "--workers 2 --server threads --state sqlite:///s.db": "Use --server granian",
    "--server granian --tls --tls-port 9443": "Leave out --tls-port",
    "--server granian --ca-file ca.pem": "Add --tls",
    "--server granian --mutant no-such": "Known: ",
    "--server granian --state postgresql://u@127.0.0.1:1/x": "Check that the server",
    "--server granian --port-file no/port": "in a folder that exists",
}
"""What cannot be, and what is said of it."""


def test_what_cannot_be_is_refused_in_words(start: Start) -> None:
    """One line, no traceback, exit code 2, the remedy in it."""
    started = {flags: start(*flags.split()) for flags in REMEDIES}

    for flags, process in started.items():
        code, _, err = end(process)
        assert code == 2, flags
        assert REMEDIES[flags] in err, flags
        assert len(err.splitlines()) == 1, flags
