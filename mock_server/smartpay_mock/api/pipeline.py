"""One call from end to end, the same for every operation.

1. Authenticate: find the account.
2. Wait at holds for ``before_commit``.
3. In one unit of work: idempotency key, body, schema, handler, answer, journal.
   Fault plans act before and after it.
4. Wake the webhook worker; wait at holds for ``after_commit``.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from smartpay_mock.api import envelope, journal
from smartpay_mock.api.application import Application, Middleware, Params
from smartpay_mock.api.auth import Credential, Refusal, authenticate
from smartpay_mock.api.faults import (
    CallFaults,
    apply_faults,
    result_of,
    take_faults,
)
from smartpay_mock.api.head import check_headers, head_advice
from smartpay_mock.api.idempotency import Key
from smartpay_mock.api.validation import read_body, wants_expanded
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.errors import ApiError, SandboxUsageError
from smartpay_mock.kernel.exchange import (
    ADVICE_HEADER,
    ADVICE_SEPARATOR,
    FAULT_HEADER,
    Answer,
    Call,
)
from smartpay_mock.kernel.faults import OUTCOMES
from smartpay_mock.kernel.json import decode
from smartpay_mock.resources import Context, Listing
from smartpay_mock.resources.context import all_of, invalid
from smartpay_mock.resources.views import expanded, plain
from smartpay_mock.storage.base import StoreNotWritable
from smartpay_schemas import Operation

_ADVICE_LENGTH = 1_000
_FAULT_HEADER = FAULT_HEADER.lower()
_REFUSED = 400


def perform(
    application: Application,
    operation: Operation,
    params: Params,
    call: Call,
    *,
    middleware: Sequence[Middleware] | None = None,
) -> Answer:
    """Return the answer to a call.

    Args:
        application: The components.
        operation: What is called.
        params: Parameters of the path.
        call: The request.
        middleware: What sees the call first; by default, the application's.
    """
    layers = application.middleware if middleware is None else middleware
    if layers:
        next_layer = partial(perform, application, middleware=layers[:-1])
        return layers[-1](next_layer, operation, params, call)
    caller = application.callers.identify(operation, params, call)
    if isinstance(caller, Refusal):
        answer = envelope.unauthorized(caller, operation.side)
        answer.headers["Request-Id"] = application.fresh_ids.new("request")
        return answer
    pipeline = Pipeline(application, operation, params, call, caller)
    holds, account_id = application.holds, caller.account
    holds.wait(account_id, operation.id, "before_commit")
    try:
        answer = pipeline.take_faults_or_run() or pipeline.run_with_faults()
    except StoreNotWritable:
        if operation.method != "GET":
            raise
        answer = pipeline.run_without_journal()
    if pipeline.has_deliveries:
        application.wake(account_id)
    holds.wait(account_id, operation.id, "after_commit")
    return answer


def refuse(application: Application, call: Call, error: ApiError) -> Answer:
    """Return the answer to a call that reached no operation or failed in one.

    The refusal is journaled if the call has the key of an account.
    """
    answer = envelope.refusal(error)
    answer.headers["Request-Id"] = application.fresh_ids.new("request")
    caller = authenticate(
        call.headers.get("authorization"), frozenset(application.settings.accounts)
    )
    if isinstance(caller, Credential):
        # The store may be the cause of the failure: then there is no journal entry.
        with suppress(Exception), application.opened(caller.account) as ctx:
            ctx.explain("refusal", str(error))
            size = journal.write(ctx, call, answer, caller.hint)
            application.trim(ctx.unit, size)
    return answer


@dataclass(slots=True)
class Pipeline:
    """One call on its way to an answer.

    Attributes:
        application: The components that answer it.
        operation: What is called.
        params: The path's parameters.
        call: The request.
        caller: Whose account the call acts on.
        faults: The fault plans of the call.
        outcome: The planned outcome of the charge, if there is one.
        problem: Why the call is refused before anything else, if it is.
        has_deliveries: Whether the call made webhook deliveries.
    """

    application: Application
    operation: Operation
    params: Params
    call: Call
    caller: Credential
    faults: CallFaults = field(default_factory=CallFaults)
    outcome: str = ""
    problem: ApiError | None = None
    has_deliveries: bool = False

    def take_faults_or_run(self) -> Answer | None:
        """Run the call; or return ``None`` after taking its fault plans."""
        with self.application.opened(self.caller.account) as ctx:
            if ctx.account.faults or _FAULT_HEADER in self.call.headers:
                self.take_faults(ctx.account)
            return None if self.faults.plans else self.run(ctx)

    def take_faults(self, account: Account) -> None:
        """Take the fault plans that apply to the call; an invalid one refuses it."""
        try:
            self.faults = take_faults(account, self.operation, self.params, self.call)
            self.outcome = self.faults.outcome
        except SandboxUsageError as error:
            self.problem = invalid(str(error))

    def run(self, ctx: Context) -> Answer:
        """Run the call in its unit, keep its idempotency key and journal it."""
        application, request_id = self.application, ctx.ids.new("request")
        ctx.base_url = self.call.base_url
        ctx.actor = self.caller.actor
        ctx.outcome = self.outcome
        key = answer = None
        try:
            ctx.advice.extend(head_advice(self.operation, self.call))
            self._check()
            key = application.idempotency.read_key(
                self.operation, dict(self.params), self.call, application.rules
            )
            answer = self._replay(ctx, key) if key else None
        except ApiError as error:
            key, answer = None, self._refuse(ctx, error)
        if answer is None:
            answer = self._attempt(ctx)
            if key and not ctx.is_refused_by_setting:
                application.idempotency.keep(
                    ctx.unit, key, answer, now=ctx.now, rules=application.rules
                )
        return self._finish(ctx, request_id, answer)

    def run_without_journal(self) -> Answer:
        """Run a call that reads, when nothing can be written.

        Fault plans don't apply, and what is due since then has not happened.

        Raises:
            StoreUnavailable: The account is new or cannot be read either.
        """
        self.faults = CallFaults()
        with self.application.store.read(self.caller.account) as unit:
            body = unit.get("account", self.caller.account)
            if body is None:
                raise StoreNotWritable("The store cannot be written: no new accounts.")
            ctx = self.application.context(unit, Account.from_bytes(body))
            ctx.base_url, ctx.actor = self.call.base_url, self.caller.actor
            try:
                self._check()
                answer = self._attempt(ctx)
            except ApiError as error:
                answer = self._refuse(ctx, error)
        answer.headers["Request-Id"] = self.application.fresh_ids.new("request")
        return answer

    def run_with_faults(self) -> Answer:
        """Run the call with faults before and after its unit of work.

        Nothing is locked while a fault waits.
        """
        try:
            answer = self._run_between_faults()
        except Exception:
            with suppress(Exception):  # the store may be the cause of the failure
                self._give_back()
            raise
        changed, advance_ms = apply_faults(self.faults.plans, "after_commit", answer)
        self._advance_clock(advance_ms)
        if changed is None:
            return answer
        changed.headers["Request-Id"] = answer.headers["Request-Id"]
        changed.result = answer.result
        return changed

    def _run_between_faults(self) -> Answer:
        answer, advance_ms = apply_faults(self.faults.plans, "before_commit")
        self._advance_clock(advance_ms)
        with self.application.opened(self.caller.account) as ctx:
            if answer is None:
                return self.run(ctx)
            return self._finish(ctx, ctx.ids.new("request"), answer)

    def _give_back(self) -> None:
        """Count the plans as not met by this call."""
        with self.application.opened(self.caller.account) as ctx:
            ctx.account.give_back([plan.id for plan in self.faults.plans])

    def _conclude_faults(self, ctx: Context, answer: Answer) -> None:
        """Give back the plans without effect, and note what each plan did."""
        faults = self.faults
        has_committed = not faults.prevent_commit and _has_committed(
            self.operation, ctx, answer
        )
        unmet: list[str] = []
        if not has_committed:
            unmet = faults.leave(
                lambda plan: plan.when == "after_commit", "the call committed nothing"
            )
        if not (has_committed and ctx.is_outcome_used):
            unmet += faults.leave(
                lambda plan: plan.kind in OUTCOMES, "the call had nothing to decide"
            )
        ctx.account.give_back(unmet)
        answer.result = result_of(
            self.operation, faults.plans, answer if has_committed else None
        )
        for finding in faults.findings(answer.result):
            ctx.explain("fault", finding)

    def _check(self) -> None:
        if self.problem:
            raise self.problem
        check_headers(self.call)
        if self.call.is_too_large:
            limit = self.application.settings.body_limit
            raise ApiError("request.too-large", limit=limit)

    def _replay(self, ctx: Context, key: Key) -> Answer | None:
        answer = self.application.idempotency.replay(ctx.unit, key, ctx.now)
        if answer is not None:
            ctx.explain("idempotency", "the key is known; its answer is replayed")
        return answer

    def _attempt(self, ctx: Context) -> Answer:
        """Run the handler and return its answer, or the answer that refuses."""
        application, operation = self.application, self.operation
        try:
            document = read_body(operation, self.call)
            body = application.validate(operation, document, ctx)
            listing = application.listings.get(operation.id)
            shown = None
            if listing is not None:
                shown = self._list(ctx, listing)
            else:
                wants = wants_expanded(operation, self.call.query)
                handle = application.handlers[operation.id]
                stored = handle(ctx, dict(self.params), body)
                if operation.response and stored:
                    shown = _view(ctx, stored, wants=wants)
            if ctx.advice and ctx.settings.strict:
                ctx.is_refused_by_setting = True
                raise invalid(*(advice["message"] for advice in ctx.advice))
            return envelope.success(operation.status, shown)
        except ApiError as error:
            return self._refuse(ctx, error)

    def _refuse(self, ctx: Context, error: ApiError) -> Answer:
        ctx.unit.discard()
        ctx.has_deliveries = False
        ctx.explain("refusal", str(error))
        if self.caller.advice:
            ctx.advise("ambiguous-account", "", self.caller.advice)
        return envelope.refusal(error)

    def _list(self, ctx: Context, listing: Listing) -> dict[str, Any]:
        """Return the page of a list that the query asks for."""
        wants, page = all_of(
            lambda: wants_expanded(self.operation, self.call.query),
            lambda: self.application.read_page(
                ctx.unit,
                listing,
                self.call.query,
                rules=self.application.rules,
                list_name=self.operation.id,
            ),
        )
        documents = [_view(ctx, decode(body), wants=wants) for body in page.bodies]
        return envelope.collection(documents, page)

    def _finish(self, ctx: Context, request_id: str, answer: Answer) -> Answer:
        self.has_deliveries = self.has_deliveries or ctx.has_deliveries
        answer.headers["Request-Id"] = request_id
        if ctx.advice:
            answer.headers[ADVICE_HEADER] = _advice_line(ctx.advice)
        if self.faults.plans or self.faults.left:
            self._conclude_faults(ctx, answer)
        answer.trace = ctx.trace
        size = journal.write(
            ctx,
            self.call,
            answer,
            self.caller.hint,
            operation=self.operation,
            faults=[plan.describe() for plan in self.faults.plans],
        )
        self.application.trim(ctx.unit, size)
        return answer

    def _advance_clock(self, by_ms: int) -> None:
        # A separate unit: what becomes due happens before the call continues.
        if by_ms:
            with self.application.opened(self.caller.account) as ctx:
                ctx.account.change(clock=ctx.account.clock.advanced(by_ms))


def _has_committed(operation: Operation, ctx: Context, answer: Answer) -> bool:
    """Return whether the call, or the one that it repeats, changed something."""
    if answer.status >= _REFUSED or operation.method == "GET":
        return False
    is_replay = "Idempotency-Replayed" in answer.headers
    return is_replay or bool(ctx.saved) or operation.method == "DELETE"


def _view(ctx: Context, stored: dict[str, Any], *, wants: bool) -> dict[str, Any]:
    """Return what the answer shows of a stored document."""
    return expanded(stored, ctx.get_readonly) if wants else plain(stored)


def _advice_line(advice: list[dict[str, str]]) -> str:
    """Return the advice as one header line of printable ASCII characters."""
    messages = (item["message"] for item in advice)
    line = ADVICE_SEPARATOR.join(messages)[:_ADVICE_LENGTH]
    if line.isascii() and line.isprintable():
        return line
    escaped = (
        character if " " <= character <= "~" else ascii(character)[1:-1]
        for character in line
    )
    return "".join(escaped)[:_ADVICE_LENGTH]
