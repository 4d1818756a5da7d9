"""The half of a unit that refuses: every way to write, in a unit for reading."""

from __future__ import annotations

from typing import NoReturn

from smartpay_mock.storage.base import Row, read_only


class ReadOnly:
    """Mixed in before a unit's class, it turns every write into ``StoreError``."""

    __slots__ = ()

    account: str

    def put(
        self,
        kind: str,
        id_: str,
        body: bytes,
        *,
        index_key: str | None = None,
        due: int | None = None,
        attachment: bytes | None = None,
    ) -> NoReturn:
        """Refuse."""
        raise read_only(self.account)

    def delete(self, kind: str, id_: str) -> NoReturn:
        """Refuse."""
        raise read_only(self.account)

    def trim(self, kind: str, keep: int) -> NoReturn:
        """Refuse."""
        raise read_only(self.account)

    def load(self, kind: str, row: Row) -> NoReturn:
        """Refuse."""
        raise read_only(self.account)

    def clear(self) -> NoReturn:
        """Refuse."""
        raise read_only(self.account)

    def discard(self) -> None:
        """Do nothing: there is nothing to forget."""
