"""What a page consists of, as plain values for the template."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

from smartpay_mock.kernel.json import decode


class Field(NamedTuple):
    """An input of a form.

    Attributes:
        name: Its name.
        label: English text beside it.
        kind: ``select``, or a type of ``<input>``.
        value: What it has at first.
        options: Of a select; an empty one is shown as a dash.
        is_required: Whether a browser insists on a value.
    """

    name: str
    label: str
    kind: str = "text"
    value: str = ""
    options: Sequence[str] = ()
    is_required: bool = False


class Form(NamedTuple):
    """A form with one button.

    Attributes:
        action: A key of ``ACTIONS``.
        button: English text of the button.
        fields: Its inputs.
        hidden: Values that it sends beside them.
        title: English heading; empty for a button alone.
        is_pressed: Whether it shows the current state, which the button would set.
        about: What a button alone acts on, for screen readers.
        is_danger: Whether it deletes something.
        to: URL that it is sent to; by default, that of its page.
    """

    action: str
    button: str
    fields: Sequence[Field] = ()
    hidden: Mapping[str, str] = MappingProxyType({})
    title: str = ""
    is_pressed: bool | None = None
    about: str = ""
    is_danger: bool = False
    to: str = ""

    @property
    def has_file(self) -> bool:
        """Whether it sends a file."""
        return any(one.kind == "file" for one in self.fields)


CellKind = Literal["text", "word", "code", "status", "time", "number"]


class Cell(NamedTuple):
    """A value in a table or list.

    Attributes:
        value: Text, or milliseconds since the epoch for a ``time``.
        kind: ``word`` is an English text, ``status`` too, and has a colour.
        href: Where it leads.
        forms: Buttons in place of a value.
    """

    value: Any = ""
    kind: CellKind = "text"
    href: str = ""
    forms: Sequence[Form] = ()


class Table(NamedTuple):
    """A table.

    Attributes:
        id: Unique on its page.
        title: English heading.
        heads: English headings of the columns.
        rows: Key and cells of each row; keys are unique on the page.
        empty: English text in place of rows.
        curl: A command that creates the first row.
        older: URL of the next page, if there is one.
    """

    id: str
    title: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[Cell]]]
    empty: str
    curl: str = ""
    older: str = ""


class Block(NamedTuple):
    """A text with a heading and a button that copies it."""

    title: str
    text: str


class Page(NamedTuple):
    """A page.

    Attributes:
        title: Its heading; an English text, or an id.
        status: Beside the heading.
        facts: English label and value.
        filters: Inputs that choose rows.
        forms: What one can do.
        tables: Rows that stay up to date.
        blocks: Texts to copy.
        links: English label and URL of further pages.
        note: English text below the heading.
    """

    title: str
    status: str = ""
    facts: Sequence[tuple[str, Cell]] = ()
    filters: Sequence[Field] = ()
    forms: Sequence[Form] = ()
    tables: Sequence[Table] = ()
    blocks: Sequence[Block] = ()
    links: Sequence[tuple[str, str]] = ()
    note: str = ""


def money(amount: int, currency: str) -> Cell:
    """Return an amount with its currency."""
    return Cell(f"{amount:,} {currency}", "number")


def pretty(text: str) -> str:
    """Return JSON with line breaks; another text stays as it is."""
    try:
        return json.dumps(decode(text.encode()), indent=2, ensure_ascii=False)
    except ValueError:
        return text
