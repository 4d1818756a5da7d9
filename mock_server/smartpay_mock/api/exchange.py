"""One call on its way through a unit of work: key, body, schema, handler, answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from smartpay_mock.api import envelope, journal
from smartpay_mock.api.auth import Credential
from smartpay_mock.api.idempotency import Key
from smartpay_mock.api.pagination import Page
from smartpay_mock.api.validation import read_body, wants_expanded
from smartpay_mock.api.works import Works, keep_account
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import ApiError
from smartpay_mock.kernel.exchange import (
    ADVICE_HEADER,
    ADVICE_SEPARATOR,
    Answer,
    Call,
)
from smartpay_mock.resources import Context, Listing
from smartpay_mock.resources.checks import all_of, invalid
from smartpay_mock.resources.views import expanded, plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import Operation

Params = Mapping[str, str]

_ADVICE_LENGTH = 1_000


@dataclass(slots=True)
class Exchange:
    """One call on its way through a unit of work."""

    works: Works
    operation: Operation
    params: Params
    call: Call
    caller: Credential
    faults: list[str] = field(default_factory=list)
    has_post: bool = False

    def run(self, unit: Unit, account: Account) -> Answer:
        """Carry the call out, keep its key and journal it."""
        ids = account.ids()
        request_id = ids.new("request")
        ctx = self.works.context(unit, account, ids)
        ctx.base_url = self.call.base_url
        ctx.actor = self.caller.actor
        try:
            self._check_size()
            key = self._key()
            answer = self._replayed(ctx, key) if key else None
        except ApiError as error:
            key, answer = None, self._refused(ctx, error)
        if answer is None:
            answer = self._attempted(ctx)
            if key:
                self.works.idempotency.keep(
                    unit, key, answer, now=ctx.now, rules=self.works.rules
                )
        return self._finish(account, ctx, request_id, answer)

    def finish(self, unit: Unit, account: Account, answer: Answer) -> Answer:
        """Journal an answer that was made without carrying the call out."""
        ids = account.ids()
        ctx = self.works.context(unit, account, ids)
        ctx.explain("fault", "; ".join(self.faults))
        return self._finish(account, ctx, ids.new("request"), answer)

    def _check_size(self) -> None:
        if self.call.is_too_large:
            raise ApiError("request.too-large", limit=self.works.settings.body_limit)

    def _key(self) -> Key | None:
        return self.works.idempotency.read_key(
            self.operation, dict(self.params), self.call, self.works.rules
        )

    def _replayed(self, ctx: Context, key: Key) -> Answer | None:
        answer = self.works.idempotency.replay(ctx.unit, key, ctx.now)
        if answer is not None:
            ctx.explain("idempotency", "the key is known; its answer is replayed")
        return answer

    def _attempted(self, ctx: Context) -> Answer:
        try:
            return self._answer(ctx)
        except ApiError as error:
            return self._refused(ctx, error)

    def _refused(self, ctx: Context, error: ApiError) -> Answer:
        ctx.unit.discard()
        ctx.has_post = False
        ctx.explain("refusal", str(error))
        if self.caller.advice:
            ctx.advise("ambiguous-account", "", self.caller.advice)
        return envelope.refusal(error)

    def _answer(self, ctx: Context) -> Answer:
        operation = self.operation
        document = read_body(operation, self.call)
        body = self.works.validate(operation, document, ctx)
        listing = self.works.listings.get(operation.id)
        wants, page = all_of(
            lambda: wants_expanded(operation, self.call.query),
            lambda: self._page(ctx, listing) if listing else None,
        )

        def show(stored: dict[str, Any]) -> dict[str, Any]:
            return expanded(stored, ctx.glance) if wants else plain(stored)

        shown: Any
        if page:
            shown = envelope.collection(
                [show(decode(body)) for body in page.bodies],
                limit=page.limit,
                page_token=page.page_token,
                next_token=page.next_token,
            )
        else:
            stored = self.works.handlers[operation.id](ctx, dict(self.params), body)
            shown = show(stored) if operation.response and stored else None
        if ctx.advice and ctx.settings.strict:
            raise invalid(*(advice["message"] for advice in ctx.advice))
        return envelope.success(operation.status, shown)

    def _page(self, ctx: Context, listing: Listing) -> Page:
        return self.works.read_page(
            ctx.unit,
            listing,
            self.call.query,
            rules=self.works.rules,
            list_name=self.operation.id,
        )

    def _finish(
        self, account: Account, ctx: Context, request_id: str, answer: Answer
    ) -> Answer:
        self.has_post = self.has_post or ctx.has_post
        answer.headers["Request-Id"] = request_id
        if ctx.advice:
            answer.headers[ADVICE_HEADER] = _advice_line(ctx.advice)
        keep_account(ctx.unit, account, ctx.ids)
        journal.write(
            ctx.unit,
            id_=request_id,
            at=ctx.now,
            operation=self.operation,
            call=self.call,
            answer=answer,
            key_hint=self.caller.hint,
            trace=ctx.trace,
            advice=ctx.advice,
            faults=self.faults,
            keep=self.works.settings.journal,
        )
        self.works.tidy(ctx.unit)
        return answer


def _advice_line(advice: list[dict[str, str]]) -> str:
    """Return the advice as one header line, which takes printable ASCII only."""
    messages = (item["message"] for item in advice)
    line = ADVICE_SEPARATOR.join(messages)[:_ADVICE_LENGTH]
    if line.isascii() and line.isprintable():
        return line
    plain = (
        character if " " <= character <= "~" else ascii(character)[1:-1]
        for character in line
    )
    return "".join(plain)[:_ADVICE_LENGTH]
