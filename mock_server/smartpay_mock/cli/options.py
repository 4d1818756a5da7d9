"""Flags of ``serve``, made from the settings table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from smartpay_mock.kernel.settings import (
    Settings,
    environment_name,
    load_settings,
    read_setting,
)


def flag_name(setting: str) -> str:
    """Return the flag of a setting."""
    return "--" + setting.replace("_", "-")


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command one flag per setting."""
    for row in reversed(fields(Settings)):
        unit = f" In {row.metadata['unit']}." if row.metadata["unit"] else ""
        default = row.default if row.default not in {"", None, ()} else "none"
        help_ = f"{row.metadata['help']}{unit} [{environment_name(row.name)}]"
        is_switch = isinstance(row.default, bool)
        command = click.option(
            flag_name(row.name),
            row.name,
            is_flag=is_switch,
            default=None,
            metavar=None if is_switch else "VALUE",
            help=help_ if is_switch else f"{help_} Default: {default}.",
        )(command)
    return command


def settings_from(flags: dict[str, Any]) -> Settings:
    """Return the settings that flags and environment ask for.

    Raises:
        SandboxUsageError: A value cannot be used.
    """
    values = {
        name: read_setting(name, value, origin=flag_name(name))
        if isinstance(value, str)
        else value
        for name, value in flags.items()
        if value is not None
    }
    return load_settings(**values)
