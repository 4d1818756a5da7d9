"""Chance against a model: long random histories give what a plain list would give."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

import pytest

from smartpay_mock.storage import Row, Store, Unit

KINDS = ("order", "timer")
IDS = tuple(f"id{n}" for n in range(12))
OWNERS = (None, "x", "y")


@dataclass
class Model:
    """An account as a list of rows for each kind: slow and evidently right."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {k: [] for k in KINDS})
    last: dict[str, int] = field(default_factory=lambda: dict.fromkeys(KINDS, 0))

    def copy(self) -> Model:
        """Return a model that changes by itself."""
        rows = {kind: list(rows) for kind, rows in self.rows.items()}
        return replace(self, rows=rows, last=dict(self.last))

    def put(self, kind: str, row: Row) -> None:
        """Insert or replace, numbering as promised."""
        rows = self.rows[kind]
        for place, known in enumerate(rows):
            if known.id == row.id:
                rows[place] = row._replace(seq=known.seq)
                return
        self.last[kind] += 1
        rows.append(row._replace(seq=self.last[kind]))

    def delete(self, kind: str, id_: str) -> bool:
        """Delete and say whether there was one."""
        rows = [row for row in self.rows[kind] if row.id != id_]
        was_there = len(rows) < len(self.rows[kind])
        self.rows[kind] = rows
        return was_there


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
                index_key=chance.choice(OWNERS),
                due=chance.choice((None, *range(5))),
            )
            _, _, body, attachment, owner, due = row
            unit.put(kind, id_, body, attachment=attachment, index_key=owner, due=due)
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
    kind, id_ = chance.choice(KINDS), chance.choice(IDS)
    owner, before, limit = (
        chance.choice(OWNERS),
        chance.choice((None, *range(1, 40))),
        chance.randint(1, 9),
    )
    rows = model.rows[kind]
    owned = [row for row in rows if owner in {None, row.index_key}]
    below = [row for row in owned if before is None or row.seq < before]
    due = sorted(
        (row for row in rows if row.due is not None), key=lambda row: (row.due, row.seq)
    )
    until = chance.randrange(5)

    match chance.randrange(6):
        case 0:
            found = unit.row(kind, id_)
            assert found == next((row for row in rows if row.id == id_), None)
        case 1:
            page = unit.page(kind, limit=limit, before=before, index_key=owner)
            assert page == below[::-1][:limit]
        case 2:
            expected = [row for row in due if (row.due or 0) <= until][:limit]
            assert unit.due(kind, until=until, limit=limit) == expected
        case 3:
            assert unit.next_due(kind) == (due[0].due if due else None)
        case 4:
            assert unit.count(kind, index_key=owner) == len(owned)
        case _:
            assert unit.kinds() == [name for name in KINDS if model.rows[name]]


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
            assert list(unit.dump()) == expected
            compare(chance, unit, model)
        dues = [row.due for row in model.rows["timer"] if row.due is not None]
        assert store.due_accounts("timer", 2) == (
            ["a"] if min(dues, default=9) <= 2 else []
        )
