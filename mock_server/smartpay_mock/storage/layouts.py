"""The tables, version by version. Both databases have the same ones.

``STEPS[n]`` leads from version n to n + 1; a new database takes all of them. A step,
once released, is never changed: a change is one more step.
"""

from __future__ import annotations

import string

APPLICATION_ID = 0x534D5059
"""``SMPY``, in the header of every SQLite file of ours."""

# Version 1: documents, found by id and by number, and who has which lease.
#
# PostgreSQL picks an index by what it believes about the data; on new tables that is
# nothing, and it stays with its first plan. So each question is made to match one
# index only: $exact is a collation that sorts like $text's and yet is another one, and
# an index serves none but its own; $ever is "due" in a form that no other index has
# ("sql_postgres.py" has who asks how).
_DOCUMENTS = (
    "CREATE TABLE documents ("
    " account $text NOT NULL, kind $text NOT NULL, id $text NOT NULL,"
    " seq $integer NOT NULL, owner $text, due $integer,"
    " body $bytes NOT NULL, attachment $bytes)",
    # The id comes first: it tells best, and it is all that locate() knows.
    "CREATE UNIQUE INDEX documents_by_id"
    " ON documents (id$exact, kind$exact, account$exact)",
    "CREATE UNIQUE INDEX documents_by_seq ON documents (account, kind, seq)",
    "CREATE INDEX documents_by_owner"
    " ON documents (account$exact, kind$exact, owner$exact, seq)"
    " WHERE owner IS NOT NULL",
    "CREATE INDEX documents_by_due ON documents (account$exact, kind$exact, due, seq)"
    " WHERE due IS NOT NULL",
    "CREATE TABLE leases ("
    " name $text PRIMARY KEY, holder $text NOT NULL, until_ms $integer NOT NULL)",
)

# Version 2: numbers that outlive their documents, counting without reading them, and
# what is due in any account.
_NUMBERS = (
    "CREATE TABLE accounts ("
    " account $text PRIMARY KEY, numbers TEXT NOT NULL, documents $integer NOT NULL)",
    "INSERT INTO accounts (account, numbers, documents)"
    " SELECT account,"
    " '{' || $join('\"' || kind || '\":[' || last || ',' || n || ']', ',') || '}',"
    " sum(n) FROM (SELECT account, kind, max(seq) AS last, count(*) AS n"
    " FROM documents GROUP BY account, kind) AS kinds GROUP BY account",
    "CREATE INDEX documents_by_due_ever ON documents (kind, $ever, account)"
    " WHERE due IS NOT NULL",
)

STEPS = (_DOCUMENTS, _NUMBERS)

CURRENT = len(STEPS)
"""The version this code works with."""

SQLITE = {
    "integer": "INTEGER",
    "bytes": "BLOB",
    "text": "TEXT",
    "exact": "",
    "ever": "due",
    "join": "group_concat",
}
POSTGRESQL = {
    "integer": "BIGINT",
    "bytes": "BYTEA",
    "text": 'TEXT COLLATE "POSIX"',
    "exact": ' COLLATE "C"',
    "ever": "(due + 0)",
    "join": "string_agg",
}


def statements(
    *, version: int, dialect: dict[str, str], until: int | None = None
) -> list[str]:
    """Return what leads from one version to another.

    Args:
        version: From 0, where there is nothing yet.
        dialect: :data:`SQLITE` or :data:`POSTGRESQL`.
        until: The version it leads to, :data:`CURRENT` if left out.
    """
    return [
        string.Template(statement).substitute(dialect)
        for step in STEPS[version:until]
        for statement in step
    ]
