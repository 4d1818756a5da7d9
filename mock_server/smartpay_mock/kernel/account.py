"""An account: its state besides its objects, and which were used last."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any

from smartpay_mock.kernel.clock import AccountClock
from smartpay_mock.kernel.faults import Fault, Has, to_document
from smartpay_mock.kernel.ids import Ids
from smartpay_mock.kernel.json import decode, encode


@dataclass(slots=True)
class Account:
    """The state of one account, stored as one document.

    Attributes:
        id: Digest of the secret key.
        created_at: Milliseconds since the epoch.
        clock: The account's time.
        seed: The source of its ids; ``None`` for random ids.
        drawn: How many ids were drawn from the seed.
        faults: Its fault plans, also those that are spent.
        settings: Settings of this account, in place of the emulator's.
        has_changed: Whether it must be stored again; ``change`` sets it.
    """

    id: str
    created_at: int
    clock: AccountClock = field(default_factory=AccountClock)
    seed: int | None = None
    drawn: int = 0
    faults: list[Fault] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    has_changed: bool = False

    def change(self, **members: Any) -> None:
        """Set members; the account is stored when its unit of work ends."""
        for name, value in members.items():
            setattr(self, name, value)
        self.has_changed = True

    def ids(self) -> Ids:
        """Return the source of this account's ids."""
        return Ids(self.seed, self.id, self.drawn)

    def take_faults(
        self, operation: str, has: Has, *, skip: Collection[str] = ()
    ) -> tuple[list[Fault], list[Fault]]:
        """Count a call with the fault plans; return those that may apply to it.

        Args:
            operation: The operation id of the call.
            has: What the call contains.
            skip: Kinds that the server cannot carry out.

        Returns:
            The plans that may apply, and those of ``skip`` that would.
        """
        if not self.faults:
            return [], []
        before = [fault.seen for fault in self.faults]
        able = [fault for fault in self.faults if fault.kind not in skip]
        accepted = [fault for fault in able if fault.accepts(operation, has)]
        skipped = [
            fault
            for fault in self.faults
            if fault.kind in skip and replace(fault).accepts(operation, has)
        ]
        self.has_changed = before != [fault.seen for fault in self.faults]
        return accepted, skipped

    def give_back(self, ids: Collection[str]) -> None:
        """Count plans that had no effect on a call as not met by it."""
        for fault in self.faults:
            if fault.id in ids and fault.met:
                fault.met -= 1
                self.has_changed = True

    def to_bytes(self) -> bytes:
        """Return the document to store."""
        return encode(
            {
                "id": self.id,
                "createdAt": self.created_at,
                "offsetMs": self.clock.offset_ms,
                "frozenAtMs": self.clock.frozen_at_ms,
                "seed": self.seed,
                "drawn": self.drawn,
                "faults": [to_document(fault) for fault in self.faults],
                **({"settings": self.settings} if self.settings else {}),
            }
        )

    @classmethod
    def from_bytes(cls, body: bytes) -> Account:
        """Return the account stored as ``body``."""
        id_, created_at, clock, seed, drawn, faults, settings = _parts(body)
        return cls(
            id=id_,
            created_at=created_at,
            clock=clock,
            seed=seed,
            drawn=drawn,
            faults=[Fault(**fault) for fault in decode(faults)] if faults else [],
            settings=decode(settings) if settings else {},
        )


@dataclass(slots=True)
class Use:
    """What is counted for an account while it is in use.

    Attributes:
        calls: Calls in the journal.
        added: Bytes added to the journal since its size was checked.
        has_webhook: Whether it has the webhook endpoint of the settings.
    """

    calls: int = 0
    added: int = 0
    has_webhook: bool = False


class RecentAccounts:
    """The accounts that this process used last, the last one at the end.

    Their number is bounded: every test key is an account.

    Args:
        most: How many there are at the most.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._uses: OrderedDict[str, Use] = OrderedDict()

    def __contains__(self, account: str) -> bool:
        return account in self._uses

    def use(self, account: str) -> str | None:
        """Note that an account is used; return the one that is forgotten for it."""
        with self._lock:
            use = self._uses.pop(account, None)
            self._uses[account] = use or Use()
            if len(self._uses) > self._most:
                return self._uses.popitem(last=False)[0]
        return None

    def __getitem__(self, account: str) -> Use:
        return self._uses.get(account) or Use()


@lru_cache(maxsize=1024)
def _parts(
    body: bytes,
) -> tuple[str, int, AccountClock, int | None, int, bytes, bytes]:
    """Return the parts of a stored account, as values that cannot be changed.

    Every call reads its account, and most calls leave it unchanged.
    """
    kept: dict[str, Any] = decode(body)
    return (
        kept["id"],
        kept["createdAt"],
        AccountClock(kept["offsetMs"], kept["frozenAtMs"]),
        kept["seed"],
        kept["drawn"],
        encode(kept["faults"]) if kept["faults"] else b"",
        encode(kept["settings"]) if kept.get("settings") else b"",
    )
