"""What a call reads comes with the round trip that opens its unit."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from smartpay_fixtures import order_payload
from smartpay_mock.app import create_app
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.storage import open_store, postgres_units

KEY = {"Authorization": "Basic sk_test_ahead"}
PAYLOAD = order_payload(seed=1, captureMethod="manual")
WITH_KEY = {**KEY, "Idempotency-Key": "used"}

Trips = list[Any]

_schemas = itertools.count(1)


@pytest.fixture
def client(postgresql_server: str) -> Iterator[FlaskClient]:
    """Return a client of an emulator on PostgreSQL whose account exists.

    Its store has learned from two calls what each unit asks.
    """
    with open_store(f"{postgresql_server}&schema=ahead_{next(_schemas)}") as store:
        made = create_app(Settings(), store=store).test_client()
        for _ in range(2):
            assert made.post("/v1/orders", json=PAYLOAD, headers=WITH_KEY).json
        yield made


@pytest.fixture
def trips(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Trips:
    """Return a list that grows by one with each round trip from now on."""
    made: Trips = []
    real = postgres_units.exchange

    def counted(*arguments: Any, **options: Any) -> Any:
        made.append(arguments[1])
        return real(*arguments, **options)

    monkeypatch.setattr(postgres_units, "exchange", counted)
    return made


def new_order(client: FlaskClient) -> str:
    """Return the id of an order that is authorized."""
    return str(client.post("/v1/orders", json=PAYLOAD, headers=KEY).get_json()["id"])


CALLS: dict[str, Callable[[FlaskClient, str], Any]] = {
    "charge": lambda client, _: client.post(
        "/v1/orders", json=PAYLOAD, headers={**KEY, "Idempotency-Key": "fresh"}
    ),
    "replay": lambda client, _: client.post(
        "/v1/orders", json=PAYLOAD, headers=WITH_KEY
    ),
    "capture": lambda client, order: client.post(
        "/v1/payments",
        json={"order": order, "amount": 1, "currency": "JPY"},
        headers={**KEY, "Idempotency-Key": "capture"},
    ),
    "cancel": lambda client, order: client.put(
        f"/v1/orders/{order}/cancellation", headers=KEY
    ),
    "retrieve": lambda client, order: client.get(f"/v1/orders/{order}", headers=KEY),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_call_needs_one_round_trip_to_begin_and_one_to_end(
    client: FlaskClient, trips: Trips, name: str
) -> None:
    """However many documents it reads and writes."""
    order = new_order(client)
    trips.clear()

    reply = CALLS[name](client, order)

    assert reply.status_code == 200, reply.data
    assert len(trips) == 2, [[text for text, _ in trip] for trip in trips]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"token": 5}', b'{"token": "\\u0000"}']
)
def test_a_body_that_tells_nothing_is_refused_as_ever(
    client: FlaskClient, body: bytes
) -> None:
    """Guessing what will be read never fails a call by itself."""
    reply = client.post(
        "/v1/orders", data=body, headers={**KEY, "Content-Type": "application/json"}
    )

    assert reply.status_code == 400
    assert reply.get_json()["errorCode"].startswith("request.")
