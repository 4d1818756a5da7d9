"""One call from end to end, the same for every operation.

auth, gates and faults before, then in one unit of work: size, idempotency, body,
schema, handler, answer, key, journal; then faults and gates after.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from smartpay_mock.api import envelope, journal
from smartpay_mock.api.auth import Credential, Refusal, authenticate
from smartpay_mock.api.exchange import Exchange, Params
from smartpay_mock.api.faults import carry_out
from smartpay_mock.api.works import Works
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.faults import Fault, take_faults
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
            answer = envelope.unauthorized(caller, operation.side)
            answer.headers["Request-Id"] = self.fresh_ids.new("request")
            return answer
        exchange = Exchange(self, operation, params, call, caller)
        self.gates.pass_through(caller.account, operation.id, "before_commit")
        answer = self._serve(exchange)
        if exchange.has_post:
            self.notify(caller.account)
        self.gates.pass_through(caller.account, operation.id, "after_commit")
        return answer

    def turn_away(self, call: Call, error: ApiError) -> Answer:
        """Return the answer to a call that reached no operation or failed in one.

        It is journaled if its key names an account.

        Args:
            call: As it arrived.
            error: Why it is refused.
        """
        answer = envelope.refusal(error)
        answer.headers["Request-Id"] = self.fresh_ids.new("request")
        caller = authenticate(
            call.headers.get("authorization"), frozenset(self.settings.accounts)
        )
        if isinstance(caller, Credential):
            # The store may be what failed: then the answer must do without it.
            with suppress(Exception), self.opened(caller.account) as (unit, account):
                journal.write(
                    unit,
                    id_=answer.headers["Request-Id"],
                    at=account.clock.now_ms(),
                    operation=None,
                    call=call,
                    answer=answer,
                    key_hint=caller.hint,
                    trace=[("refusal", str(error))],
                    advice=[],
                    faults=[],
                    keep=self.settings.journal,
                )
                self.tidy(unit)
        return answer

    def _serve(self, exchange: Exchange) -> Answer:
        account_id = exchange.caller.account
        with self.opened(account_id) as (unit, account):
            faults = self._meet(account, exchange.operation)
            if not faults:
                return exchange.run(unit, account)
            unit.put("account", account.id, account.to_bytes())
        return self._faulted(exchange, faults)

    @staticmethod
    def _meet(account: Account, operation: Operation) -> list[Fault]:
        """Count the call with the account's fault plans; return those it meets.

        The counts are kept with the account at the end of the unit, also when the
        call is refused.
        """
        if not account.faults:
            return []
        seen = [fault.seen for fault in account.faults]
        met = take_faults(account.faults, operation.id)
        account.has_changed = seen != [fault.seen for fault in account.faults]
        return met

    def _faulted(self, exchange: Exchange, faults: list[Fault]) -> Answer:
        exchange.faults = [fault.describe() for fault in faults]
        account_id = exchange.caller.account
        before = carry_out(faults, "before_commit")
        self._advance(account_id, before.advance_ms)
        with self.opened(account_id) as (unit, account):
            if before.answer is None:
                answer = exchange.run(unit, account)
            else:
                answer = exchange.finish(unit, account, before.answer)
        after = carry_out(faults, "after_commit", answer)
        self._advance(account_id, after.advance_ms)
        if after.answer is None:
            return answer
        after.answer.headers["Request-Id"] = answer.headers["Request-Id"]
        return after.answer

    def _advance(self, account_id: str, by_ms: int) -> None:
        # A unit of its own: what falls due by it happens before the call goes on.
        if by_ms:
            with self.opened(account_id) as (unit, account):
                account.clock = account.clock.advanced(by_ms)
                unit.put("account", account.id, account.to_bytes())
