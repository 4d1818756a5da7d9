"""The settings of the emulator, in one table.

Each setting has a flag of ``smartpay-sandbox serve`` and an environment variable
``SMARTPAY_SANDBOX_<NAME>``. A flag takes precedence over the variable.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.kernel.hosts import host_of, is_loopback
from smartpay_mock.kernel.ids import is_secret_key
from smartpay_schemas import EVENTS
from smartpay_schemas.urls import split_url

_LONGEST_URL = 255
ENV_PREFIX = "SMARTPAY_SANDBOX_"
_RESEMBLES = 0.93  # of the whole name, including the long common prefix
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}
_OF_ONE_PROCESS = {"", "memory:", "sqlite:", "sqlite://", "sqlite:///:memory:"}


def _flag(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError("send 1 or 0")


def _keys(text: str) -> tuple[str, ...]:
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not all(map(is_secret_key, keys)):
        raise ValueError("one of them is not a secret test key, such as sk_test_4eC39")
    return keys


def _host_names(text: str) -> tuple[str, ...]:
    names = tuple(part.strip().lower() for part in text.split(",") if part.strip())
    if any(host_of(name) != name or ":" in name for name in names):
        raise ValueError("name hosts without scheme and port, such as shop.test")
    return names


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return text

    return read


def _pattern(pattern: str, expected: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text and not re.fullmatch(pattern, text):
            raise ValueError(expected)
        return text

    return read


def _url(text: str) -> str:
    if text:
        split_url(text)
    if len(text) > _LONGEST_URL:
        raise ValueError(f"it has more than {_LONGEST_URL} characters")
    return text


def _event_types(text: str) -> tuple[str, ...]:
    types = tuple(part.strip() for part in text.split(",") if part.strip())
    for type_ in types:
        if type_ not in EVENTS:
            raise ValueError(f"{type_!r} is none of {', '.join(EVENTS)}")
    return types


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = highest + 1
        if not lowest <= number <= highest:
            raise ValueError(f"send a whole number from {lowest} to {highest}")
        return number

    return read


def _setting(
    default: Any,
    help_: str,
    read: Callable[[str], Any] = str,
    unit: str = "",
    *,
    is_secret: bool = False,
) -> Any:
    about = {"help": help_, "read": read, "unit": unit, "is_secret": is_secret}
    return field(default=default, metadata=about)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one emulator. Each has a default."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(
        8585, "Port to listen on; 0 picks a free one.", _whole(0, 65535)
    )
    hosts: tuple[str, ...] = _setting(
        (),
        "Further host names to answer API and checkout on, separated by commas; only "
        "an emulator on loopback checks them.",
        _host_names,
    )
    state: str = _setting(
        "memory:",
        "Store: memory:, sqlite:///FILE or postgresql://...",
        is_secret=True,
    )
    server: str = _setting(
        "threads",
        "HTTP server: threads (every fault) or granian (fast; needs the extra fast).",
        _choice("threads", "granian"),
    )
    workers: int = _setting(
        1, "Processes; needs granian and a state that processes share.", _whole(1, 64)
    )
    accounts: tuple[str, ...] = _setting(
        (),
        "Secret keys to accept, separated by commas; none accepts each test key.",
        _keys,
        is_secret=True,
    )
    strict: bool = _setting(
        False, "Refuse requests that cause advice with 400 request.invalid.", _flag
    )
    inactive_token: str = _setting(
        "rejected",
        "Result of an order from a disabled token: rejected, or error (400).",
        _choice("rejected", "error"),
    )
    body_limit: int = _setting(
        1_048_576,
        "Maximum size of a request body, in bytes.",
        _whole(1_024, 1 << 30),
        "bytes",
    )
    journal: int = _setting(
        1_000,
        "Requests to keep in the journal, per account.",
        _whole(0, 1_000_000),
        "requests",
    )
    journal_bytes: int = _setting(
        64 << 20,
        "Size of the journal, per account; a quarter more is kept at times.",
        _whole(1 << 20, 1 << 40),
        "bytes",
    )
    idle_accounts: int = _setting(
        2_000,
        "Accounts without objects of their own to keep in memory; those used longest "
        "ago are dropped, with their journals.",
        _whole(1, 1_000_000),
        "accounts",
    )
    webhooks_anywhere: bool = _setting(
        False, "Deliver webhooks to other hosts too.", _flag
    )
    webhooks_loopback: bool = _setting(
        False,
        "Deliver webhooks to this machine even if the emulator listens beyond "
        "loopback.",
        _flag,
    )
    webhook_schedule: str = _setting(
        "",
        "Pauses between delivery attempts, such as 90s,5m,1h; empty means ten "
        "attempts in three days.",
    )
    captures: str = _setting(
        "processed",
        "Result of each capture, by request or automatic: processed or failed.",
        _choice("processed", "failed"),
    )
    refunds: str = _setting(
        "succeeded",
        "Result of each new refund: succeeded or failed.",
        _choice("succeeded", "failed"),
    )
    webhook: str = _setting(
        "",
        "URL of a webhook endpoint that each account has from the start.",
        _url,
    )
    events: tuple[str, ...] = _setting(
        (),
        "Event types for --webhook, separated by commas; none sends all.",
        _event_types,
    )
    webhook_secret: str = _setting(
        "",
        "Signing secret for --webhook; by default it follows from the URL.",
        _pattern(
            r"[0-9B-Za-z][0-9A-Za-z]{7,99}", "send 8 to 100 of [0-9A-Za-z], no A first"
        ),
        is_secret=True,
    )
    seed: int | None = _setting(
        None,
        "Seed for ids, so that each account repeats them.",
        _whole(-(1 << 63), (1 << 63) - 1),
    )
    admin_token: str = _setting(
        "",
        "Bearer token of the control plane on other hosts; generated if empty.",
        is_secret=True,
    )
    tls: bool = _setting(False, "Serve HTTPS too, with a new CA.", _flag)
    tls_port: int = _setting(0, "Port of HTTPS; 0 picks a free one.", _whole(0, 65535))
    mutant: str = _setting(
        "", "Serve a deliberately broken variant (see: mutants list)."
    )

    def __post_init__(self) -> None:
        """Refuse invalid values and combinations."""
        for row in fields(self):
            value = getattr(self, row.name)
            if isinstance(value, str | int) and value != row.default:
                read_setting(row.name, str(value), origin=row.name)
        if self.workers > 1 and self.state.partition("?")[0] in _OF_ONE_PROCESS:
            raise SandboxUsageError(
                f"workers={self.workers} needs a state that processes share: "
                "set state to sqlite:///FILE or postgresql://..., or use 1 worker."
            )

    @property
    def reaches_loopback(self) -> bool:
        """Whether webhooks may be delivered to this machine."""
        return self.webhooks_loopback or is_loopback(self.host)


def _refuse_misspelt(environ: Mapping[str, str]) -> None:
    known = [environment_name(row.name) for row in fields(Settings)]
    for name in environ:
        if name.startswith(ENV_PREFIX) and name not in known:
            # A name that resembles no setting may belong to the application.
            for near in get_close_matches(name, known, n=1, cutoff=_RESEMBLES):
                raise SandboxUsageError(
                    f"Unknown setting {name}. Did you mean {near}? Unset or rename it."
                )


def environment_name(name: str) -> str:
    """Return the name of a setting's environment variable."""
    return ENV_PREFIX + name.upper()


def read_setting(name: str, text: str, *, origin: str) -> Any:
    """Return the value of setting ``name`` given as ``text``.

    Args:
        name: A member of ``Settings``.
        text: As the user wrote it.
        origin: The name to use in the error (``--port``, ``SMARTPAY_SANDBOX_PORT``).

    Raises:
        SandboxUsageError: The text is not a value of this setting.
    """
    row = next(member for member in fields(Settings) if member.name == name)
    try:
        return row.metadata["read"](text)
    except ValueError as error:
        shown = "..." if row.metadata["is_secret"] else repr(text)
        raise SandboxUsageError(
            f"{origin}={shown} is not valid: {error}. {row.metadata['help']}"
        ) from None


def load_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Return the settings from the environment and from flags that are not ``None``.

    Raises:
        SandboxUsageError: A value is not valid, or the name of a variable is
            misspelled; the text names the flag or the variable.
    """
    source = os.environ if environ is None else environ
    _refuse_misspelt(source)
    values: dict[str, Any] = {}
    for row in fields(Settings):
        variable = environment_name(row.name)
        if variable in source:
            values[row.name] = read_setting(row.name, source[variable], origin=variable)
    values.update({name: value for name, value in flags.items() if value is not None})
    return Settings(**values)
