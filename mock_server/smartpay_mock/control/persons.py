"""Tokens and consumers: whether they are active, and what authorizing them decides."""

from __future__ import annotations

from typing import Any

from smartpay_mock.api.application import Application
from smartpay_mock.kernel.codec import decode
from smartpay_mock.kernel.errors import NotFoundError, SandboxUsageError
from smartpay_mock.resources.consumers import keep_consumer
from smartpay_mock.resources.tokens import keep_token
from smartpay_mock.resources.views import plain
from smartpay_mock.storage.base import Unit
from smartpay_schemas import LIFECYCLES

DECISIONS = ("approved", "declined", "declined_softly")
_ALL = 10_000


def list_documents(
    engine: Application, account_id: str, kind: str
) -> list[dict[str, Any]]:
    """Return every stored document of a kind, newest first, without private members."""
    with engine.opened(account_id) as (unit, _account):
        return [plain(decode(row.body)) for row in unit.page(kind, limit=_ALL)]


def get_document(
    engine: Application, account_id: str, kind: str, id_: str
) -> dict[str, Any]:
    """Return one stored document, without private members.

    Raises:
        NotFoundError: There is none.
    """
    with engine.opened(account_id) as (unit, _account):
        return plain(_find(unit, kind, id_))


def change_token(
    engine: Application,
    account_id: str,
    id_: str,
    *,
    status: str | None = None,
    decision: str | None = None,
) -> dict[str, Any]:
    """Set a token's status or decision outright, whatever the lifecycle says.

    Args:
        engine: The emulator.
        account_id: Whose token.
        id_: The token.
        status: A state of the token's lifecycle.
        decision: ``approved`` or ``declined``.

    Raises:
        NotFoundError: There is no such token.
        SandboxUsageError: The status or decision is unknown.
    """
    _check_choice("status", status, LIFECYCLES["token"].states)
    _check_choice("decision", decision, DECISIONS)
    with engine.opened(account_id) as (unit, account):
        token = _find(unit, "token", id_)
        if status is not None:
            token["status"] = status
        if decision is not None:
            token["_decision"] = decision
        keep_token(engine.context(unit, account, account.ids()), token)
        return plain(token)


def change_consumer(
    engine: Application,
    account_id: str,
    id_: str,
    *,
    active: bool | None = None,
    decision: str | None = None,
) -> dict[str, Any]:
    """Set whether a consumer is active, or what authorizing it decides.

    Raises:
        NotFoundError: There is no such consumer.
        SandboxUsageError: The decision is unknown.
    """
    _check_choice("decision", decision, DECISIONS)
    with engine.opened(account_id) as (unit, account):
        consumer = _find(unit, "consumer", id_)
        if active is not None:
            consumer["active"] = active
        if decision is not None:
            consumer["decision"] = decision
        keep_consumer(engine.context(unit, account, account.ids()), consumer)
        return plain(consumer)


def _find(unit: Unit, kind: str, id_: str) -> dict[str, Any]:
    body = unit.get(kind, id_)
    if body is None:
        known = [row.id for row in unit.page(kind, limit=20)]
        raise NotFoundError.among(kind.replace("_", " "), id_, known)
    document: dict[str, Any] = decode(body)
    return document


def _check_choice(name: str, value: str | None, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        raise SandboxUsageError(
            f"{name}: {value!r} is unknown; send one of {', '.join(allowed)}."
        )
