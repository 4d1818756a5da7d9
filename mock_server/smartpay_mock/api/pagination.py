"""Lists: newest first, by keyset, so every page costs the same.

A page token names the last row of the page before and is bound to its account and
list. Source: go:types.go; the order and the token's form are *assumed*.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from smartpay_mock.kernel.rules import Rules
from smartpay_mock.resources import Listing
from smartpay_mock.resources.context import all_of, invalid
from smartpay_mock.storage.base import Unit

_SEAL_BYTES = 9


@dataclass(frozen=True, slots=True)
class Page:
    """One page of stored documents.

    Attributes:
        bodies: As kept, newest first.
        limit: The page size asked for.
        page_token: The token this page was asked with; empty on the first.
        next_token: ``None`` on the last page.
    """

    bodies: list[bytes]
    limit: int
    page_token: str
    next_token: str | None


ReadPage = Callable[..., Page]
"""Reads one page of a list, with the arguments of ``read_page``."""


def read_page(
    unit: Unit,
    listing: Listing,
    query: Mapping[str, str],
    *,
    rules: Rules,
    list_name: str,
) -> Page:
    """Return the page that the query asks for.

    Raises:
        ApiError: ``request.invalid`` for a page size out of range or a page token that
            is not this list's.
    """
    token = query.get("pageToken", "")
    scope = f"{unit.account}/{list_name}"
    limit, before = all_of(
        lambda: _page_size(query, rules),
        lambda: _open_token(token, scope) if token else None,
    )
    rows = unit.page(
        listing.kind, limit=limit + 1, before=before, index_key=listing.index_key
    )
    has_more = len(rows) > limit
    rows = rows[:limit]
    return Page(
        bodies=[row.body for row in rows],
        limit=limit,
        page_token=token,
        next_token=_make_token(rows[-1].seq, scope) if has_more else None,
    )


def _seal(seq: int, scope: str) -> bytes:
    return hashlib.blake2b(f"{scope}/{seq}".encode(), digest_size=_SEAL_BYTES).digest()


def _make_token(seq: int, scope: str) -> str:
    body = seq.to_bytes(6, "big") + _seal(seq, scope)
    return base64.urlsafe_b64encode(body).decode("ascii")


def _open_token(token: str, scope: str) -> int:
    try:
        body = base64.b64decode(token.encode("ascii"), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        body = b""
    seq = int.from_bytes(body[:6], "big")
    if len(body) != 6 + _SEAL_BYTES or body[6:] != _seal(seq, scope):
        raise invalid(
            "pageToken: it is not a nextPageToken of this list; "
            "send one as it was received, or none for the first page"
        )
    return seq


def _page_size(query: Mapping[str, str], rules: Rules) -> int:
    """Return how many results the caller wants.

    Raises:
        ApiError: ``request.invalid`` unless it is a whole number in range.

    Source: default go:types.go; the largest is *assumed*.
    """
    asked = query.get("maxResults", "")
    if not asked:
        return rules.page_size
    if asked.isascii() and asked.isdigit() and 1 <= int(asked[:9]) <= rules.page_limit:
        return int(asked)
    raise invalid(
        f"maxResults: {asked[:40]!r} is out of range; "
        f"send a whole number from 1 to {rules.page_limit}"
    )
