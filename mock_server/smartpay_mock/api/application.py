"""The components of an emulator, and units of work on its accounts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from smartpay_mock.api import journal
from smartpay_mock.api.auth import SERVER_ACCOUNT, Callers
from smartpay_mock.api.holds import Holds
from smartpay_mock.api.idempotency import Idempotency
from smartpay_mock.api.pagination import ReadPage, read_page
from smartpay_mock.api.validation import Validate, validated
from smartpay_mock.events import outbox
from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.exchange import Answer, Call
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources import HANDLERS, LISTINGS, Context, Handler, Listing
from smartpay_mock.resources.orders import expire_due, is_up_to_date
from smartpay_mock.resources.seed_data import write_seed_data
from smartpay_mock.storage.base import Store, Unit
from smartpay_schemas import Operation

Params = Mapping[str, str]
Perform = Callable[[Operation, Params, Call], Answer]
Middleware = Callable[[Perform, Operation, Params, Call], Answer]
"""Stands between the callers and the pipeline; calls its first argument to go on."""

# Trimming at every call would be slow.
_TRIM_EVERY = 32


def _wake_nobody(_account: str) -> None:
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
    wake: Callable[[str], None] = _wake_nobody
    fresh_ids: Ids = field(default_factory=Ids)
    _calls: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Create the components that need others."""
        self.callers = Callers(self.settings, self.store)
        schedule = self.settings.webhook_schedule
        self.deliverer = Deliverer(
            self.store,
            clock_of=self.now_of,
            holder=self.fresh_ids.new("request"),
            anywhere=self.settings.webhooks_anywhere,
            retry_after_ms=parse_schedule(schedule) if schedule else RETRY_AFTER_MS,
        )

    def now_of(self, account_id: str) -> int:
        """Return an account's time, in milliseconds since the epoch."""
        with self.store.read(account_id) as unit:
            body = unit.get("account", account_id)
        return Account.from_bytes(body).clock.now_ms() if body else wall_ms()

    def opened(self, account_id: str) -> OpenAccount:
        """Open a unit of work on an account that is up to date.

        A new account gets its seed data; what is due by the account's clock has
        happened.
        """
        return OpenAccount(self, account_id)

    def context(self, unit: Unit, account: Account, ids: Ids) -> Context:
        """Return what handlers get, at the account's time."""
        now = account.clock.now_ms()
        return self.context_type(unit, now, ids, self.rules, self.settings)

    def trim(self, unit: Unit) -> None:
        """Delete the account's oldest journal entries and events, at some calls."""
        number = self._calls[unit.account] = self._calls.get(unit.account, 0) + 1
        if number % _TRIM_EVERY == 0:
            unit.trim(journal.KIND, self.settings.journal)
            outbox.trim(unit)


class OpenAccount:
    """A unit of work on an account that exists and is up to date."""

    __slots__ = ("_account_id", "_application", "_has_deliveries", "_unit_manager")

    def __init__(self, application: Application, account_id: str) -> None:
        self._application = application
        self._account_id = account_id
        self._has_deliveries = False

    def __enter__(self) -> tuple[Unit, Account]:
        while True:
            self._unit_manager = self._application.store.write(self._account_id)
            unit = self._unit_manager.__enter__()
            try:
                account = self._bring_up_to_date(unit)
            except BaseException as error:
                self._unit_manager.__exit__(type(error), error, error.__traceback__)
                raise
            if account is not None:
                return unit, account
            # Commit on its own what changed, so that a refused call cannot undo it.
            self._unit_manager.__exit__(None, None, None)
            if self._has_deliveries:
                self._application.wake(self._account_id)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unit_manager.__exit__(kind, error, traceback)

    def _bring_up_to_date(self, unit: Unit) -> Account | None:
        """Return the account, or ``None`` if something had to be changed first."""
        body = unit.get("account", self._account_id)
        if body is None:
            self._create(unit)
            return None
        account = Account.from_bytes(body)
        now = account.clock.now_ms()
        if is_up_to_date(unit, now):
            return account
        context = self._application.context(unit, account, account.ids())
        expire_due(context, until=now)
        self._has_deliveries = context.has_deliveries
        save_account(unit, account, context.ids)
        return None

    def _create(self, unit: Unit) -> None:
        seed = self._application.settings.seed
        account = Account(self._account_id, wall_ms(), seed=seed)
        unit.put("account", account.id, account.to_bytes())
        if self._account_id != SERVER_ACCOUNT:
            write_seed_data(unit)


def save_account(unit: Unit, account: Account, ids: Ids) -> None:
    """Save an account if a call changed it or drew ids from its seed.

    Args:
        unit: Of the account.
        account: The account.
        ids: The ids that the call used; counted with a seed only.
    """
    if account.has_changed or ids.drawn != account.drawn:
        account.drawn = ids.drawn
        unit.put("account", account.id, account.to_bytes())
