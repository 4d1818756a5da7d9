"""One call from end to end, the same for every operation.

auth, faults before, then in one unit of work: idempotency, body, schema, handler,
answer, key, journal; then faults after.
"""

from __future__ import annotations

from dataclasses import dataclass

from smartpay_mock.api import envelope
from smartpay_mock.api.auth import Refusal
from smartpay_mock.api.exchange import Exchange, Params
from smartpay_mock.api.faults import carry_out
from smartpay_mock.api.works import Works
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.faults import Fault, take_faults
from smartpay_mock.storage.contract import Unit
from smartpay_schemas import Operation


@dataclass(slots=True)
class Engine(Works):
    """Answers calls; holds no state of its own."""

    def perform(self, operation: Operation, params: Params, call: Call) -> Answer:
        """Return the answer to a call of ``operation``.

        Args:
            operation: Its row.
            params: The path's parameters.
            call: As it arrived.
        """
        caller = self.callers.identify(operation, params, call)
        if isinstance(caller, Refusal):
            answer = envelope.unauthorized(caller)
            answer.headers["Request-Id"] = self.fresh_ids.new("request")
            return answer
        exchange = Exchange(self, operation, params, call, caller)
        self.gates.pass_through(caller.account, operation.id, "before_commit")
        answer = self._serve(exchange)
        if exchange.has_post:
            self.notify(caller.account)
        self.gates.pass_through(caller.account, operation.id, "after_commit")
        return answer

    def _serve(self, exchange: Exchange) -> Answer:
        with self.opened(exchange.caller.account) as (unit, account):
            faults = self._meet(unit, account, exchange.operation)
            if not faults:
                return exchange.run(unit, account)
        return self._faulted(exchange, faults)

    def _meet(self, unit: Unit, account: Account, operation: Operation) -> list[Fault]:
        if not account.faults:
            return []
        met = take_faults(account.faults, operation.id)
        if any(fault.operation in {operation.id, "*"} for fault in account.faults):
            unit.put("account", account.id, account.to_bytes())
        return met

    def _faulted(self, exchange: Exchange, faults: list[Fault]) -> Answer:
        exchange.faults = [fault.describe() for fault in faults]
        before = carry_out(faults, "before_commit")
        with self.opened(exchange.caller.account) as (unit, account):
            self._advance(unit, account, before.advance_ms)
            if before.answer is None:
                answer = exchange.run(unit, account)
            else:
                answer = exchange.finish(unit, account, before.answer)
        after = carry_out(faults, "after_commit", answer)
        if after.advance_ms:
            with self.opened(exchange.caller.account) as (unit, account):
                self._advance(unit, account, after.advance_ms)
        if after.answer is None:
            return answer
        after.answer.headers["Request-Id"] = answer.headers["Request-Id"]
        return after.answer

    @staticmethod
    def _advance(unit: Unit, account: Account, by_ms: int) -> None:
        if by_ms:
            account.clock = account.clock.advanced(by_ms)
            unit.put("account", account.id, account.to_bytes())
