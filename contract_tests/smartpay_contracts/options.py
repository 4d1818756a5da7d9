"""The kit's options: one table, read from the command line or the environment."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

ENV_PREFIX = "SMARTPAY_SANDBOX_"
FLAG_PREFIX = "--smartpay-"
NOTHING_CHECKED = "no clause was checked, so nothing is known of the server"


@dataclass(frozen=True, slots=True)
class Option:
    """One option of the kit.

    Attributes:
        name: Member of ``Options``; the flag and the variable follow from it.
        help: One sentence.
        metavar: What stands behind the flag; empty for a switch.
        also: Further environment variables, the names the official SDKs use.
    """

    name: str
    help: str
    metavar: str = ""
    also: tuple[str, ...] = ()

    @property
    def flag(self) -> str:
        """The command line's spelling, such as ``--smartpay-secret-key``."""
        return FLAG_PREFIX + self.name.replace("_", "-")

    @property
    def dest(self) -> str:
        """Where pytest keeps the value."""
        return f"smartpay_kit_{self.name}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables, the first one first."""
        return (ENV_PREFIX + self.name.upper(), *self.also)


TABLE = (
    Option("url", "Base URL of the server to check, with or without /v1.", "URL"),
    Option(
        "secret_key", "Secret test key (sk_test_...).", "KEY", ("SMARTPAY_SECRET_KEY",)
    ),
    Option(
        "public_key",
        "Public test key (pk_test_...), to check that it is refused.",
        "KEY",
        ("SMARTPAY_PUBLIC_KEY",),
    ),
    Option(
        "second_secret_key",
        "Secret test key of another account, to check that accounts are separate.",
        "KEY",
    ),
    Option("token", "Active token to charge (paytok_test_...).", "TOKEN"),
    Option("consumer_email", "E-mail address of a test consumer.", "EMAIL"),
    Option("consumer_password", "Password of that consumer.", "PASSWORD"),
    Option("consumer_url", "Base URL of the consumer's calls, if it differs.", "URL"),
    Option(
        "admin_token",
        "Token of the control plane, for an emulator on another machine.",
        "TOKEN",
    ),
    Option(
        "operations",
        "Check only these, such as orders,tokens or create_order.",
        "NAMES",
    ),
    Option("rate_limit", "Maximum calls per second.", "NUMBER"),
    Option("call_timeout", "Timeout per call, in seconds [default: 30].", "SECONDS"),
    Option("allow_remote", "Allow a server that is not on this machine."),
    Option("report_json", "Write the verdicts as JSON.", "FILE"),
    Option("report_html", "Write the verdicts as one HTML page.", "FILE"),
    Option("report_markdown", "Write the verdicts as Markdown.", "FILE"),
    Option(
        "parity_file",
        "File that keeps when each clause was last verified against a third-party "
        "server; a run against one updates it.",
        "FILE",
    ),
    Option(
        "max_parity_age",
        "Exit with 11 if a clause was not verified for this time, such as 30d or 12h.",
        "AGE",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of one run; ``TABLE`` says what each one means."""

    url: str | None = None
    secret_key: str | None = None
    public_key: str | None = None
    second_secret_key: str | None = None
    token: str | None = None
    consumer_email: str | None = None
    consumer_password: str | None = None
    consumer_url: str | None = None
    admin_token: str | None = None
    operations: frozenset[str] | None = None
    rate_limit: float | None = None
    call_timeout: float = 30.0
    allow_remote: bool = False
    report_json: Path | None = None
    report_html: Path | None = None
    report_markdown: Path | None = None
    parity_file: Path | None = None
    max_parity_age: int | None = None

    def for_url(self, url: str) -> Options:
        """Return these options with another ``url``."""
        values = {row.name: getattr(self, row.name) for row in TABLE}
        return Options(**{**values, "url": url})


def add_options(parser: pytest.Parser) -> None:
    """Register every option with pytest."""
    group = parser.getgroup("smartpay", "smartpay contract kit")
    for row in TABLE:
        help_ = f"{row.help} Variable: {' or '.join(row.variables)}."
        if row.metavar:
            group.addoption(row.flag, dest=row.dest, metavar=row.metavar, help=help_)
        else:
            group.addoption(row.flag, dest=row.dest, action="store_true", help=help_)


def read_options(
    config: pytest.Config, environ: Mapping[str, str] | None = None
) -> Options:
    """Return the options of this run; a flag wins over a variable.

    Raises:
        pytest.UsageError: A value is invalid; the message names the flag or variable
            and never repeats a key.
    """
    source = os.environ if environ is None else environ
    values: dict[str, object] = {}
    for row in TABLE:
        text, origin = _given(row, config.getoption(row.dest, default=None), source)
        if text is not None:
            values[row.name] = _read(row, text, origin)
    return Options(**values)  # type: ignore[arg-type]  # _READERS give the right types


def _given(
    row: Option, flag: str | bool | None, environ: Mapping[str, str]
) -> tuple[str | None, str]:
    """Return the text of an option and where it came from."""
    if flag:
        return ("1" if flag is True else flag), row.flag
    for variable in row.variables:
        if environ.get(variable):
            return environ[variable], variable
    return None, ""


def _read(row: Option, text: str, origin: str) -> object:
    reader = _READERS.get(row.name, str)
    try:
        return reader(text)
    except ValueError as error:
        raise pytest.UsageError(f"{origin}: {error}") from None


def check_secret_key(text: str) -> str:
    """Return a secret test key.

    Raises:
        ValueError: It is a live key or no key; the message does not repeat it.
    """
    if text.startswith("sk_live_"):
        raise ValueError(
            "this is a live key, and the kit creates orders that would charge people. "
            "Give a test key (sk_test_...). Live keys are never accepted."
        )
    if not (text.startswith("sk_test_") and text[8:].isalnum() and text.isascii()):
        raise ValueError(
            "this is not a secret test key. Give sk_test_ and letters and digits."
        )
    return text


def _public_key(text: str) -> str:
    if not text.startswith("pk_test_"):
        raise ValueError(
            "this is not a public test key. Give one that begins with pk_test_."
        )
    return text


def _token(text: str) -> str:
    if not text.startswith("paytok_test_"):
        raise ValueError(
            "this is not a test token. Give one that begins with paytok_test_."
        )
    return text


def read_operations(text: str) -> frozenset[str]:
    """Return the operations that names of resources or operations stand for.

    A resource is the first part of a path, such as ``orders``. The consumer's login is
    always among them.

    Raises:
        ValueError: A name is unknown.
    """
    from smartpay_schemas import OPERATIONS  # noqa: PLC0415 - not in every pytest run

    names = [part.strip() for part in text.split(",") if part.strip()] or [text]
    chosen = {row.id for row in OPERATIONS.values() if row.side == "consumer-login"}
    resources = sorted({row.path.split("/")[1] for row in OPERATIONS.values()})
    for name in names:
        spellings = {name, name.replace("_", "-")}
        found = {
            row.id
            for row in OPERATIONS.values()
            if row.id == name or row.path.split("/")[1] in spellings
        }
        if not found:
            raise ValueError(
                f"{name!r} is unknown. Give ids of operations, such as create_order, "
                f"or {', '.join(resources)}, with commas between them."
            )
        chosen |= found
    return frozenset(chosen)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise ValueError(f"{text!r} is not a number above 0, such as 5.")
    return number


def _switch(text: str) -> bool:
    return text.lower() not in {"0", "false", "no", "off"}


def read_age(text: str) -> int:
    """Return an age such as ``30d``, ``12h`` or ``90m`` in seconds.

    Raises:
        ValueError: It is not an age.
    """
    seconds = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}.get(text[-1:])
    if seconds is None or not text[:-1].isdecimal():
        raise ValueError(
            f"{text!r} is not an age. Write a number and d, h, m or s, such as 30d."
        )
    return int(text[:-1]) * seconds


_READERS: dict[str, Callable[[str], object]] = {
    "secret_key": check_secret_key,
    "second_secret_key": check_secret_key,
    "public_key": _public_key,
    "token": _token,
    "operations": read_operations,
    "rate_limit": _positive,
    "call_timeout": _positive,
    "allow_remote": _switch,
    "report_json": Path,
    "report_html": Path,
    "report_markdown": Path,
    "parity_file": Path,
    "max_parity_age": read_age,
}
