"""Processes are killed (SIGKILL) under load, and nothing that was answered is lost.

A client whose call gets no answer repeats it with the same key, as a client should.
In the end each answered order is there whole, and there is one order for each key.
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from http.client import HTTPException
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psycopg
from tests.many.cluster import DEADLINE_S, Client, Cluster, Response
from tests.soak.figures import Figures, for_seconds

from postgresql import crash, installed_server, running
from smartpay_mock.kernel.ids import new_secret_key

LOST, HALF, DOUBLE, SERVER_ERROR = "lost", "half made", "doubles", "5xx"
UNANSWERED = "never answered"
CLIENTS, ACCOUNTS = 12, 6
REPEATED = 0.1
"""Share of the answered calls that are repeated with their key."""

PAUSE_S = 0.02
EVENTS_OF_AN_ORDER = ("order.authorized", "payment.created")
WORKERS = 2

Kill = Callable[[Cluster, Random], bool]


class Caller:
    """A merchant that repeats a call with its key at another host, until one answers.

    Attributes:
        key: The secret key.
        repeated: How many calls got no answer.
    """

    def __init__(self, cluster: Cluster, key: str, place: int) -> None:
        self.key = key
        self.repeated = 0
        self._cluster = cluster
        self._place = place
        self._client: Client | None = None
        self._pause = threading.Event()

    def charge(self, name: str, *, may_be_away: bool) -> Response | None:
        """Return the answer to a charge; ``None`` if there is none in a minute.

        Args:
            name: The idempotency key.
            may_be_away: Whether 503 counts as no answer.
        """
        end = time.monotonic() + DEADLINE_S
        while time.monotonic() < end:
            with suppress(OSError, HTTPException):
                self._client = self._client or self._cluster.client(
                    self._place, self.key
                )
                reply = self._client.order(idem=name)
                if reply.status != 503 or not may_be_away:
                    return reply
            self.close()
            self._place += 1
            self.repeated += 1
            self._pause.wait(PAUSE_S)
        return None

    def close(self) -> None:
        """Close the connection; the next call opens another one."""
        if self._client is not None:
            self._client.close()
        self._client = None


class Load:
    """Clients that charge until they are stopped.

    Attributes:
        figures: What they counted.
        answered: The body of each answer, by account and key.
    """

    def __init__(self, cluster: Cluster, *, may_be_away: bool) -> None:
        self.figures = Figures.of(
            LOST, HALF, DOUBLE, UNANSWERED, SERVER_ERROR, kills=0, orders=0
        )
        self.answered: dict[tuple[str, str], bytes] = {}
        self._cluster = cluster
        self._may_be_away = may_be_away
        self._keys = [new_secret_key() for _ in range(ACCOUNTS)]
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._charge_on, args=(number,), name=f"c{number}")
            for number in range(CLIENTS)
        ]

    def run(self, seconds: float, kill: Kill, schedule_s: tuple[float, float]) -> None:
        """Charge for so long, and kill something again and again."""
        random = Random(1)  # noqa: S311 - repeatable on purpose
        for thread in self._threads:
            thread.start()
        done, most = self.figures.done, time.monotonic() + seconds + DEADLINE_S
        try:
            for _ in for_seconds(seconds):
                # A process that starts cannot be killed yet.
                while time.monotonic() < most:
                    self._stop.wait(random.uniform(*schedule_s))
                    if kill(self._cluster, random):
                        done["kills"] += 1
                        break
        finally:
            self._stop.set()
            for thread in self._threads:
                thread.join()
        self._check()

    def _charge_on(self, number: int) -> None:
        """Charge with one key after the other, some of them twice."""
        random = Random(number)  # noqa: S311 - repeatable on purpose
        caller = Caller(self._cluster, self._keys[number % ACCOUNTS], number)
        for charge in itertools.count():
            if self._stop.is_set():
                break
            for _ in range(1 + (random.random() < REPEATED)):
                self._note(caller, f"{number}-{charge}")
        caller.close()
        with self._lock:
            self.figures.done["repeated calls"] += caller.repeated

    def _note(self, caller: Caller, name: str) -> None:
        """Charge, and compare the answer with the first one of this key."""
        reply = caller.charge(name, may_be_away=self._may_be_away)
        with self._lock:
            if reply is None:
                self.figures.fail(UNANSWERED, name)
            elif reply.status != 200:
                self.figures.fail(SERVER_ERROR, (reply.status, reply.body))
            elif self.answered.setdefault((caller.key, name), reply.body) != reply.body:
                self.figures.fail(DOUBLE, (name, reply.body))

    def _check(self) -> None:
        """Compare what was answered with what is in the store."""
        self.figures.done["orders"] = len(self.answered)
        for account in self._keys:
            self._check_account(account)

    def _check_account(self, account: str) -> None:
        found = {
            kind: self._cluster.documents(kind, account)
            for kind in ("order", "payment", "event", "idempotency")
        }
        answered = {
            json.loads(body)["id"]
            for (owner, _), body in self.answered.items()
            if owner == account
        }
        made = {order["id"] for order in found["order"]}
        paid = {each["id"]: each["order"] for each in found["payment"]}
        kept = found["idempotency"]
        changes = Counter(
            (paid.get(about, about), type_)
            for event in found["event"]
            for _, type_, about in event["notes"]
        )
        self.figures.fail_each(LOST, answered - made)
        # Every key was answered in the end, so each further order is a second one.
        self.figures.fail_each(DOUBLE, made - answered)
        if not len(kept) == len(paid) == len(made):
            self.figures.fail(HALF, (len(made), len(paid), len(kept)))
        for order in made:
            events = [changes[order, kind] for kind in EVENTS_OF_AN_ORDER]
            if events != [1, 1]:
                self.figures.fail(HALF, (order, events))


def kill_host(cluster: Cluster, random: Random) -> bool:
    """Kill one ``serve`` of several, and start another one in its place."""
    place = random.randrange(len(cluster.hosts))
    victim = cluster.hosts[place]
    victim.kill()
    victim.stop()
    cluster.hosts[place] = cluster.start()
    return cluster.hosts[place].port > 0


def kill_worker(cluster: Cluster, _: Random) -> bool:
    """Kill a process of granian, which its parent replaces."""
    oldest = children_of(cluster.hosts[0].process.pid)[-WORKERS:][0]
    os.kill(oldest, signal.SIGKILL)
    return True


def children_of(pid: int) -> list[int]:
    """Return the processes a process started, in the order it did."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return [int(child) for child in listed.read().split()]


def kill_backend(cluster: Cluster, random: Random) -> bool:
    """Kill the database's process of one connection; it then restarts them all."""
    query = (
        "SELECT pid FROM pg_stat_activity WHERE application_name = 'smartpay-sandbox'"
    )
    with (
        suppress(psycopg.OperationalError, ProcessLookupError),
        psycopg.connect(cluster.state.partition("&schema")[0]) as database,
    ):
        backends = [pid for (pid,) in database.execute(query)]
        if backends:
            os.kill(random.choice(backends), signal.SIGKILL)
            return True
    return False


def kill_database(cluster: Cluster, _: Random) -> bool:
    """Kill the database server and start it again."""
    crash(cluster.state)
    return True


@contextmanager
def state_of(state: str) -> Iterator[str]:
    """Yield the URL of a store; make one for ``sqlite`` and ``postgresql``."""
    if state == "sqlite":
        with TemporaryDirectory(prefix="soak-") as folder:
            yield f"sqlite:///{folder}/state.db"
    elif state == "postgresql":
        with running() as url:
            yield f"{url}&schema=soak"
    else:
        yield state


@contextmanager
def cluster_on(state: str, hosts: int, *arguments: str) -> Iterator[Cluster]:
    """Run a cluster.

    Args:
        state: URL of its store; ``sqlite`` and ``postgresql`` make one.
        hosts: How many share it.
        *arguments: Of each ``serve``.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="soak-")))
        cluster = Cluster(stack.enter_context(state_of(state)), folder)
        stack.callback(cluster.stop)
        for _ in range(hosts):
            cluster.add(*arguments)
        for host in cluster.hosts:
            assert host.port
        yield cluster


class Attack(NamedTuple):
    """What is killed, and where.

    Attributes:
        state: URL of the store; ``sqlite`` and ``postgresql`` make one.
        hosts: How many emulators share it.
        kill: Kills something; returns whether it did.
        arguments: Of each ``serve``.
        may_be_away: Whether 503 is expected meanwhile.
        schedule_s: Shortest and longest time from one kill to the next, in seconds.
    """

    state: str
    hosts: int
    kill: Kill
    arguments: tuple[str, ...] = ()
    may_be_away: bool = False
    # granian gives up when a process ends within 5.5 seconds of its start.
    schedule_s: tuple[float, float] = (0.3, 1.5)


ATTACKS = {
    "sqlite": Attack("sqlite", 3, kill_host),
    "granian": Attack(
        "sqlite", 1, kill_worker, ("--workers", str(WORKERS)), schedule_s=(3, 4)
    ),
    "postgresql": Attack("postgresql", 3, kill_host),
    "backends": Attack(
        "postgresql", 2, kill_backend, may_be_away=True, schedule_s=(1, 3)
    ),
    "database": Attack(
        "postgresql", 2, kill_database, may_be_away=True, schedule_s=(1, 3)
    ),
}


def kill_again_and_again(name: str, seconds: float) -> Figures:
    """Kill what one of ``ATTACKS`` names for so long, under load."""
    attack = ATTACKS[name]
    if attack.kill is kill_database and installed_server() is None:
        return Figures(skipped="no PostgreSQL server is installed")
    with cluster_on(attack.state, attack.hosts, *attack.arguments) as cluster:
        load = Load(cluster, may_be_away=attack.may_be_away)
        load.run(seconds, attack.kill, attack.schedule_s)
    return load.figures
