"""Delivery: send what is due, on the account's clock, until a 200.

An attempt has three steps. What is due is read in one unit, sent in none, and its
result is written in another: no unit is held while the network is waited for. A crash
between the last two sends again, so delivery is at least once.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from smartpay_mock.events.adversary import read_adversary
from smartpay_mock.events.attempts import Attempts, Job, Outcome, Verdict
from smartpay_mock.events.deliveries import (
    KIND,
    PENDING,
    replay_deliveries,
    replay_delivery,
    save_delivery,
)
from smartpay_mock.events.destinations import Destinations
from smartpay_mock.events.outbox import ENDPOINT_KIND
from smartpay_mock.events.schedule import RETRY_AFTER_MS
from smartpay_mock.events.sending import Send, send_post
from smartpay_mock.events.turns import PATIENCE_S, Turns, busy_error
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.codec import decode
from smartpay_mock.storage.base import Row, Store

# Later than any due time; fits a database's 64-bit column.
FOREVER = 1 << 53

# Among so many due deliveries an adversary that reorders looks for the youngest.
_REORDERED = 100


def _never() -> bool:
    return False


class Deliverer:
    """Delivers the webhooks of every account of a store.

    Args:
        store: Where events, endpoints and deliveries are.
        clock_of: Returns the time of an account, in milliseconds since the epoch.
        send: Makes one attempt; returns the HTTP status.
        anywhere: Whether addresses beyond this machine are allowed.
        holder: Names this process among those that share the store.
        retry_after_ms: Pauses between attempts.
        wall: The wall clock, for leases.
        destinations: Judges URLs; made from ``anywhere`` when not given.

    Attributes:
        attempts: Makes the attempts; an evil twin exchanges it.
    """

    def __init__(
        self,
        store: Store,
        *,
        clock_of: Callable[[str], int],
        holder: str,
        send: Send = send_post,
        anywhere: bool = False,
        retry_after_ms: Sequence[int] = RETRY_AFTER_MS,
        wall: Callable[[], int] = wall_ms,
        destinations: Destinations | None = None,
    ) -> None:
        self._store = store
        self._clock_of = clock_of
        self._turns = Turns(store, holder=holder, wall=wall)
        self.attempts = Attempts(
            clock_of=clock_of,
            send=send,
            destinations=destinations or Destinations(anywhere=anywhere, wall=wall),
            retry_after_ms=retry_after_ms,
        )

    def drain(
        self, account: str, *, until: int | None = None, patience_s: float = PATIENCE_S
    ) -> list[Outcome]:
        """Attempt all that is due, in the order it is due; never sleeps for a retry.

        Args:
            account: Whose deliveries.
            until: Also attempt what falls due until then, each at its own time, in
                milliseconds since the epoch. The account's clock does not move.
            patience_s: How long to wait, in seconds, while another worker delivers for
                this account.

        Returns:
            What became of each attempt, in the order they were made.

        Raises:
            SandboxUsageError: Another worker kept the account longer than that.
        """
        outcomes = self.drain_if_free(account, until=until, patience_s=patience_s)
        if outcomes is None:
            raise busy_error(account, patience_s)
        return outcomes

    def drain_if_free(
        self,
        account: str,
        *,
        until: int | None = None,
        patience_s: float = 0.0,
        should_stop: Callable[[], bool] = _never,
    ) -> list[Outcome] | None:
        """Do as ``drain``, but return ``None`` when another worker keeps the account.

        Args:
            account: As in ``drain``.
            until: As in ``drain``.
            patience_s: As in ``drain``.
            should_stop: Asked before each attempt; the rest is left for later.
        """
        with self._turns.take(account, patience_s=patience_s) as turn:
            if turn is None:
                return None
            now = self._clock_of(account)
            horizon = now if until is None else max(now, until)
            outcomes: list[Outcome] = []
            while not should_stop() and turn.is_held():
                job = self._claim(account, horizon)
                if job is None:
                    break
                verdict = self.attempts.make(job)
                kept = self._record(job, verdict)
                if verdict.is_told:
                    outcomes.append(Outcome.of(kept, verdict))
            return outcomes

    def is_due(self, account: str) -> bool:
        """Return whether anything of the account waits to be sent now."""
        due = self.next_due(account)
        return due is not None and due <= self._clock_of(account)

    def next_due(self, account: str) -> int | None:
        """Return when the account's next attempt is due, ``None`` when none is."""
        with self._store.read(account) as unit:
            return unit.next_due(KIND)

    def due_accounts(self) -> list[str]:
        """Return the accounts with any pending delivery, due or not yet."""
        return self._store.due_accounts(KIND, FOREVER)

    def replay(self, account: str, delivery_id: str) -> dict[str, Any]:
        """Have one delivery attempted again, due now; ``drain`` or a worker sends it.

        Raises:
            NotFoundError: The account has no such delivery.
        """
        now = self._clock_of(account)
        with self._store.write(account) as unit:
            return replay_delivery(unit, delivery_id, now=now)

    def replay_all(
        self, account: str, *, state: str | None = None
    ) -> list[dict[str, Any]]:
        """Have all deliveries, or those in one state, attempted again, due now.

        Raises:
            NotFoundError: There is no such state.
            SandboxUsageError: The account has no such delivery.
        """
        now = self._clock_of(account)
        with self._store.write(account) as unit:
            return replay_deliveries(unit, now=now, state=state)

    def _claim(self, account: str, horizon: int) -> Job | None:
        now = self._clock_of(account)
        with self._store.read(account) as unit:
            adversary = read_adversary(unit)
            limit = _REORDERED if adversary.reorder else 1
            rows = unit.due(KIND, until=horizon, limit=limit)
            if not rows:
                return None
            row = _youngest(rows, now=now)
            document = decode(row.body)
            endpoint = unit.get(ENDPOINT_KIND, document["endpoint"])
        return Job(
            account=account,
            delivery=document,
            body=row.attachment or b"",
            endpoint=None if endpoint is None else decode(endpoint),
            adversary=adversary,
        )

    def _record(self, job: Job, verdict: Verdict) -> dict[str, Any]:
        """Write what an attempt came to, and return the delivery as it is then.

        One that was forgotten meanwhile stays forgotten; one that was replayed keeps
        its place in the new run, and only learns of the attempt.
        """
        with self._store.write(job.account) as unit:
            row = unit.row(KIND, job.delivery["id"])
            if row is None:
                return job.delivery
            document: dict[str, Any] = decode(row.body)
            document["attempts"] += verdict.attempts
            is_same_run = document["_run"] == job.delivery["_run"]
            if is_same_run and document["state"] == PENDING:
                document.update(verdict.changes)
            save_delivery(unit, document, row.attachment or b"")
        return document


def _youngest(rows: list[Row], *, now: int) -> Row:
    """Return the last of the rows that are due as soon as the first one is."""
    horizon = max(now, rows[0].due or 0)
    return [row for row in rows if (row.due or 0) <= horizon][-1]
