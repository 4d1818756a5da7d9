"""The statements as PostgreSQL gets them: prepared once, then called by name.

A round trip is one line of text, ``EXECUTE this(…); EXECUTE that(…)``, so that any
number of them costs one exchange, no parsing of statements and no planning.
"""

from __future__ import annotations

import itertools
import re

from smartpay_mock.storage import sql

EXACT = {"ROW", "DELETE", "LOCATE", "OWNED", "COUNT_OWNED", "DUE", "NEXT_DUE"}
"""Statements that compare in the collation of the indexes by id, owner and due."""

_IN_EXACT = r'\1 = \2 COLLATE "C"'


def _prepared(name: str, statement: str) -> str:
    """Return a statement with ``$1``, ``$2`` … for its values."""
    numbers = itertools.count(1)
    text = re.sub(r"\?", lambda _: f"${next(numbers)}", statement)
    if name in EXACT:
        text = re.sub(r"\b(account|kind|owner|id) = (\$\d)", _IN_EXACT, text)
    if name == "DUE_ACCOUNTS":
        text = text.replace("due <=", "due + 0 <=")
    return f"PREPARE {name.lower()} AS {text}"


_NAMES = {
    text: name
    for name, text in vars(sql).items()
    if name.isupper() and not name.startswith("_")
}

PREPARE = "; ".join(_prepared(name, text) for text, name in _NAMES.items())
"""What makes a new connection know every statement."""

CALLS = {
    text: f"EXECUTE {name.lower()}({', '.join(['%s'] * text.count('?'))})".replace(
        "()", ""
    )
    for text, name in _NAMES.items()
}
"""How each of ``sql``'s statements is called, with psycopg's placeholders."""
