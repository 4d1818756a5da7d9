"""One call from end to end, the same for every operation.

auth, faults before, then in one unit of work: idempotency, body, schema, handler,
answer, key, journal; then faults after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from smartpay_mock.api import envelope, idempotency, journal
from smartpay_mock.api.auth import Credential, Refusal
from smartpay_mock.api.callers import SERVER_ACCOUNT, Callers
from smartpay_mock.api.faults import carry_out
from smartpay_mock.api.gates import Gates
from smartpay_mock.api.pagination import read_page
from smartpay_mock.api.validation import read_body, validated, wants_expanded
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.faults import Fault, take_faults
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources import HANDLERS, LISTINGS, Context, Handler, Listing
from smartpay_mock.resources.checks import invalid
from smartpay_mock.resources.timers import is_settled, settle
from smartpay_mock.resources.views import expanded, plain
from smartpay_mock.resources.world import build_world
from smartpay_mock.storage.contract import Store, Unit
from smartpay_schemas import Operation

Params = Mapping[str, str]
_MOMENTS = ("before_commit", "after_commit")


@dataclass(slots=True)
class Engine:
    """Everything one emulator answers with; holds no state of its own.

    Attributes:
        settings: How it behaves.
        store: Where state lives.
        rules: Tables and windows it goes by.
        handlers: Operation id to handler.
        listings: Operation id of each list to what it lists.
        gates: Where a test holds calls.
        notify: Called with the account after its outbox may have grown.
    """

    settings: Settings
    store: Store
    rules: Rules = field(default_factory=Rules)
    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)
    listings: Mapping[str, Listing] = field(default_factory=lambda: LISTINGS)
    gates: Gates = field(default_factory=Gates)
    notify: Callable[[str], None] = lambda _account: None
    _turns: "count[int]" = field(default_factory=count)
    _fresh_ids: Ids = field(default_factory=Ids)

    def perform(self, operation: Operation, params: Params, call: Call) -> Answer:
        """Return the answer to a call of ``operation``.

        Args:
            operation: Its row.
            params: The path's parameters.
            call: As it arrived.
        """
        caller = Callers(self.settings, self.store).identify(operation, params, call)
        if isinstance(caller, Refusal):
            answer = envelope.unauthorized(caller)
            answer.headers["Request-Id"] = self._fresh_ids.new("request")
            return answer
        exchange = Exchange(self, operation, params, call, caller)
        if self.gates:
            return self._held(exchange)
        with self.opened(caller.account) as (unit, account):
            faults = self._meet(unit, account, operation)
            if not faults:
                answer = exchange.run(unit, account)
        if faults:
            answer = self._faulted(exchange, faults)
        self.notify(caller.account)
        return answer

    def opened(self, account_id: str) -> "OpenAccount":
        """Open a unit of work on an account that is up to date.

        A new account gets its standard world; what is due by its clock has happened.
        """
        return OpenAccount(self, account_id)

    def context(self, unit: Unit, account: Account, ids: Ids) -> Context:
        """Return what handlers get, at the account's time."""
        return Context(unit, account.clock.now_ms(), ids, self.rules, self.settings)

    def next_turn(self) -> int:
        """Return a counter of calls."""
        return next(self._turns)

    def _meet(self, unit: Unit, account: Account, operation: Operation) -> list[Fault]:
        if not account.faults:
            return []
        met = take_faults(account.faults, operation.id)
        if any(fault.operation in {operation.id, "*"} for fault in account.faults):
            unit.put("account", account.id, account.to_bytes())
        return met

    def _held(self, exchange: Exchange) -> Answer:
        account_id, operation = exchange.caller.account, exchange.operation
        self.gates.pass_through(account_id, operation.id, "before_commit")
        with self.opened(account_id) as (unit, account):
            faults = self._meet(unit, account, operation)
            if not faults:
                answer = exchange.run(unit, account)
        if faults:
            answer = self._faulted(exchange, faults)
        self.notify(account_id)
        self.gates.pass_through(account_id, operation.id, "after_commit")
        return answer

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


class OpenAccount:
    """A unit of work on an account that exists and is settled."""

    __slots__ = ("_account_id", "_engine", "_unit_manager")

    def __init__(self, engine: Engine, account_id: str) -> None:
        self._engine = engine
        self._account_id = account_id

    def __enter__(self) -> tuple[Unit, Account]:
        while True:
            self._unit_manager = self._engine.store.write(self._account_id)
            unit = self._unit_manager.__enter__()
            try:
                account = self._ready(unit)
            except BaseException as error:
                self._unit_manager.__exit__(type(error), error, error.__traceback__)
                raise
            if account is not None:
                return unit, account
            # What was made ready is committed on its own, so that a refused call does
            # not take it back.
            self._unit_manager.__exit__(None, None, None)

    def __exit__(self, *error: Any) -> bool | None:
        return self._unit_manager.__exit__(*error)

    def _ready(self, unit: Unit) -> Account | None:
        """Return the account, or ``None`` after something was made ready."""
        body = unit.get("account", self._account_id)
        if body is None:
            self._create(unit)
            return None
        account = Account.from_bytes(body)
        now = account.clock.now_ms()
        if is_settled(unit, now):
            return account
        ids = account.ids()

        def context_at(moment: int) -> Context:
            context = self._engine.context(unit, account, ids)
            context.now = moment
            return context

        settle(unit, now, context_at)
        keep_drawn(unit, account, ids)
        return None

    def _create(self, unit: Unit) -> None:
        account = Account(
            self._account_id, wall_ms(), seed=self._engine.settings.seed
        )
        unit.put("account", account.id, account.to_bytes())
        if self._account_id != SERVER_ACCOUNT:
            build_world(unit, account.created_at)


def keep_drawn(unit: Unit, account: Account, ids: Ids) -> None:
    """Keep how many ids a seeded account has drawn."""
    if ids.drawn != account.drawn:
        account.drawn = ids.drawn
        unit.put("account", account.id, account.to_bytes())


@dataclass(slots=True)
class Exchange:
    """One call on its way through a unit of work."""

    engine: Engine
    operation: Operation
    params: Params
    call: Call
    caller: Credential
    faults: list[str] = field(default_factory=list)

    def run(self, unit: Unit, account: Account) -> Answer:
        """Carry the call out, keep its key and journal it."""
        ids = account.ids()
        request_id = ids.new("request")
        ctx = self.engine.context(unit, account, ids)
        ctx.base_url = self.call.base_url
        ctx.actor = self.caller.actor
        key = None
        try:
            key = idempotency.read_key(
                self.operation, dict(self.params), self.call, self.engine.rules
            )
            answer = key and idempotency.replay(unit, key, ctx.now)
            if answer:
                ctx.explain("idempotency", "the key is known; its answer is replayed")
                key = None
            else:
                answer = self._answer(ctx)
        except ApiError as error:
            unit.discard()
            ctx.explain("refusal", str(error))
            answer = envelope.refusal(error)
            if error.code == "idempotency.key-reused":
                key = None
        if key:
            idempotency.keep(unit, key, answer, ctx.now, self.engine.rules)
        return self._finish(unit, account, ids, request_id, ctx, answer)

    def finish(self, unit: Unit, account: Account, answer: Answer) -> Answer:
        """Journal an answer that was made without carrying the call out."""
        ids = account.ids()
        ctx = self.engine.context(unit, account, ids)
        ctx.explain("fault", "; ".join(self.faults))
        return self._finish(unit, account, ids, ids.new("request"), ctx, answer)

    def _answer(self, ctx: Context) -> Answer:
        operation = self.operation
        document = read_body(operation, self.call)
        body = validated(operation, document, ctx)
        wants = wants_expanded(operation, self.call.query)

        def show(stored: dict[str, Any]) -> dict[str, Any]:
            return expanded(stored, ctx.find) if wants else plain(stored)

        listing = self.engine.listings.get(operation.id)
        if listing:
            shown: Any = self._page(ctx, listing, show)
        else:
            stored = self.engine.handlers[operation.id](ctx, dict(self.params), body)
            shown = show(stored) if operation.response and stored else None
        if ctx.advice and ctx.settings.strict:
            raise invalid(*(advice["message"] for advice in ctx.advice))
        return envelope.success(operation.status, shown)

    def _page(
        self,
        ctx: Context,
        listing: Listing,
        show: Callable[[dict[str, Any]], dict[str, Any]],
    ) -> dict[str, Any]:
        page = read_page(
            ctx.unit,
            listing,
            self.call.query,
            rules=self.engine.rules,
            list_name=self.operation.id,
        )
        return envelope.collection(
            [show(decode(body)) for body in page.bodies],
            limit=page.limit,
            page_token=page.page_token,
            next_token=page.next_token,
        )

    def _finish(
        self,
        unit: Unit,
        account: Account,
        ids: Ids,
        request_id: str,
        ctx: Context,
        answer: Answer,
    ) -> Answer:
        answer.headers["Request-Id"] = request_id
        if ctx.advice:
            answer.headers["Smartpay-Sandbox-Advice"] = _advice_line(ctx.advice)
        keep_drawn(unit, account, ids)
        document = journal.entry(
            id_=request_id,
            at=ctx.now,
            operation=self.operation,
            call=self.call,
            answer=answer,
            key_hint=self.caller.hint,
            trace=ctx.trace,
            advice=ctx.advice,
            faults=self.faults,
        )
        journal.write(
            unit,
            document,
            keep=self.engine.settings.journal,
            turn=self.engine.next_turn(),
        )
        return answer


def _advice_line(advice: list[dict[str, str]]) -> str:
    """Return the advice as one header line; headers take no other script."""
    line = "; ".join(item["message"] for item in advice)
    return line.encode("ascii", "backslashreplace").decode("ascii")[:1000]
