"""A URL opens a store; the message about a wrong URL says what to do."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from smartpay_mock import storage
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.storage import open_store


@pytest.mark.parametrize(
    ("url", "name"),
    [
        (None, "memory"),
        ("", "memory"),
        ("memory:", "memory"),
        ("memory://", "memory"),
        ("sqlite://", "sqlite"),
        ("sqlite:///:memory:", "sqlite"),
        ("sqlite:///:memory:?busy_ms=5", "sqlite"),
    ],
)
def test_a_url_opens_the_store_it_names(url: str | None, name: str) -> None:
    """Nothing at all is memory."""
    with open_store(url) as store:
        opened = store.name

    assert opened == name


@pytest.mark.parametrize(
    ("url", "complaint"),
    [
        ("mysql://host/db", r"Unknown state 'mysql://host/db'. Use one of: memory:"),
        ("mysql://me:secret@host/db", r"^Unknown state 'mysql://host/db'"),
        ("state.db", r"Unknown state 'state.db'.*sqlite:///state.db"),
        ("memory:state.db", "takes nothing after the colon"),
        ("sqlite://state.db", "sqlite:///state.db .four for an absolute path"),
        ("sqlite:///x.db?synchronous=fast", "Use one of: full, normal, off"),
        ("sqlite:///x.db?mode=ro", "unknown option mode. Known: busy_ms, synch"),
        ("sqlite:///x.db?busy_ms=long", r"busy_ms=long is not a whole number"),
        ("postgresql:///db?pool=many", r"pool=many is not a whole number"),
        ("postgresql:///db?schema=a-b", r"schema=a-b .* letters"),
    ],
)
def test_the_message_about_a_wrong_url_says_what_is_right(
    url: str, complaint: str
) -> None:
    """It is a usage error that says what and what instead, without a password."""
    with pytest.raises(SandboxUsageError, match=complaint):
        open_store(url)


def test_a_path_may_be_relative_and_hold_any_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three slashes start at the working directory; %-escapes are decoded."""
    monkeypatch.chdir(tmp_path)

    open_store("sqlite:///with%20blank.db").close()
    open_store(f"sqlite:///{tmp_path}/absolute.db").close()

    assert {path.name for path in tmp_path.iterdir()} == {
        "with blank.db",
        "absolute.db",
    }


@pytest.mark.parametrize(
    ("url", "loaded"), [("memory:", set()), ("sqlite://", {"sqlite3"})]
)
def test_a_driver_is_loaded_when_its_store_is_used(url: str, loaded: set[str]) -> None:
    """A store in memory loads no database at all."""
    program = (
        "import sys; from smartpay_mock.storage import open_store;"
        f"open_store({url!r}).close(); print(*sys.modules)"
    )

    output = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout

    assert {"sqlite3", "psycopg", "psycopg_pool"} & set(output.split()) == loaded


def test_without_psycopg_the_text_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The message names the extra that installs the driver."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "smartpay_mock.storage.postgres", raising=False)
    monkeypatch.delattr(storage, "postgres", raising=False)

    with pytest.raises(SandboxUsageError, match=r"smartpay-sandbox\[postgres\]"):
        open_store("postgresql://localhost/db")
