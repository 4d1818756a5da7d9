"""What callers learn when the state cannot be reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store
from smartpay_mock.storage.base import StoreUnavailable
from smartpay_mock.storage.memory import MemoryStore
from smartpay_schemas import problems

KEY = {"Authorization": "Basic sk_test_away"}
REASON = "The database is away. Plug the cable in again."


class AwayStore(MemoryStore):
    """A store that counts who asks for it in vain."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def write(self, *_: Any, **__: Any) -> Any:
        """Fail."""
        self.asked += 1
        raise StoreUnavailable(REASON)

    read = write


@pytest.fixture
def store() -> AwayStore:
    """Return a store that is away."""
    return AwayStore()


@pytest.fixture
def client(store: AwayStore) -> FlaskClient:
    """Return a client of an emulator on it."""
    return create_app(Settings(), store=store).test_client()


def test_a_call_gets_503_with_the_remedy_after_one_attempt(
    client: FlaskClient, store: AwayStore
) -> None:
    """No journal is tried for it: that would wait as long once more."""
    reply = client.post("/v1/orders", json=order_payload(), headers=KEY)

    assert reply.status_code == 503
    assert problems("common/error", reply.get_json()) == []
    assert reply.get_json()["errorCode"] == "server.unavailable"
    assert REASON in reply.get_json()["message"]
    assert reply.headers["Retry-After"] == "1"
    assert reply.headers["Request-Id"].startswith("req_test_")
    assert store.asked == 1


def test_the_control_plane_says_the_same_in_its_own_form(client: FlaskClient) -> None:
    """A problem document, 503."""
    reply = client.get("/__admin/clock", headers=KEY)

    assert reply.status_code == 503
    assert reply.content_type == "application/problem+json"
    assert reply.get_json()["detail"] == REASON


def test_a_deleted_file_is_reported_by_every_call(tmp_path: Path) -> None:
    """503 from the API, the control plane and its readiness check."""
    path = tmp_path / "state.db"
    with open_store(f"sqlite:///{path}") as store:
        client = create_app(Settings(), store=store).test_client()
        assert client.get("/__admin/ready").status_code == 200
        path.unlink()

        charge = client.post("/v1/orders", json=order_payload(), headers=KEY)
        clock = client.get("/__admin/clock", headers=KEY)
        ready = client.get("/__admin/ready")

    assert charge.get_json()["errorCode"] == "server.unavailable"
    for reply in (charge, clock, ready):
        assert reply.status_code == 503
        assert "state.db was deleted or replaced" in reply.get_data(as_text=True)
