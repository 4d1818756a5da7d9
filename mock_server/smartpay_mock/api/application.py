"""The components of an emulator, and units of work on its accounts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from smartpay_mock.api import journal
from smartpay_mock.api.auth import SERVER_ACCOUNT, Callers
from smartpay_mock.api.holds import Holds
from smartpay_mock.api.idempotency import Idempotency
from smartpay_mock.api.idle import has_own_documents
from smartpay_mock.api.pagination import ReadPage, read_page
from smartpay_mock.api.validation import Validate, validated
from smartpay_mock.events import outbox
from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.kernel.account import Account, RecentAccounts
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources import HANDLERS, LISTINGS, Context, Handler, Listing
from smartpay_mock.resources.orders import expire_due, is_up_to_date
from smartpay_mock.resources.seed_data import write_seed_data
from smartpay_mock.resources.webhook_endpoints import keep_start_endpoint, start_secret
from smartpay_mock.storage.base import Store, Unit
from smartpay_schemas import Operation

Params = Mapping[str, str]
Perform = Callable[[Operation, Params, Call], Answer]
Middleware = Callable[[Perform, Operation, Params, Call], Answer]
"""Stands between the callers and the pipeline; calls its first argument to go on."""

# Trimming at every call would be slow.
_TRIM_EVERY = 32
_TRIM_AT_SHARE = 4  # once a quarter of the bytes was added


def _no_worker(_account: str) -> None:
    """Do nothing: no worker delivers webhooks."""


@dataclass(slots=True)
class Application:
    """The components of an emulator; a patch replaces some of them.

    Attributes:
        settings: Options that the user chose.
        store: Where state is stored.
        rules: Tables and windows.
        handlers: Operation id to handler.
        listings: Operation id of each list to its listing.
        validate: Checks a body against its operation's schema.
        read_page: Reads one page of a list.
        context_type: The class of the context that handlers get.
        idempotency: Stores and replays answers by idempotency key.
        callers: Finds the account of a call.
        middleware: Wraps the pipeline; the last entry sees a call first.
        holds: Where a test holds calls.
        deliverer: Delivers webhooks.
        wake: Called with an account that has webhooks to deliver.
    """

    settings: Settings
    store: Store
    rules: Rules = field(default_factory=Rules)
    handlers: Mapping[str, Handler] = field(default_factory=lambda: HANDLERS)
    listings: Mapping[str, Listing] = field(default_factory=lambda: LISTINGS)
    validate: Validate = validated
    read_page: ReadPage = read_page
    context_type: type[Context] = Context
    idempotency: Idempotency = field(default_factory=Idempotency)
    callers: Callers = field(init=False)
    middleware: list[Middleware] = field(default_factory=list)
    holds: Holds = field(default_factory=Holds)
    deliverer: Deliverer = field(init=False)
    wake: Callable[[str], None] = _no_worker
    fresh_ids: Ids = field(default_factory=Ids)
    _recent: RecentAccounts = field(init=False)

    def __post_init__(self) -> None:
        """Create the components that need others."""
        self.callers = Callers(self.settings, self.store)
        self._recent = RecentAccounts(self.settings.idle_accounts)
        schedule = self.settings.webhook_schedule
        self.deliverer = Deliverer(
            self.store,
            clock_of=self.now_of,
            holder=self.fresh_ids.new("request"),
            anywhere=self.settings.webhooks_anywhere,
            loopback=self.settings.reaches_loopback,
            retry_after_ms=parse_schedule(schedule) if schedule else RETRY_AFTER_MS,
        )

    def now_of(self, account_id: str) -> int:
        """Return an account's time, in milliseconds since the epoch."""
        with self.store.read(account_id) as unit:
            body = unit.get("account", account_id)
        return Account.from_bytes(body).clock.now_ms() if body else wall_ms()

    @contextmanager
    def opened(self, account_id: str, *, only_reads: bool = False) -> Iterator[Context]:
        """Open a unit of work on an account that is up to date.

        A new account gets its seed data; what is due by the account's clock has
        happened. Such changes are committed first, on their own, so that a refused
        call cannot undo them. Changes of the account itself are saved at the end.

        Args:
            account_id: The account.
            only_reads: Whether a new account is not kept.
        """
        forgotten = self._recent.use(account_id)
        if forgotten and self.store.is_in_memory:
            self._drop_if_idle(forgotten)
        while True:
            with self.store.write(account_id) as unit:
                ctx, is_new = self._context_of(unit)
                if not is_new and is_up_to_date(unit, ctx.now):
                    if self.settings.webhook:
                        self._keep_webhook(unit)
                    yield ctx
                    ctx.save_account()
                    return
                self._bring_up_to_date(ctx, is_new=is_new)
                ctx.save_account()
                if is_new and only_reads:
                    yield ctx
                    unit.discard()
                    return
            if ctx.has_deliveries:
                self.wake(account_id)

    def _drop_if_idle(self, account_id: str) -> None:
        """Drop an account that has nothing of its own."""
        with self.store.write(account_id) as unit:
            is_used = account_id in self._recent or self.holds.of(account_id)
            if not is_used and not has_own_documents(unit, self.settings.seed):
                unit.clear()

    def _context_of(self, unit: Unit) -> tuple[Context, bool]:
        """Return the context of a unit, and whether its account is new."""
        body = unit.get("account", unit.account)
        if body:
            return self.context(unit, Account.from_bytes(body)), False
        account = Account(unit.account, wall_ms(), seed=self.settings.seed)
        return self.context(unit, account), True

    def _bring_up_to_date(self, ctx: Context, *, is_new: bool) -> None:
        """Create the account or expire what is due."""
        if not is_new:
            expire_due(ctx, until=ctx.now)
            return
        ctx.account.has_changed = True
        self._recent[ctx.account.id].has_webhook = False
        if ctx.account.id != SERVER_ACCOUNT:
            write_seed_data(ctx.unit)

    def _keep_webhook(self, unit: Unit) -> None:
        """Create the webhook endpoint of the settings, once per account and process."""
        settings, use = self.settings, self._recent[unit.account]
        if unit.account == SERVER_ACCOUNT or use.has_webhook:
            return
        use.has_webhook = True
        keep_start_endpoint(
            unit,
            url=settings.webhook,
            types=settings.events,
            secret=start_secret(settings),
        )

    def settings_of(self, account: Account) -> Settings:
        """Return the settings that apply to an account."""
        if not account.settings:
            return self.settings
        return replace(self.settings, **account.settings)

    def context(self, unit: Unit, account: Account) -> Context:
        """Return what handlers get, at the account's time."""
        now, ids = account.clock.now_ms(), account.ids()
        settings = self.settings_of(account)
        return self.context_type(unit, account, now, ids, self.rules, settings)

    def trim(self, unit: Unit, size: int) -> None:
        """Delete the account's oldest journal entries and events, at some calls.

        Args:
            unit: Of the account.
            size: Bytes of the entry that the call added to the journal.
        """
        use = self._recent[unit.account]
        use.calls += 1
        if use.calls % _TRIM_EVERY == 0:
            unit.trim(journal.KIND, self.settings.journal)
            outbox.trim(unit)
        use.added += size
        if use.added > self.settings.journal_bytes // _TRIM_AT_SHARE:
            kept = journal.count_within(unit, self.settings.journal_bytes)
            unit.trim(journal.KIND, kept)
            use.added = 0
