"""Open the store that a URL names."""

# ruff: noqa: PLC0415 - a store's driver is imported when that store is used

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from smartpay_mock.storage.base import Store, StoreError

FORMS = "memory:, sqlite:///state.db, postgresql://user@host/database"
"""What a URL of a store looks like."""

SQLITE_OPTIONS = ("synchronous", "busy_ms")
POSTGRES_OPTIONS = ("schema", "pool", "busy_ms")
"""Options after the question mark. PostgreSQL takes those of libpq, too."""

SYNCHRONOUS = ("full", "normal", "off")


def open_store(url: str | None = None) -> Store:
    """Return the store that ``url`` names.

    Args:
        url: ``None`` or ``memory:`` for this process's memory; ``sqlite:///state.db``
            for a file (options in ``storage.sqlite``); ``postgresql://…`` for a
            database (options in ``storage.postgres``).

    Raises:
        StoreError: The kind of store or an option is unknown, or the state cannot be
            opened; the text says what to do.
        StoreUnavailable: The database cannot be reached.
    """
    url = url or "memory:"
    scheme = url.partition(":")[0]
    opener = _OPENERS.get(scheme)
    if opener is None or ":" not in url:
        raise StoreError(f"Unknown state {_shown(url)!r}. Use one of: {FORMS}.")
    return opener(url)


def _memory(url: str) -> Store:
    from smartpay_mock.storage.memory import MemoryStore

    if url.removeprefix("memory:").strip("/"):
        raise StoreError(f"{url}: memory: takes nothing after the colon.")
    return MemoryStore()


def _sqlite(url: str) -> Store:
    from smartpay_mock.storage.sqlite import BUSY_MS, SqliteStore

    path, options = _sqlite_path(url), _options(url, SQLITE_OPTIONS)
    synchronous = options.get("synchronous", "full").lower()
    if synchronous not in SYNCHRONOUS:
        raise StoreError(
            f"{url}: synchronous={synchronous} is unknown. "
            f"Use one of: {', '.join(SYNCHRONOUS)}."
        )
    busy_ms = _whole(url, options, "busy_ms", BUSY_MS)
    return SqliteStore(path, synchronous=synchronous, busy_ms=busy_ms)


def _postgres(url: str) -> Store:
    try:
        from smartpay_mock.storage import postgres
    except ImportError as error:
        raise StoreError(
            f"{_shown(url)} needs psycopg ({error}). Install it with: "
            "pip install 'smartpay-sandbox[postgres]'."
        ) from error

    base, _, query = url.partition("?")
    given = parse_qsl(query, keep_blank_values=True)
    ours = {name: value for name, value in given if name in POSTGRES_OPTIONS}
    rest = [(name, value) for name, value in given if name not in ours]
    schema = ours.get("schema", postgres.SCHEMA)
    if not re.fullmatch(r"[a-z_][a-z0-9_]{0,62}", schema):
        raise StoreError(
            f"{_shown(url)}: schema={schema} must be lower-case letters, digits and _."
        )
    return postgres.PostgresStore(
        f"{base}?{urlencode(rest, quote_via=quote)}",
        schema=schema,
        pool_size=_whole(url, ours, "pool", postgres.POOL_SIZE),
        busy_ms=_whole(url, ours, "busy_ms", postgres.BUSY_MS),
    )


def _sqlite_path(url: str) -> Path | None:
    parts = urlsplit(url)
    if parts.netloc:
        raise StoreError(
            f"{url}: the path starts after three slashes: "
            f"sqlite:///{parts.netloc}{parts.path} (four for an absolute path)."
        )
    name = unquote(parts.path).removeprefix("/")
    return Path(name) if name not in {"", ":memory:"} else None


def _options(url: str, known: Sequence[str]) -> Mapping[str, str]:
    options = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    unknown = sorted(set(options) - set(known))
    if unknown:
        raise StoreError(
            f"{_shown(url)}: unknown option {unknown[0]}. "
            f"Known: {', '.join(sorted(known))}."
        )
    return options


def _whole(url: str, options: Mapping[str, str], name: str, default: int) -> int:
    value = options.get(name, str(default))
    if not (value.isdecimal() and int(value)):
        raise StoreError(f"{_shown(url)}: {name}={value} is not a whole number from 1.")
    return int(value)


def _shown(url: str) -> str:
    """Return ``url`` without user and password."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


_OPENERS: dict[str, Callable[[str], Store]] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgresql": _postgres,
    "postgres": _postgres,
}
