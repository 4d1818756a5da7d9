"""Emulators in separate processes that share one store, and their clients."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.many.cluster import Client, Cluster, Host, Receiver

from smartpay_mock.kernel.ids import new_secret_key

_schemas = itertools.count(1)


@pytest.fixture(scope="session")
def many(
    postgresql_server: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Cluster]:
    """Return four hosts on one PostgreSQL: two of threads, two of granian."""
    state = f"{postgresql_server}&schema=many_{next(_schemas)}"
    cluster = Cluster(state, tmp_path_factory.mktemp("many"))
    for server in ("threads", "granian", "threads", "granian"):
        cluster.add("--server", server)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Return two hosts on one SQLite file."""
    folder = tmp_path_factory.mktemp("pair")
    # What a power cut costs is tested elsewhere; here it would only cost time.
    cluster = Cluster(f"sqlite:///{folder / 'state.db'}?synchronous=normal", folder)
    cluster.add("--server", "threads")
    cluster.add("--server", "granian")
    yield cluster
    cluster.stop()


@pytest.fixture(params=["many", "pair"])
def cluster(request: pytest.FixtureRequest) -> Cluster:
    """Return four hosts on PostgreSQL, then two on an SQLite file."""
    found: Cluster = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def key() -> str:
    """Return the secret key of a fresh account."""
    return new_secret_key()


@pytest.fixture
def own_file_cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster on a durable SQLite file that has no host yet."""
    cluster = Cluster(f"sqlite:///{tmp_path / 'state.db'}", tmp_path)
    yield cluster
    cluster.stop()


@pytest.fixture
def own_cluster(postgresql_server: str, tmp_path: Path) -> Iterator[Cluster]:
    """Return a cluster on PostgreSQL that has no host yet."""
    cluster = Cluster(f"{postgresql_server}&schema=many_{next(_schemas)}", tmp_path)
    yield cluster
    cluster.stop()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Return a receiver of webhooks."""
    running = Receiver()
    yield running
    running.stop()


@pytest.fixture
def subscribed(receiver: Receiver) -> Callable[[Host, str], None]:
    """Return what sends all webhooks of an account to the receiver."""

    def subscribe(host: Host, key: str) -> None:
        body = {"url": receiver.url}
        with closing(Client(host, key)) as client:
            reply = client("POST", "/v1/webhook-endpoints", body)
        assert reply.status == 200, reply.body

    return subscribe
