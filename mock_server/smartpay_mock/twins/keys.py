"""Policies of idempotency keys that charge twice, or tell the wrong one."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import sleep

from smartpay_mock.api.idempotency import HEADER, REPLAYED, Idempotency, Key
from smartpay_mock.app import Patch
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.storage.base import Unit
from smartpay_mock.twins.seams import Params, Perform, meddled
from smartpay_schemas import Operation

_KIND = "idempotency"
_SERVER_FAILED = 500
_REFUSED = 400
_SLOW_S = 0.02


class Sliding(Idempotency):
    """Counts the hours from the last call with a key."""

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the answer that is kept."""
        answer = super().replay(unit, key, now)
        row = unit.row(_KIND, key.id)
        if answer and row:
            due = now + Rules().idempotency_window_ms
            unit.put(_KIND, key.id, row.body, due=due, attachment=row.attachment)
        return answer


class Unmarked(Idempotency):
    """Does not say that an answer is a replay."""

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the answer that is kept."""
        answer = super().replay(unit, key, now)
        return answer and replace(answer, headers={})


class StatusOnly(Idempotency):
    """Remembers how it went, but not what was said."""

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the answer that is kept."""
        answer = super().replay(unit, key, now)
        return answer and replace(answer, body=b"{}")


class AnyBody(Idempotency):
    """Replays for whatever body the key comes with."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the key of the call."""
        key = super().read_key(operation, params, call, rules)
        return key and Key(key.id, "")


class AnyPath(Idempotency):
    """Knows a key by its text alone."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the key of the call."""
        key = super().read_key(operation, params, call, rules)
        return key and Key(call.headers[HEADER], "")


class Shared(Idempotency):
    """Keeps the keys of all accounts in one drawer."""

    def __init__(self) -> None:
        self._kept: dict[str, tuple[str, Answer]] = {}

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the answer that is kept."""
        kept = self._kept.get(key.id)
        if kept is None or kept[0] != key.fingerprint:
            return super().replay(unit, key, now)
        return replace(kept[1], headers={REPLAYED: "true"})

    def keep(
        self, unit: Unit, key: Key, answer: Answer, now: int, rules: Rules
    ) -> None:
        """Keep an answer."""
        super().keep(unit, key, answer, now, rules)
        self._kept[key.id] = (key.fingerprint, replace(answer, headers={}))


class Successes(Idempotency):
    """Remembers no refusal."""

    def keep(
        self, unit: Unit, key: Key, answer: Answer, now: int, rules: Rules
    ) -> None:
        """Keep an answer."""
        if answer.status < _REFUSED:
            super().keep(unit, key, answer, now, rules)


class Tamed(Idempotency):
    """Takes a key of any length and any characters."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the key of the call."""
        value = call.headers.get(HEADER, "k")
        tame = "".join(c for c in value if c.isprintable())[: rules.key_length] or "k"
        headers = {**call.headers, HEADER: tame} if HEADER in call.headers else {}
        tamed = replace(call, headers=headers)
        return super().read_key(operation, params, tamed, rules)


def _keyless(call: Call) -> Call:
    return replace(call, headers={n: v for n, v in call.headers.items() if n != HEADER})


def forgetting_when_lost() -> Patch:
    """Keep a key only for those whose answer arrived."""
    lost: set[tuple[str, ...]] = set()

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        mine = _scope(call)
        is_retry = mine in lost
        lost.discard(mine)
        answer = perform(operation, params, _keyless(call) if is_retry else call)
        if answer.transport or answer.status >= _SERVER_FAILED:
            lost.add(mine)
        return answer

    return meddled(meddle)


def _scope(call: Call) -> tuple[str, ...]:
    names = ("authorization", HEADER)
    return (call.method, call.path, *(call.headers.get(name, "") for name in names))


def remembering_failures() -> Patch:
    """Repeat a failure of the server to every retry."""
    kept: dict[tuple[str, ...], Answer] = {}

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if HEADER not in call.headers:
            return perform(operation, params, call)
        answer = kept.get(_scope(call)) or perform(operation, params, call)
        if answer.status >= _SERVER_FAILED:
            kept[_scope(call)] = answer
        return answer

    return meddled(meddle)


def racing() -> Patch:
    """Look a key up before the call that brought it has ended."""
    guard = threading.Lock()
    running: list[tuple[str, ...]] = []

    def meddle(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        mine = _scope(call)
        with guard:
            is_second = HEADER in call.headers and mine in running
            running.append(mine)
        try:
            answer = perform(operation, params, _keyless(call) if is_second else call)
            sleep(_SLOW_S)
            return answer
        finally:
            with guard:
                running.remove(mine)

    return meddled(meddle)
