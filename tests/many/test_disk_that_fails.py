"""A full disk, a damaged file or lost tables: 503 with the reason, until it is well."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from tests.soak.limits import fill, small_disk

from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store

KEY = {"Authorization": "Basic sk_test_disk"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the database is."""
    return tmp_path / "state.db"


@pytest.fixture
def client(path: Path) -> Iterator[FlaskClient]:
    """Yield a client of an emulator whose file has an order."""
    with open_store(f"sqlite:///{path}") as store:
        client = create_app(Settings(), store=store).test_client()
        assert create_order(client).status_code == 200
        yield client


def create_order(client: FlaskClient) -> Any:
    """Return the answer to a new order."""
    return client.post("/v1/orders", json=order_payload(), headers=KEY)


def check_unavailable(client: FlaskClient, reason: str) -> None:
    """Check that API, control plane and readiness give the reason with 503."""
    replies = [
        create_order(client),
        client.put("/__admin/clock", json={"advance": "1s"}, headers=KEY),
        client.get("/__admin/ready"),
    ]
    assert replies[0].get_json()["errorCode"] == "server.unavailable"
    assert replies[0].headers["Retry-After"] == "1"
    for reply in (replies[0], replies[2]):
        assert reply.status_code == 503, reply.get_data(as_text=True)
        assert reason in reply.get_data(as_text=True)


def check_recovered(client: FlaskClient) -> None:
    """Check that the same emulator is ready and keeps orders."""
    assert client.get("/__admin/ready").status_code == 200
    assert create_order(client).status_code == 200


def damage_header(path: Path) -> None:
    """Overwrite the file's first page."""
    with path.open("r+b") as file:
        file.write(os.urandom(4_096))


def damage_all(path: Path) -> None:
    """Overwrite every page."""
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))


def cut_off(path: Path) -> None:
    """Leave the first bytes of the file."""
    os.truncate(path, 5_000)


@pytest.mark.parametrize("fail", [damage_header, damage_all, cut_off])
def test_a_file_that_is_damaged_and_restored(
    path: Path, client: FlaskClient, fail: Callable[[Path], None]
) -> None:
    """No restart is needed after the restore."""
    with sqlite3.connect(path) as other:
        other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        whole = sqlite3.connect(":memory:")
        other.backup(whole)
    other.close()

    fail(path)
    check_unavailable(client, "damaged")

    with path.open("r+b") as file:
        file.write(whole.serialize())
        file.truncate()
    path.with_name("state.db-wal").write_bytes(b"")
    check_recovered(client)


def test_tables_that_are_lost_and_restored(path: Path, client: FlaskClient) -> None:
    """Another program may do both."""
    other = sqlite3.connect(path)

    other.execute("ALTER TABLE documents RENAME TO away")
    check_unavailable(client, "lost its tables")

    other.execute("ALTER TABLE away RENAME TO documents")
    other.close()
    check_recovered(client)


def test_a_full_disk() -> None:
    """Reads succeed meanwhile, and writes as soon as there is space."""
    with ExitStack() as stack:
        disk = stack.enter_context(small_disk("1m"))
        if disk is None:
            pytest.skip("only a user who may mount a file system can run this")
        store = stack.enter_context(open_store(f"sqlite:///{disk}/state.db"))
        client = create_app(Settings(), store=store).test_client()
        order = create_order(client).get_json()["id"]
        ballast = fill(disk)
        for _ in range(50):
            if create_order(client).status_code != 200:
                break

        check_unavailable(client, "cannot grow. Free space on the disk")
        for route in (f"/v1/orders/{order}", "/v1/orders", "/v1/orders/order_test_no"):
            expected = 404 if route.endswith("no") else 200
            assert client.get(route, headers=KEY).status_code == expected
        new = {"Authorization": "Basic sk_test_new"}
        assert client.get("/v1/orders", headers=new).status_code == 503

        ballast.unlink()
        check_recovered(client)
