"""One attempt to deliver: what is sent, and what follows from the answer.

Nothing here reads or writes the store: a job comes in, a verdict goes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any

from smartpay_mock.events.adversary import Adversary
from smartpay_mock.events.deliveries import (
    BLOCKED,
    DELIVERED,
    DROPPED,
    FAILED,
    PENDING,
)
from smartpay_mock.events.destinations import (
    Destination,
    Destinations,
    UndeliverableError,
)
from smartpay_mock.events.schedule import TIMEOUT_MS, next_attempt_at
from smartpay_mock.events.sending import SEND_ERRORS, Post, Send, explain_failure
from smartpay_mock.events.signing import headers_for, sign

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Job:
    """A delivery that is due, with all it takes to attempt it.

    Attributes:
        account: Whose it is.
        delivery: Its document.
        body: The bytes to send.
        endpoint: The webhook endpoint as it is now, ``None`` when it was deleted.
        adversary: What goes wrong on purpose.
    """

    account: str
    delivery: Document
    body: bytes
    endpoint: Document | None
    adversary: Adversary


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an attempt came to.

    Attributes:
        changes: Members of the delivery and their new values.
        attempts: To be added to the delivery's attempts.
        is_told: Whether it counts as an outcome; a mere postponement does not.
    """

    changes: Document
    attempts: list[Document] = field(default_factory=list)
    is_told: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one delivery in one drain, for whoever asked for the drain.

    Attributes:
        delivery: Id of the delivery.
        event: Id of the event.
        type: Type of the event.
        endpoint: Id of the webhook endpoint.
        state: The delivery's state afterwards, a key of ``STATES``.
        attempts: What was sent now: one, more with duplicates, none when blocked.
        reason: Why nothing was or will be sent.
        next_attempt_at: When it is tried again, in milliseconds since the epoch.
    """

    delivery: str
    event: str
    type: str
    endpoint: str
    state: str
    attempts: tuple[Document, ...]
    reason: str | None
    next_attempt_at: int | None

    @classmethod
    def of(cls, delivery: Document, verdict: Verdict) -> Outcome:
        """Return the outcome of ``verdict`` for ``delivery`` as it is now kept."""
        return cls(
            delivery=delivery["id"],
            event=delivery["event"],
            type=delivery["type"],
            endpoint=delivery["endpoint"],
            state=delivery["state"],
            attempts=tuple(verdict.attempts),
            reason=delivery["reason"],
            next_attempt_at=delivery["nextAttemptAt"],
        )

    def to_document(self) -> Document:
        """Return the outcome in the terms of a delivery document."""
        return {
            "delivery": self.delivery,
            "event": self.event,
            "type": self.type,
            "endpoint": self.endpoint,
            "state": self.state,
            "attempts": list(self.attempts),
            "reason": self.reason,
            "nextAttemptAt": self.next_attempt_at,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts.

    Attributes:
        clock_of: Returns the time of an account, in milliseconds since the epoch.
        send: Sends one post and returns the HTTP status.
        destinations: Judges URLs.
        retry_after_ms: Pauses between attempts.
    """

    clock_of: Callable[[str], int]
    send: Send
    destinations: Destinations
    retry_after_ms: Sequence[int]

    def make(self, job: Job) -> Verdict:
        """Attempt a delivery, or say why not.

        The attempt happens at its due time when that lies ahead of the account's
        clock, as it does when a drain runs ahead.
        """
        at = max(self.clock_of(job.account), job.delivery["nextAttemptAt"])
        if job.endpoint is None:
            return _ended(DROPPED, reason="the webhook endpoint was deleted")
        if not job.endpoint.get("active", True):
            reason = "the webhook endpoint is not active; activate it and replay"
            return _ended(DROPPED, reason=reason)
        if job.adversary.delay_ms and job.delivery["_signedAt"] is None:
            later = {"nextAttemptAt": at + job.adversary.delay_ms, "_signedAt": at}
            return Verdict(later, is_told=False)
        try:
            destination = self.destinations.find(job.endpoint["url"])
        except UndeliverableError as error:
            return _ended(BLOCKED, reason=str(error), url=job.endpoint["url"])
        except OSError as error:
            failed = {"at": at, "error": f"no address: {error}", "ms": 0}
            return self._judge(job, [failed])
        return self._judge(job, self._send(job, job.endpoint, destination, at=at))

    def _send(
        self, job: Job, endpoint: Document, destination: Destination, *, at: int
    ) -> list[Document]:
        """Send one attempt, and its duplicates when it was acknowledged."""
        tries = job.delivery["_tries"]
        signed_at = job.delivery["_signedAt"] or at
        headers = headers_for(
            signature=_signature(job, endpoint, signed_at),
            timestamp_ms=signed_at,
            endpoint_id=endpoint["id"],
            event_id=job.delivery["event"],
        )
        post = Post(destination, headers, job.body, TIMEOUT_MS)
        tricks = _tricks(job.adversary, tries)
        attempts = [self._send_once(job.account, post, at=at, tricks=tricks)]
        if _is_acknowledged(attempts[0]):
            tricks = [*tricks, "duplicate"]
            attempts += [
                self._send_once(job.account, post, at=at, tricks=tricks)
                for _ in range(job.adversary.duplicate)
            ]
        return attempts

    def _send_once(
        self, account: str, post: Post, *, at: int, tricks: list[str]
    ) -> Document:
        started = self.clock_of(account)
        answer: Document
        try:
            answer = {"status": self.send(post)}
        except SEND_ERRORS as error:
            answer = {"error": explain_failure(error, post)}
        took = {"ms": self.clock_of(account) - started}
        return {"at": at, **answer, **took} | ({"adversary": tricks} if tricks else {})

    def _judge(self, job: Job, attempts: list[Document]) -> Verdict:
        tries = job.delivery["_tries"] + 1
        first = attempts[0]
        url = job.endpoint["url"] if job.endpoint else job.delivery["url"]
        if _is_acknowledged(first):
            verdict = _ended(DELIVERED, url=url)
        else:
            verdict = self._try_again(tries, at=first["at"], url=url)
        return replace(
            verdict, changes={**verdict.changes, "_tries": tries}, attempts=attempts
        )

    def _try_again(self, tries: int, *, at: int, url: str) -> Verdict:
        again = next_attempt_at(tries, at=at, retry_after_ms=self.retry_after_ms)
        if again is None:
            reason = f"{tries} attempts, none answered with 200; mend it and replay"
            return _ended(FAILED, reason=reason, url=url)
        changes = {"state": PENDING, "nextAttemptAt": again, "_signedAt": None}
        return Verdict({**changes, "url": url})


def _ended(state: str, *, reason: str | None = None, **changes: str) -> Verdict:
    ended = {"state": state, "reason": reason, "nextAttemptAt": None}
    return Verdict({**ended, "_signedAt": None, **changes})


def _is_acknowledged(attempt: Document) -> bool:
    """Return whether the receiver said 200, and nothing else.

    Source: docs:/reference/webhooks-overview.
    """
    return bool(attempt.get("status") == HTTPStatus.OK)


def _signature(job: Job, endpoint: Document, signed_at: int) -> str:
    secret = job.adversary.rotated_secret or endpoint["signingSecret"]
    signature = sign(secret, signed_at, job.body)
    if job.adversary.spoils_signature(job.delivery["_tries"]):
        # Every digit changed: still 64 hex digits, and never the right ones.
        return signature.translate(
            str.maketrans("0123456789abcdef", "123456789abcdef0")
        )
    return signature


def _tricks(adversary: Adversary, tries: int) -> list[str]:
    """Return the options that this attempt falls victim to, for the record."""
    played = {
        "bad_signature": adversary.spoils_signature(tries),
        "rotated_secret": adversary.rotated_secret is not None,
        "delay_ms": adversary.delay_ms > 0,
    }
    return [name for name, is_played in played.items() if is_played]
