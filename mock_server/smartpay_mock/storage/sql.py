"""Every statement that SQLite and PostgreSQL have in common, with ``?`` for a value.

Two tables (``layouts.py``): ``documents``, one row for each; and ``accounts``, which
has for each account, as JSON by kind, the last number given and how many documents
there are, so that counting and numbering never look at the documents.

The unique keys are (id, kind, account) and (account, kind, seq). A document is written
by its number: what is there already is replaced, what is new is inserted, and what was
thought new but is not runs into the other key.
"""

from __future__ import annotations

_COLUMNS = "seq, id, body, attachment, owner, due"
_KIND = f"SELECT {_COLUMNS} FROM documents WHERE account = ? AND kind = ?"  # noqa: S608 - constants

ROW = f"{_KIND} AND id = ?"
PAGE = f"{_KIND} AND seq < ? ORDER BY seq DESC LIMIT ?"
OWNED = f"{_KIND} AND owner = ? AND seq < ? ORDER BY seq DESC LIMIT ?"
DUE = f"{_KIND} AND due <= ? ORDER BY due, seq LIMIT ?"
AFTER = f"{_KIND} AND seq > ? ORDER BY seq LIMIT ?"
NEXT_DUE = (
    "SELECT due FROM documents WHERE account = ? AND kind = ? AND due IS NOT NULL"
    " ORDER BY due LIMIT 1"
)
COUNT_OWNED = (
    "SELECT count(*) FROM documents WHERE account = ? AND kind = ? AND owner = ?"
)
SEQ_IN_USE = "SELECT 1 FROM documents WHERE account = ? AND kind = ? AND seq = ?"
NUMBERS = "SELECT numbers FROM accounts WHERE account = ?"

UPSERT = (
    f"INSERT INTO documents (account, kind, {_COLUMNS})"  # noqa: S608 - constants
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (account, kind, seq) DO UPDATE SET body = excluded.body,"
    " attachment = excluded.attachment, owner = excluded.owner, due = excluded.due"
)
DELETE = "DELETE FROM documents WHERE account = ? AND kind = ? AND id = ?"
TRIM = (
    "DELETE FROM documents WHERE account = ? AND kind = ? AND seq <="
    " (SELECT seq FROM documents WHERE account = ? AND kind = ?"
    " ORDER BY seq LIMIT 1 OFFSET ?)"
)
CLEAR = "DELETE FROM documents WHERE account = ?"
KEEP_NUMBERS = (
    "INSERT INTO accounts (account, numbers, documents) VALUES (?, ?, ?)"
    " ON CONFLICT (account) DO UPDATE SET numbers = excluded.numbers,"
    " documents = excluded.documents"
)
DROP_NUMBERS = "DELETE FROM accounts WHERE account = ?"

ACCOUNTS = "SELECT account FROM accounts WHERE documents > 0"
LOCATE = "SELECT account FROM documents WHERE id = ? AND kind = ?"
DUE_ACCOUNTS = "SELECT account FROM documents WHERE kind = ? AND due <= ?"
LEASE = (
    "INSERT INTO leases (name, holder, until_ms) VALUES (?, ?, ?)"
    " ON CONFLICT (name) DO UPDATE SET holder = excluded.holder,"
    " until_ms = excluded.until_ms"
    " WHERE leases.holder = excluded.holder OR leases.until_ms <= ?"
)
RELEASE = "DELETE FROM leases WHERE name = ? AND holder = ?"
