"""What goes wrong below: a branch of ``kernel.errors.StoreError``.

::

    StoreError            state cannot be opened, read or kept
    `-- StoreUnavailable  not now: the same call may succeed later
"""

from __future__ import annotations

from smartpay_mock.kernel.errors import StoreError

__all__ = ["StoreError", "StoreUnavailable"]


class StoreUnavailable(StoreError):  # noqa: N818 - a state, as in "503 Unavailable"
    """The store cannot be reached or is busy; the same call may succeed later."""


def second_unit() -> StoreError:
    """Build the error for a thread that asks the store while it has a unit open."""
    return StoreError(
        "This thread has a unit of work open already, and the store may have to wait "
        "for it. End it first, then ask the store for something else."
    )


def read_only(account: str) -> StoreError:
    """Build the error for writing in a unit that was opened for reading."""
    return StoreError(
        f"This unit on the account {account!r} was opened with read() and cannot "
        "write. Open it with write()."
    )


def closed(name: str) -> StoreError:
    """Build the error for using a store after it was closed."""
    return StoreError(f"The {name} store is closed. Open a new one with open_store().")


def taken(kind: str, id_: str, seq: int) -> StoreError:
    """Build the error for loading a document onto another one."""
    return StoreError(
        f"The {kind} {id_!r} cannot be loaded as number {seq}: the number is not free, "
        "or the id is there already, or it is below 1. Clear the account, then load."
    )
