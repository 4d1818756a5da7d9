"""Reference clients, and the page with their grades."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from smartpay_mock.testing.grading import Evidence, Outcome
from smartpay_mock.testing.journal import RecordedRequest
from smartpay_mock.testing.local import LocalEmulator
from smartpay_mock.testing.session import SmartpayServer, settings_from

CLIENTS = Path(__file__).parent / "clients"
PAGE = Path(__file__).parents[3] / "docs" / "retry-report-card.md"

Table = Mapping[str, Mapping[str, str]]
Make = Callable[..., Evidence]


@pytest.fixture(scope="session")
def page() -> str:
    """Return the text of docs/retry-report-card.md."""
    return PAGE.read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def block(page: str) -> Callable[[str], str]:
    """Return a function for the part of the page between two comments."""

    def find(name: str) -> str:
        _, _, rest = page.partition(f"<!-- {name} -->\n")
        return rest.partition(f"<!-- /{name} -->")[0]

    return find


@pytest.fixture(scope="session")
def published(block: Callable[[str], str]) -> Table:
    """Return the published grades: client to scenario to cell."""
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in block("grades").splitlines()
    ]
    head, _, *body = rows
    return {
        client: {row[0]: row[column] for row in body}
        for column, client in enumerate(head)
        if column
    }


@pytest.fixture(scope="session")
def command_of() -> Callable[[str], list[str]]:
    """Return a function for the command of a reference client."""

    def find(client: str) -> list[str]:
        path = CLIENTS / f"{client.replace('-', '_')}.py"
        return [sys.executable, "-I", "-S", str(path)]

    return find


@pytest.fixture
def emulator() -> Iterator[LocalEmulator]:
    """Return an emulator of this test's own."""
    emulator = LocalEmulator(settings_from({}))

    yield emulator

    emulator.stop()


@pytest.fixture
def server_for(emulator: LocalEmulator) -> Callable[[str], SmartpayServer]:
    """Return a function for the server of one client."""
    _ = emulator.root_url
    return lambda salt: SmartpayServer(emulator, salt=salt)


@pytest.fixture(scope="session")
def evidence() -> Make:
    """Return a function that makes evidence, by default of a perfect client."""

    def make(
        *times: int,
        keys: tuple[str | None, ...] = (),
        bodies: tuple[str, ...] = (),
        charges: int = 1,
        outcome: Outcome = "success",
    ) -> Evidence:
        attempts = [
            _request(at, key, body)
            for at, key, body in zip(
                times,
                keys or ("key",) * len(times),
                bodies or ("{}",) * len(times),
                strict=True,
            )
        ]
        return Evidence(tuple(attempts), charges, outcome)

    return make


def _request(at: int, key: str | None, body: str) -> RecordedRequest:
    entry: dict[str, Any] = {
        "id": f"req_test_{at}",
        "at": at,
        "operation": "create_order",
        "method": "POST",
        "path": "/v1/orders",
        "query": {},
        "headers": {},
        "idempotencyKey": key,
        "body": body,
        "status": 503,
        "answer": "",
        "replayed": False,
        "trace": [],
        "advice": [],
        "faults": ["status on create_order before_commit, status=503"],
    }
    return RecordedRequest.of(entry)
