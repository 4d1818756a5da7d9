"""All that an account holds: reset it, take a snapshot, restore one.

A snapshot is plain JSON and can be restored into any account of any emulator.
"""

from __future__ import annotations

import base64
from itertools import groupby
from operator import itemgetter
from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.control.bodies import ACCOUNT
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.codec import decode, encode
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import check_fault
from smartpay_mock.storage.base import Row
from smartpay_schemas import problems

VERSION = 1


def reset(engine: Application, account_id: str) -> None:
    """Forget everything of an account; its next call finds the standard world.

    Clock, faults, holds, keys, journal and webhooks go with it.
    """
    engine.holds.clear(account_id)
    with engine.store.write(account_id) as unit:
        unit.clear()


def take_snapshot(engine: Application, account_id: str) -> dict[str, Any]:
    """Return everything of an account as one JSON document."""
    with engine.opened(account_id) as (unit, _account):
        dumped = list(unit.dump())
    rows = []
    for kind, group in groupby(dumped, key=itemgetter(0)):
        # Numbered anew, so that equal accounts have equal snapshots.
        rows += [_row_to_json(kind, seq, row) for seq, (_, row) in enumerate(group, 1)]
    return {"version": VERSION, "documents": rows}


def restore_snapshot(
    engine: Application, account_id: str, snapshot: dict[str, Any]
) -> None:
    """Replace everything of an account by a snapshot.

    Args:
        engine: The emulator.
        account_id: Whose documents are replaced.
        snapshot: Fits ``bodies.SNAPSHOT``.

    Raises:
        SandboxUsageError: It is no snapshot of this version; nothing is changed.
    """
    if snapshot["version"] != VERSION:
        raise SandboxUsageError(
            f"The snapshot has version {snapshot['version']}, not {VERSION}; take it "
            "anew with this version of the emulator."
        )
    try:
        rows = _rows_from_json(snapshot["documents"], account_id)
    except (LookupError, TypeError, ValueError) as error:
        raise SandboxUsageError(
            f"The snapshot is damaged at {error}; take it anew."
        ) from None
    with engine.store.write(account_id) as unit:
        unit.clear()
        for kind, row in rows:
            unit.put(
                kind,
                row.id,
                row.body,
                index_key=row.index_key,
                due=row.due,
                attachment=row.attachment,
            )
    engine.holds.clear(account_id)
    engine.wake(account_id)


def _owned(document: dict[str, Any], account_id: str) -> bytes:
    """Return the document of the account itself, under another id.

    Raises:
        ValueError: It is none.
    """
    for problem in problems(ACCOUNT, document):
        raise ValueError(f"account.{problem.message}")
    account = Account.from_bytes(encode({**document, "id": account_id}))
    for fault in account.faults:
        check_fault(
            fault.id,
            operation=fault.operation,
            kind=fault.kind,
            when=fault.when,
            times=fault.times,
            after=fault.after,
            **fault.options,
        )
    return account.to_bytes()


def _row_to_json(kind: str, seq: int, row: Row) -> dict[str, Any]:
    kept = {
        "kind": kind,
        "seq": seq,
        "id": row.id,
        "owner": row.index_key,
        "due": row.due,
        "body": decode(row.body),
    }
    if row.attachment is not None:
        kept["attachment"] = base64.b64encode(row.attachment).decode("ascii")
    return kept


def _rows_from_json(items: list[Any], account_id: str) -> list[tuple[str, Row]]:
    """Return the documents of a snapshot in the order they are to be stored.

    Raises:
        ValueError: Two have the same id.
    """
    rows = [_row_from_json(item, account_id) for item in items]
    rows.sort(key=lambda entry: (entry[0], entry[1].seq))
    seen: set[tuple[str, str]] = set()
    for kind, row in rows:
        if (kind, row.id) in seen:
            raise ValueError(f"{kind} {row.id!r}, which is there twice")
        seen.add((kind, row.id))
    return rows


def _row_from_json(item: dict[str, Any], account_id: str) -> tuple[str, Row]:
    attachment = item.get("attachment")
    is_account = item["kind"] == "account"
    return item["kind"], Row(
        seq=item["seq"],
        id=account_id if is_account else item["id"],
        body=_owned(item["body"], account_id) if is_account else encode(item["body"]),
        attachment=None
        if attachment is None
        else base64.b64decode(attachment, validate=True),
        index_key=item["owner"],
        due=item["due"],
    )
