"""What an emulator is made of, and how work on an account begins and ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType

from smartpay_mock.api import journal
from smartpay_mock.api.callers import SERVER_ACCOUNT, Callers
from smartpay_mock.api.gates import Gates
from smartpay_mock.api.idempotency import Idempotency
from smartpay_mock.api.pagination import ReadPage, read_page
from smartpay_mock.api.validation import Validate, validated
from smartpay_mock.events import outbox
from smartpay_mock.events.delivery import Deliverer
from smartpay_mock.events.schedule import RETRY_AFTER_MS, parse_schedule
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.rules import Rules
from smartpay_mock.kernel.settings import Settings
from smartpay_mock.resources import HANDLERS, LISTINGS, Context, Handler, Listing
from smartpay_mock.resources.timers import is_settled, settle
from smartpay_mock.resources.world import build_world
from smartpay_mock.storage.base import Store, Unit

# Trimming at every call would cost time at every call.
_TIDY_EVERY = 32


def _nobody(_account: str) -> None:
    """Tell nobody: no worker delivers webhooks."""


@dataclass(slots=True)
class Works:
    """What an emulator is made of; an evil twin exchanges one of its parts.

    Attributes:
        settings: How it behaves.
        store: Where state lives.
        rules: Tables and windows it goes by.
        handlers: Operation id to handler.
        listings: Operation id of each list to what it lists.
        validate: Holds a body against its operation's schema.
        read_page: Reads one page of a list.
        context_type: What handlers get.
        idempotency: What becomes of idempotency keys.
        callers: Finds the account of a call.
        gates: Where a test holds calls.
        deliverer: Delivers webhooks.
        notify: Called with an account that has webhooks to deliver.
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
    gates: Gates = field(default_factory=Gates)
    deliverer: Deliverer = field(init=False)
    notify: Callable[[str], None] = _nobody
    fresh_ids: Ids = field(default_factory=Ids)
    _turns: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Make the parts that need the others."""
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

        A new account gets its standard world; what is due by its clock has happened.

        Args:
            account_id: The account.
        """
        return OpenAccount(self, account_id)

    def context(self, unit: Unit, account: Account, ids: Ids) -> Context:
        """Return what handlers get, at the account's time."""
        now = account.clock.now_ms()
        return self.context_type(unit, now, ids, self.rules, self.settings)

    def tidy(self, unit: Unit) -> None:
        """Forget, at some of the account's calls, the oldest of what is bounded."""
        turn = self._turns[unit.account] = self._turns.get(unit.account, 0) + 1
        if turn % _TIDY_EVERY == 0:
            unit.trim(journal.KIND, self.settings.journal)
            outbox.trim(unit)


class OpenAccount:
    """A unit of work on an account that exists and is settled."""

    __slots__ = ("_account_id", "_has_post", "_unit_manager", "_works")

    def __init__(self, works: Works, account_id: str) -> None:
        self._works = works
        self._account_id = account_id
        self._has_post = False

    def __enter__(self) -> tuple[Unit, Account]:
        while True:
            self._unit_manager = self._works.store.write(self._account_id)
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
            if self._has_post:
                self._works.notify(self._account_id)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._unit_manager.__exit__(kind, error, traceback)

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
        context = self._works.context(unit, account, account.ids())
        settle(context, until=now)
        self._has_post = context.has_post
        keep_account(unit, account, context.ids)
        return None

    def _create(self, unit: Unit) -> None:
        account = Account(self._account_id, wall_ms(), seed=self._works.settings.seed)
        unit.put("account", account.id, account.to_bytes())
        if self._account_id != SERVER_ACCOUNT:
            build_world(unit)


def keep_account(unit: Unit, account: Account, ids: Ids) -> None:
    """Keep what a call changed in the account itself: faults it met, ids it drew.

    Args:
        unit: Of the account.
        account: Kept if it was changed or has drawn.
        ids: What the call drew from; counted with a seed only.
    """
    if account.has_changed or ids.drawn != account.drawn:
        account.drawn = ids.drawn
        unit.put("account", account.id, account.to_bytes())
