"""Chance against a model: long random histories give what a plain list would give."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from smartpay_mock.storage import Row, Store, Unit
from smartpay_mock.storage.base import dump

KINDS = ("order", "timer")
IDS = tuple(f"id{n}" for n in range(12))
KEYS = (None, "x", "y")


@dataclass
class Model:
    """An account as a list of rows for each kind: slow and evidently right.

    Rows are in the order of their first ``put``; their numbers are all 0.
    """

    rows: dict[str, list[Row]] = field(default_factory=lambda: {k: [] for k in KINDS})

    def copy(self) -> Model:
        """Return a model that changes by itself."""
        return Model({kind: list(rows) for kind, rows in self.rows.items()})

    def put(self, kind: str, row: Row) -> None:
        """Insert or replace."""
        rows = self.rows[kind]
        for place, known in enumerate(rows):
            if known.id == row.id:
                rows[place] = row
                return
        rows.append(row)

    def delete(self, kind: str, id_: str) -> bool:
        """Delete and say whether there was one."""
        rows = [row for row in self.rows[kind] if row.id != id_]
        was_there = len(rows) < len(self.rows[kind])
        self.rows[kind] = rows
        return was_there


def unnumbered(rows: list[Row]) -> list[Row]:
    """Return the rows as the model has them."""
    return [row._replace(seq=0) for row in rows]


def change(chance: random.Random, unit: Unit, model: Model) -> None:
    """Do one thing to both."""
    kind, id_ = chance.choice(KINDS), chance.choice(IDS)
    match chance.choices(("put", "delete", "trim", "clear"), (70, 24, 5, 1))[0]:
        case "put":
            row = Row(
                seq=0,
                id=id_,
                body=chance.randbytes(3),
                attachment=chance.choice((None, b"", b"a")),
                index_key=chance.choice(KEYS),
                due=chance.choice((None, *range(5))),
            )
            _, _, body, attachment, key, due = row
            unit.put(kind, id_, body, attachment=attachment, index_key=key, due=due)
            model.put(kind, row)
        case "delete":
            assert unit.delete(kind, id_) == model.delete(kind, id_)
        case "trim":
            keep = chance.randrange(8)
            unit.trim(kind, keep)
            model.rows[kind] = model.rows[kind][-keep:] if keep else []
        case _:
            unit.clear()
            model.__init__()  # type: ignore[misc] # as new


def compare(chance: random.Random, unit: Unit, model: Model) -> None:
    """Ask one question of both."""
    kind = chance.choice(KINDS)
    rows = model.rows[kind]
    match chance.randrange(4):
        case 0:
            id_ = chance.choice(IDS)
            found = unit.row(kind, id_)
            expected = [row for row in rows if row.id == id_]
            assert unnumbered([found] if found else []) == expected
        case 1:
            compare_pages(chance, unit, kind, rows)
        case 2:
            compare_due(chance, unit, kind, rows)
        case _:
            assert unit.kinds() == [name for name in KINDS if model.rows[name]]


def compare_pages(
    chance: random.Random, unit: Unit, kind: str, rows: list[Row]
) -> None:
    """Count, read a page and all that comes after it."""
    key, limit = chance.choice(KEYS), chance.randint(1, 9)
    newest = [row for row in reversed(rows) if key in {None, row.index_key}]
    page = unit.page(kind, limit=limit, index_key=key)
    assert unit.count(kind) == len(rows)
    assert unnumbered(page) == newest[:limit]
    if page:
        rest = unit.page(kind, limit=99, index_key=key, before=page[-1].seq)
        assert unnumbered(page + rest) == newest


def compare_due(chance: random.Random, unit: Unit, kind: str, rows: list[Row]) -> None:
    """Ask what is due, and when something will be."""
    until, limit = chance.randrange(5), chance.randint(1, 9)
    scheduled = [row for row in rows if row.due is not None]
    scheduled.sort(key=lambda row: row.due or 0)
    due = [row for row in scheduled if (row.due or 0) <= until]
    assert unnumbered(unit.due(kind, until=until, limit=limit)) == due[:limit]
    assert unit.next_due(kind) == (scheduled[0].due if scheduled else None)


def live_through(chance: random.Random, store: Store, model: Model) -> Model:
    """Run one unit on both; return the model after it."""
    changed = model.copy()
    try:
        with store.write("a") as unit:
            for _ in range(chance.randint(1, 14)):
                if chance.random() < 0.6:
                    change(chance, unit, changed)
                else:
                    compare(chance, unit, changed)
                if chance.random() < 0.03:
                    unit.discard()
                    changed = model.copy()
            1 / (chance.random() > 0.1)
    except ZeroDivisionError:
        return model
    return changed


@pytest.mark.parametrize("seed", range(4))
def test_random_histories_give_what_the_model_gives(store: Store, seed: int) -> None:
    """Units of random writes and questions, some discarded, some interrupted."""
    chance, model = random.Random(seed), Model()  # noqa: S311 - repeatable on purpose

    for _ in range(120):
        model = live_through(chance, store, model)

        expected = [(kind, row) for kind in KINDS for row in model.rows[kind]]
        with store.read("a") as unit:
            dumped = list(dump(unit))
            assert [(kind, row._replace(seq=0)) for kind, row in dumped] == expected
            compare(chance, unit, model)
        dues = [row.due for row in model.rows["timer"] if row.due is not None]
        assert store.due_accounts("timer", 2) == (
            ["a"] if min(dues, default=9) <= 2 else []
        )
