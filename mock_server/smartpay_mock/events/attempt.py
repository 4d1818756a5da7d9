"""One attempt to deliver a webhook, and what its result changes.

Nothing here reads or writes the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, NamedTuple

from smartpay_mock.events.destinations import (
    Destination,
    Destinations,
    UndeliverableError,
)
from smartpay_mock.events.faults import KIND as FAULTS_MEMBER
from smartpay_mock.events.faults import WebhookFaults
from smartpay_mock.events.outbox import BLOCKED, DELIVERED, DROPPED, FAILED, PENDING
from smartpay_mock.events.schedule import TIMEOUT_MS
from smartpay_mock.events.sending import SEND_ERRORS, Post, Send, explain_failure
from smartpay_mock.events.signing import (
    EVENT_HEADER,
    SIGNATURE_HEADER,
    SUBSCRIPTION_HEADER,
    TIMESTAMP_HEADER,
    sign,
)
from smartpay_mock.kernel.clock import SECOND_MS

Document = dict[str, Any]


class Job(NamedTuple):
    """A due delivery with everything that an attempt needs.

    Attributes:
        account: The account.
        delivery: The delivery's document.
        body: The bytes to send.
        endpoint: The current webhook endpoint, ``None`` if it was deleted.
        faults: The account's webhook faults.
        retry_after_ms: The account's pauses between attempts; ``None`` for the
            emulator's.
        should_stop: Returns whether no further copy is to be sent.
    """

    account: str
    delivery: Document
    body: bytes
    endpoint: Document | None
    faults: WebhookFaults
    retry_after_ms: Sequence[int] | None = None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of an attempt.

    Attributes:
        changes: New values of the delivery's members.
        attempts: Records to append to the delivery's attempts.
        is_outcome: Whether a drain reports it; a delay is not reported.
    """

    changes: Document
    attempts: list[Document] = field(default_factory=list)
    is_outcome: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempts:
    """Makes attempts.

    Attributes:
        clock_of: Returns the time of an account, in milliseconds since the epoch.
        send: Sends one request and returns the HTTP status.
        destinations: Decides which URLs are allowed.
        retry_after_ms: Pauses between attempts.
    """

    clock_of: Callable[[str], int]
    send: Send
    destinations: Destinations
    retry_after_ms: Sequence[int]

    def make(self, job: Job) -> AttemptResult:
        """Make one attempt, unless the delivery is dropped, blocked or delayed.

        An attempt that is due later than the account's clock shows, as in a drain
        ahead of time, happens at its due time.
        """
        at = max(self.clock_of(job.account), job.delivery["nextAttemptAt"])
        endpoint = job.endpoint
        if endpoint is None:
            return AttemptResult(_next(DROPPED, "the webhook endpoint was deleted"))
        if not endpoint.get("active", True):
            reason = "the webhook endpoint is not active; activate it and replay"
            return AttemptResult(_next(DROPPED, reason))
        if job.faults.delay_ms and job.delivery["_signedAt"] is None:
            later = {"nextAttemptAt": at + job.faults.delay_ms, "_signedAt": at}
            return AttemptResult(later, is_outcome=False)
        url, started = {"url": endpoint["url"]}, time.monotonic()
        try:
            destination = self.destinations.find(endpoint["url"])
        except UndeliverableError as error:
            return AttemptResult(_next(BLOCKED, str(error)) | url)
        except OSError as error:
            attempts = [{"at": at, "error": f"no address: {error}", "ms": 0}]
        else:
            spent_ms = int((time.monotonic() - started) * SECOND_MS)
            attempts = self._send(job, endpoint, destination, at=at, spent_ms=spent_ms)
        tries = job.delivery["_tries"] + 1
        changes = self._after(job, tries, attempts[0]) | url | {"_tries": tries}
        return AttemptResult(changes, attempts)

    def _send(
        self,
        job: Job,
        endpoint: Document,
        destination: Destination,
        *,
        at: int,
        spent_ms: int,
    ) -> list[Document]:
        """Send one attempt, and its duplicates if it was acknowledged."""
        signed_at = job.delivery["_signedAt"] or at
        headers = {
            "Content-Type": "application/json",
            SIGNATURE_HEADER: _signature(job, endpoint, signed_at),
            TIMESTAMP_HEADER: str(signed_at),
            SUBSCRIPTION_HEADER: endpoint["id"],
            EVENT_HEADER: job.delivery["event"],
        }
        post = Post(destination, headers, job.body, TIMEOUT_MS, spent_ms)
        faults = job.faults.of_attempt(job.delivery["_tries"])
        attempts = [self._send_once(job.account, post, at=at, faults=faults)]
        if _is_acknowledged(attempts[0]):
            faults = [*faults, "duplicate"]
            for _ in range(job.faults.duplicate):
                if job.should_stop():
                    break
                attempts.append(
                    self._send_once(job.account, post, at=at, faults=faults)
                )
        return attempts

    def _send_once(
        self, account: str, post: Post, *, at: int, faults: list[str]
    ) -> Document:
        started = self.clock_of(account)
        post.answer.clear()
        answer: Document
        try:
            answer = {"status": self.send(post)}
        except SEND_ERRORS as error:
            answer = {"error": explain_failure(error, post)}
        answer["ms"] = self.clock_of(account) - started
        answer["signature"] = post.headers[SIGNATURE_HEADER]
        if post.answer:
            answer["answer"] = post.answer.decode("utf-8", "replace")
        return {"at": at, **answer, **({FAULTS_MEMBER: faults} if faults else {})}

    def _after(self, job: Job, tries: int, attempt: Document) -> Document:
        """Return what the last of ``tries`` attempts changes in the delivery."""
        if _is_acknowledged(attempt):
            return _next(DELIVERED)
        pauses = job.retry_after_ms
        if pauses is None:
            pauses = self.retry_after_ms
        if tries <= len(pauses):
            return _next(PENDING, due=attempt["at"] + pauses[tries - 1])
        reason = f"none of {tries} attempts was answered with 200"
        return _next(FAILED, f"{reason}; fix the receiver and replay")


def _next(state: str, reason: str | None = None, *, due: int | None = None) -> Document:
    return {"state": state, "reason": reason, "nextAttemptAt": due, "_signedAt": None}


def _is_acknowledged(attempt: Document) -> bool:
    """Return whether the receiver answered exactly 200.

    Source: docs:/reference/webhooks-overview.
    """
    return bool(attempt.get("status") == HTTPStatus.OK)


def _signature(job: Job, endpoint: Document, signed_at: int) -> str:
    secret = job.faults.rotated_secret or endpoint["signingSecret"]
    signature = sign(secret, signed_at, job.body)
    if job.faults.has_bad_signature(job.delivery["_tries"]):
        # Every digit changes: still 64 hex digits, but never the right ones.
        return signature.translate(
            str.maketrans("0123456789abcdef", "123456789abcdef0")
        )
    return signature
