"""The account as a whole: counts, seed, reset and snapshots.

A snapshot is plain JSON and can be restored into any account of any emulator.
"""

from __future__ import annotations

import base64
from itertools import groupby
from operator import itemgetter
from typing import Any

from smartpay_mock.control.documents import KINDS, LAST_DUE, Ids, problem_of
from smartpay_mock.control.health import SETTINGS
from smartpay_mock.control.routes import Request, Routes, json_object
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.clock import LAST_MS
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.faults import check_fault
from smartpay_mock.kernel.json import decode, encode
from smartpay_mock.storage.base import Row, dump
from smartpay_schemas import problems

routes = Routes()

VERSION = 1

_COUNT = {"type": "integer", "minimum": 0, "maximum": LAST_DUE}
_COUNT_OR_NULL = {**_COUNT, "type": ["integer", "null"]}
_NAME = {"type": "string", "minLength": 1, "maxLength": 1_000, "pattern": "^[^\\x00]+$"}
_INT64 = {"type": "integer", "minimum": -(1 << 63), "maximum": (1 << 63) - 1}
_SEED = json_object("seed", seed=_INT64)
_ROW = json_object(
    *("kind", "seq", "id", "owner", "due", "body"),
    kind={"enum": sorted(KINDS)},
    seq={"type": "integer", "minimum": 1, "maximum": (1 << 40) - 1},
    id=_NAME,
    owner={**_NAME, "type": ["string", "null"]},
    due=_COUNT_OR_NULL,
    body={"type": ["object", "array"]},
    attachment={"type": "string"},
)
_SNAPSHOT = {
    **json_object(
        *("version", "documents"),
        version={"type": "integer"},
        documents={"type": "array", "items": _ROW},
    ),
    "description": "A snapshot from GET /__admin/snapshots.",
}
_PLAN = ("operation", "kind", "when", "times", "after", "matching")
_ACCOUNT = {
    "type": "object",
    "properties": {
        "createdAt": _COUNT,
        "offsetMs": {**_COUNT, "minimum": -LAST_DUE},
        "frozenAtMs": {**_COUNT_OR_NULL, "maximum": LAST_MS},
        "seed": {**_INT64, "type": ["integer", "null"]},
        "drawn": _COUNT,
        "settings": SETTINGS,
        "faults": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "seen": _COUNT, "met": _COUNT},
                "required": ["id", "seen", "met"],
            },
        },
    },
    "required": ["createdAt", "offsetMs", "frozenAtMs", "seed", "drawn", "faults"],
}


@routes.add("POST", "/reset")
def reset(request: Request) -> None:
    """Delete everything of the account.

    Clock, faults, holds, idempotency keys, journal and webhooks are deleted too.
    """
    request.application.holds.clear(request.account)
    with request.application.store.write(request.account) as unit:
        unit.clear()


@routes.add("GET", "/state")
def show_state(request: Request) -> Any:
    """Count the account's documents by kind."""
    with request.opened() as ctx:
        counts = {kind: ctx.unit.count(kind) for kind in ctx.unit.kinds()}
        return {"account": decode(ctx.account.to_bytes()), "counts": counts}


@routes.add("POST", "/seed", body=_SEED)
def set_seed(request: Request) -> Any:
    """Make the account's ids repeatable.

    The count of ids goes on. Otherwise the same seed, set twice, would give two
    objects the same id.
    """
    with request.opened() as ctx:
        ctx.account.change(seed=request.body["seed"])
    return {"seed": request.body["seed"]}


@routes.add("GET", "/snapshots")
def take_snapshot(request: Request) -> Any:
    """Take a snapshot of the account."""
    with request.opened() as ctx:
        dumped = list(dump(ctx.unit))
    rows = []
    for kind, group in groupby(dumped, key=itemgetter(0)):
        # Numbered from 1 in each kind, so that equal accounts have equal snapshots.
        rows += [_row_to_json(kind, seq, row) for seq, (_, row) in enumerate(group, 1)]
    return {"version": VERSION, "documents": rows}


@routes.add("PUT", "/snapshots", body=_SNAPSHOT)
def restore_snapshot(request: Request) -> None:
    """Replace the account's state by a snapshot."""
    rows = _read_snapshot(request.body, request.account)
    with request.application.store.write(request.account) as unit:
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
    request.application.holds.clear(request.account)
    request.application.wake(request.account)


def _read_snapshot(snapshot: dict[str, Any], account_id: str) -> list[tuple[str, Row]]:
    """Return kind and row of each document, in the order to store them.

    Raises:
        SandboxUsageError: The snapshot has another version or is damaged.
    """
    if snapshot["version"] != VERSION:
        raise SandboxUsageError(
            f"The snapshot has version {snapshot['version']}, but this emulator reads "
            f"version {VERSION}. Take the snapshot again."
        )
    documents = sorted(snapshot["documents"], key=itemgetter("kind", "seq"))
    ids: dict[str, set[str]] = {}
    for item in documents:
        known = ids.setdefault(item["kind"], set())
        if item["id"] in known:
            raise _damaged(item, "it is in it twice")
        known.add(item["id"])
    if len(ids.get("account", "")) > 1:
        raise _damaged(documents[0], "there is another account")
    return [(item["kind"], _checked(item, ids, account_id)) for item in documents]


def _checked(item: dict[str, Any], ids: Ids, account_id: str) -> Row:
    """Return the row of a document in a snapshot.

    Raises:
        SandboxUsageError: The document is damaged.
    """
    try:
        row = _row_from_json(item, account_id)
        problem = problem_of(item["kind"], row, item["body"], ids)
    except (LookupError, TypeError, ValueError, SandboxUsageError) as error:
        raise _damaged(item, error) from None
    if problem:
        raise _damaged(item, problem)
    return row


def _damaged(item: dict[str, Any], reason: object) -> SandboxUsageError:
    return SandboxUsageError(
        f"The snapshot is damaged: {item['kind']} {item['id'][:80]!r}: {reason}. "
        "Nothing was changed. Take the snapshot again."
    )


def _row_to_json(kind: str, seq: int, row: Row) -> dict[str, Any]:
    document = {
        "kind": kind,
        "seq": seq,
        "id": row.id,
        "owner": row.index_key,
        "due": row.due,
        "body": decode(row.body),
    }
    if row.attachment is not None:
        document["attachment"] = base64.b64encode(row.attachment).decode("ascii")
    return document


def _row_from_json(item: dict[str, Any], account_id: str) -> Row:
    id_, body = item["id"], encode(item["body"])
    if item["kind"] == "account":
        id_, body = account_id, _account_body(item["body"], account_id)
    attachment = item.get("attachment")
    if attachment is not None:
        attachment = base64.b64decode(attachment, validate=True)
    return Row(
        seq=item["seq"],
        id=id_,
        body=body,
        attachment=attachment,
        index_key=item["owner"],
        due=item["due"],
    )


def _account_body(document: dict[str, Any], account_id: str) -> bytes:
    """Return an account's document under another account id.

    Raises:
        ValueError: The document is not valid.
        SandboxUsageError: A fault plan in it is not valid.
    """
    for problem in problems(_ACCOUNT, document):
        raise ValueError(f"account.{problem.message}")
    for fault in document["faults"]:
        plan = {name: value for name, value in fault.items() if name in _PLAN}
        check_fault(fault["id"], **plan, **fault.get("options", {}))
    return Account.from_bytes(encode({**document, "id": account_id})).to_bytes()
