"""One visit to a page: whose account it shows, and reading its documents."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from smartpay_fixtures import sandbox_values
from smartpay_mock.api.application import Application
from smartpay_mock.control.routes import PREFIX
from smartpay_mock.kernel.account import Account
from smartpay_mock.kernel.errors import NotFoundError
from smartpay_mock.kernel.ids import account_id
from smartpay_mock.kernel.json import decode
from smartpay_mock.kernel.text import whole_number
from smartpay_mock.storage.base import Row, StoreNotWritable, Unit

Document = dict[str, Any]

ROOT = f"{PREFIX}/ui"
PAGE_ROWS = 50
_SEARCHED_AT_ONCE = 1_000


class Visit(NamedTuple):
    """A request for a page.

    Attributes:
        application: The emulator's components.
        account: Id of the account that the page shows.
        section: A key of ``SECTIONS``.
        id: Of the object that the page is about; empty for a list.
        query: Query parameters.
        base_url: Scheme and authority of the emulator.
        breaks_connections: Whether the server can break connections.
    """

    application: Application
    account: str
    section: str
    id: str = ""
    query: Mapping[str, str] = ()  # type: ignore[assignment]  # never changed
    base_url: str = ""
    breaks_connections: bool = False

    @property
    def key(self) -> str:
        """The secret key of the account, or a placeholder: keys are not stored."""
        return known_key(self.application, self.account) or "sk_test_YOUR_KEY"

    def url(self, section: str = "", id_: str = "", **query: object) -> str:
        """Return the URL of a page of this account."""
        parts = [ROOT, self.account, section or self.section, quote(id_, safe="")]
        path = "/".join(part for part in parts if part)
        chosen = {name: text for name, text in query.items() if text}
        return f"{path}?{urlencode(chosen)}" if chosen else path

    def update(self) -> None:
        """Bring the account up to date: what is due by its clock happens."""
        with (
            suppress(StoreNotWritable),  # it is shown as it is
            self.application.opened(self.account),
        ):
            pass

    @contextmanager
    def read(self) -> Iterator[tuple[Unit, Account]]:
        """Open a unit for reading on the account."""
        with self.application.store.read(self.account) as unit:
            body = unit.get("account", self.account)
            if body is None:
                raise NotFoundError(f"There is no account {self.account!r}.")
            yield unit, Account.from_bytes(body)

    def find(self, unit: Unit, kind: str) -> Document:
        """Return the document that the page is about.

        Raises:
            NotFoundError: The account has none with this id.
        """
        row = unit.row(kind, self.id)
        if row is None:
            name = kind.replace("_", " ")
            raise NotFoundError(f"This account has no {name} {self.id!r}.")
        return read(row)

    def rows(
        self,
        kind: str,
        *,
        needles: Sequence[bytes] = (),
        matches: Callable[[Row], bool] = lambda _: True,
    ) -> tuple[list[Row], str]:
        """Return the rows of a table and the URL of the older ones.

        A search opens a unit for each part of it, so that calls of the account go on.

        Args:
            kind: Which documents.
            needles: Bytes that a document must contain. Most documents are passed over
                by this, without being decoded.
            matches: Whether a row is wanted; by default, each is.
        """
        name = f"{kind}-before"
        # Any other text chooses the first page.
        before = whole_number(self.query.get(name, ""))
        needles = [needle for needle in needles if needle]
        size = _SEARCHED_AT_ONCE if needles else PAGE_ROWS + 1
        found: list[Row] = []
        while len(found) <= PAGE_ROWS:
            with self.application.store.read(self.account) as unit:
                chunk = unit.page(kind, limit=size, before=before)
            found += [row for row in chunk if _has(row, needles) and matches(row)]
            if len(chunk) < size:
                break
            before = chunk[-1].seq
        if len(found) <= PAGE_ROWS:
            return found, ""
        query = {**self.query, name: found[PAGE_ROWS - 1].seq}
        return found[:PAGE_ROWS], self.url(self.section, self.id, **query)


def known_key(application: Application, account: str) -> str:
    """Return the secret key of an account, if it is documented or in the settings."""
    keys = (sandbox_values().secret_key, *application.settings.accounts)
    return next((key for key in keys if account_id(key) == account), "")


def _has(row: Row, needles: Sequence[bytes]) -> bool:
    """Return whether a document contains all of these bytes."""
    stored = row.body + (row.attachment or b"") if needles else b""
    return all(needle in stored for needle in needles)


def read(row: Row) -> Document:
    """Return the stored document of a row."""
    document: Document = decode(row.body)
    return document
