"""Every setting of the emulator, in one table.

A setting has a flag of ``smartpay-sandbox serve`` and an environment variable
``SMARTPAY_SANDBOX_<NAME>``; a flag wins over the variable, both over the default.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from smartpay_mock.kernel.errors import SandboxUsageError

ENV_PREFIX = "SMARTPAY_SANDBOX_"
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"", "0", "false", "no", "off"}


def _flag(text: str) -> bool:
    if text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    raise ValueError("send 1 or 0")


def _names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _choice(*allowed: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"choose one of {', '.join(allowed)}")
        return text

    return read


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        number = int(text)
        if not lowest <= number <= highest:
            raise ValueError(f"send a whole number from {lowest} to {highest}")
        return number

    return read


def _setting(
    default: Any, help_: str, read: Callable[[str], Any] = str, unit: str = ""
) -> Any:
    return field(default=default, metadata={"help": help_, "read": read, "unit": unit})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How one emulator behaves. Every member has a default."""

    host: str = _setting("127.0.0.1", "Address to listen on.")
    port: int = _setting(
        8585, "Port to listen on; 0 takes a free one.", _whole(0, 65535)
    )
    state: str = _setting(
        "memory:",
        "Where state is kept: memory:, sqlite:///FILE or postgresql://...",
    )
    server: str = _setting(
        "threads",
        "threads (carries out every fault) or granian (fast; extra 'fast').",
        _choice("threads", "granian"),
    )
    workers: int = _setting(
        1, "Processes, with granian and a shared state.", _whole(1, 64)
    )
    accounts: tuple[str, ...] = _setting(
        (),
        "Secret keys allowed, separated by commas; none means every test key.",
        _names,
    )
    strict: bool = _setting(False, "Turn advice into 400 request.invalid.", _flag)
    inactive_token: str = _setting(
        "rejected",
        "What a disabled token makes of an order: rejected, or error (400).",
        _choice("rejected", "error"),
    )
    body_limit: int = _setting(
        1_048_576, "Largest request body.", _whole(1_024, 1 << 30), "bytes"
    )
    journal: int = _setting(
        1_000, "Requests remembered per account.", _whole(0, 1_000_000), "requests"
    )
    webhooks_anywhere: bool = _setting(
        False, "Deliver webhooks to addresses that are not loopback.", _flag
    )
    webhook_schedule: str = _setting(
        "",
        "Pauses between attempts to deliver, such as 90s,5m,1h; ten in three days "
        "if empty.",
    )
    seed: int | None = _setting(None, "Make ids repeatable, account by account.", int)
    admin_token: str = _setting(
        "", "Bearer token of the control plane off loopback; generated if empty."
    )
    tls: bool = _setting(False, "Serve HTTPS too, with a CA of its own.", _flag)
    mutant: str = _setting("", "Run a deliberately broken variant (see mutants list).")

    def __post_init__(self) -> None:
        """Refuse values that contradict each other."""
        if self.workers > 1 and self.state == "memory:":
            raise SandboxUsageError(
                f"workers={self.workers} needs a state that processes share: "
                "set state to sqlite:///FILE or postgresql://..., or use 1 worker."
            )


def environment_name(name: str) -> str:
    """Return the environment variable of a setting."""
    return ENV_PREFIX + name.upper()


def read_setting(name: str, text: str, *, origin: str) -> Any:
    """Return the value of setting ``name`` given as ``text``.

    Args:
        name: A member of ``Settings``.
        text: As written by a person.
        origin: What to name in the error (``--port``, ``SMARTPAY_SANDBOX_PORT``).

    Raises:
        SandboxUsageError: The text is not a value of this setting.
    """
    row = next(member for member in fields(Settings) if member.name == name)
    try:
        return row.metadata["read"](text)
    except ValueError as error:
        raise SandboxUsageError(
            f"{origin}={text!r} cannot be used: {error}. {row.metadata['help']}"
        ) from None


def load_settings(environ: Mapping[str, str] | None = None, **flags: Any) -> Settings:
    """Return the settings from the environment and from flags that are not ``None``.

    Raises:
        SandboxUsageError: A value cannot be used; the text names where it came from.
    """
    source = os.environ if environ is None else environ
    values: dict[str, Any] = {}
    for row in fields(Settings):
        variable = environment_name(row.name)
        if variable in source:
            values[row.name] = read_setting(row.name, source[variable], origin=variable)
    values.update({name: value for name, value in flags.items() if value is not None})
    return Settings(**values)
