"""Mutants that ignore, forget or confuse idempotency keys."""

from __future__ import annotations

import threading
from dataclasses import replace
from time import sleep

from smartpay_mock.api.application import Params, Perform
from smartpay_mock.api.idempotency import HEADER, Idempotency, Key
from smartpay_mock.app import Patch
from smartpay_mock.kernel.clock import DAY_MS, HOUR_MS
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.mutants.mutant import Mutant
from smartpay_mock.mutants.patches import (
    change_operations,
    change_rules,
    middleware,
    replace_parts,
)
from smartpay_mock.storage.base import Unit
from smartpay_schemas import OPERATIONS, Operation

_SERVER_FAILED = 500
_REFUSED = 400
_SLOW_S = 0.02
_FOREVER_MS = 10 * 365 * DAY_MS


class Unmarked(Idempotency):
    """Omits the header that marks a replay."""

    def replay(self, unit: Unit, key: Key, now: int) -> Answer | None:
        """Return the stored answer."""
        answer = super().replay(unit, key, now)
        return answer and replace(answer, headers={})


class AnyBody(Idempotency):
    """Replays a key whatever the body of the call is."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the key of the call."""
        key = super().read_key(operation, params, call, rules)
        return key and Key(key.id, "")


class AnyPath(Idempotency):
    """Replays a key whatever the path of the call is."""

    def read_key(
        self, operation: Operation, params: dict[str, str], call: Call, rules: Rules
    ) -> Key | None:
        """Return the key of the call."""
        key = super().read_key(operation, params, call, rules)
        return key and Key(call.headers[HEADER], "")


class Successes(Idempotency):
    """Stores no refusals."""

    def keep(
        self, unit: Unit, key: Key, answer: Answer, now: int, rules: Rules
    ) -> None:
        """Store an answer that is a success."""
        if answer.status < _REFUSED:
            super().keep(unit, key, answer, now, rules)


def _keyless(call: Call) -> Call:
    return replace(call, headers={n: v for n, v in call.headers.items() if n != HEADER})


def _forget_lost_answers() -> Patch:
    """Forget a key if its answer was lost."""
    lost: set[tuple[str, ...]] = set()

    def layer(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        mine = _scope(call)
        is_retry = mine in lost
        lost.discard(mine)
        answer = perform(operation, params, _keyless(call) if is_retry else call)
        if answer.transport or answer.status >= _SERVER_FAILED:
            lost.add(mine)
        return answer

    return middleware(layer)


def _scope(call: Call) -> tuple[str, ...]:
    names = ("authorization", HEADER)
    return (call.method, call.path, *(call.headers.get(name, "") for name in names))


def _replay_server_errors() -> Patch:
    """Replay server errors to every retry."""
    kept: dict[tuple[str, ...], Answer] = {}

    def layer(
        perform: Perform, operation: Operation, params: Params, call: Call
    ) -> Answer:
        if HEADER not in call.headers:
            return perform(operation, params, call)
        answer = kept.get(_scope(call)) or perform(operation, params, call)
        if answer.status >= _SERVER_FAILED:
            kept[_scope(call)] = answer
        return answer

    return middleware(layer)


def _ignore_running_keys() -> Patch:
    """Ignore the key of a call that is still running."""
    guard = threading.Lock()
    running: list[tuple[str, ...]] = []

    def layer(
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

    return middleware(layer)


MUTANTS = (
    Mutant(
        "keys-ignored",
        "A retry after a lost response charges the consumer twice.",
        (
            "idempotency.replay-post",
            "idempotency.replay-put",
            "idempotency.replay-patch",
            "idempotency.recognisable",
            "idempotency.concurrent",
            "idempotency.key-shapes",
            "idempotency.window-from-first",
        ),
        change_operations(OPERATIONS, idempotent=False),
    ),
    Mutant(
        "keys-ignored-on-refunds",
        "A retry after a lost response refunds the consumer twice.",
        ("idempotency.replay-post", "idempotency.recognisable"),
        change_operations(["create_refund"], idempotent=False),
    ),
    Mutant(
        "keys-race",
        "Two workers that take the same job at the same time charge the consumer "
        "twice.",
        ("idempotency.concurrent", "idempotency.concurrent-waits"),
        _ignore_running_keys(),
    ),
    Mutant(
        "keys-kept-for-ever",
        "A key that you reuse next year returns last year's order, and nothing is "
        "charged.",
        ("idempotency.window", "idempotency.window-from-first"),
        change_rules(idempotency_window_ms=_FOREVER_MS),
    ),
    Mutant(
        "keys-kept-five-hours",
        "A job that retries after five and a half hours charges the consumer twice.",
        ("idempotency.window",),
        change_rules(idempotency_window_ms=5 * HOUR_MS),
    ),
    Mutant(
        "replays-not-marked",
        "Your shop counts a replayed response as another sale.",
        ("idempotency.recognisable", "idempotency.replay-header"),
        replace_parts(idempotency=Unmarked()),
    ),
    Mutant(
        "replayed-for-another-body",
        "A second, different order gets the first one's response and is never charged.",
        ("idempotency.key-reused",),
        replace_parts(idempotency=AnyBody()),
    ),
    Mutant(
        "replayed-across-paths",
        "A capture that reuses the order's key is answered with the order and never"
        " happens.",
        ("idempotency.scope-path",),
        replace_parts(idempotency=AnyPath()),
    ),
    Mutant(
        "refusals-forgotten",
        "A retry of a refused call succeeds later, after your shop has given the "
        "order up.",
        ("idempotency.refusals-stored",),
        replace_parts(idempotency=Successes()),
    ),
    Mutant(
        "outages-remembered",
        "After one server error every retry fails for six hours, and the sale is lost.",
        ("idempotency.server-errors-not-stored",),
        _replay_server_errors(),
    ),
    Mutant(
        "second-charge-after-lost-response",
        "The order exists but its response is lost, and the retry makes a second one.",
        ("idempotency.lost-answer",),
        _forget_lost_answers(),
    ),
)
