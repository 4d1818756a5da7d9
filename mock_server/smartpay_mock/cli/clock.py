"""``clock``: show and set the time of an account."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import click

from smartpay_mock.cli.emulator import on_emulator
from smartpay_mock.cli.output import coloured, json_option, long_time, print_json
from smartpay_mock.kernel.clock import wall_ms
from smartpay_mock.kernel.errors import SandboxUsageError
from smartpay_mock.testing.client import AccountClient

_UNITS = {
    **{"ms": "milliseconds", "s": "seconds", "m": "minutes"},
    **{"h": "hours", "d": "days"},
}
_SPAN = re.compile(r"([0-9]{1,12})(ms|[smhd])")
_ACTIONS = ("freeze", "run", "set", "reset")
_USAGE = "Use +SPAN, such as +7d or +1h30m, or one of: freeze, run, set TIME, reset."


@click.command()
@click.argument(
    "action",
    default="",
    shell_complete=lambda *args: [
        name for name in _ACTIONS if name.startswith(args[2])
    ],
)
@click.argument("time", default="")
@json_option
@on_emulator
def command(*, client: AccountClient, action: str, time: str, as_json: bool) -> None:
    """Show or set the time of the account.

    \b
      clock           show it
      clock +7d       advance it; what falls due on the way happens
      clock freeze    stop it
      clock run       let it run on
      clock set TIME  stop it at a time, such as 2026-04-01T09:00
      clock reset     return to the real time

    Units of a span: d, h, m, s and ms, as in +1d12h.
    """  # noqa: D301 - click keeps the lines of a block after \b
    body = _change(action, time)
    if body:
        found = client.admin("POST", "/clock", body=body)
    else:
        found = client.admin("GET", "/clock")
    if as_json:
        print_json(found)
        return
    state = coloured("frozen" if found["frozen"] else "running")
    click.echo(f"{long_time(found['now'])}, {state}{_distance(found['now'])}")


def _change(action: str, time: str) -> dict[str, Any]:
    """Return the body of the call that changes the clock; empty to show it.

    Raises:
        SandboxUsageError: There is no such action, or the time is not valid.
    """
    if bool(time) != (action == "set"):
        what = "it needs a TIME" if action == "set" else f"it takes no {time!r}"
        raise SandboxUsageError(f"clock {action}: {what}. {_USAGE}")
    if action.startswith("+"):
        return {"advance": _span(action[1:])}
    if action == "set":
        return {"at": _time(time)}
    changes: dict[str, dict[str, Any]] = {
        "": {},
        "freeze": {"freeze": True},
        "run": {"freeze": False},
        "reset": {"at": wall_ms(), "freeze": False},
    }
    if action not in changes:
        raise SandboxUsageError(f"clock {action}: there is no such action. {_USAGE}")
    return changes[action]


def _span(text: str) -> dict[str, int]:
    """Return a span such as ``1d12h`` by units."""
    parts = {_UNITS[unit]: int(number) for number, unit in _SPAN.findall(text)}
    if not parts or _SPAN.sub("", text) or len(parts) < len(_SPAN.findall(text)):
        raise SandboxUsageError(f"clock +{text}: it is not a span of time. {_USAGE}")
    return parts


def _time(text: str) -> int:
    """Return a time in milliseconds since the epoch; without a zone, it is local."""
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except (ValueError, OverflowError, OSError):
        raise SandboxUsageError(
            f"clock set {text}: it is not a time. Write it as in 2026-04-01T09:00 or "
            "2026-04-01T09:00+09:00."
        ) from None


def _distance(now_ms: int) -> str:
    """Return how far a time is from the real one; empty within two seconds."""
    seconds = round((now_ms - wall_ms()) / 1000)
    if abs(seconds) <= 2:  # noqa: PLR2004 - the call took some time
        return ""
    days, rest = divmod(abs(seconds), 86_400)
    hours, rest = divmod(rest, 3_600)
    parts = [f"{days} d", f"{hours} h", f"{rest // 60} min", f"{rest % 60} s"]
    shown = [part for part in parts if part[0] != "0"][:2]
    return f", {' '.join(shown)} {'ahead of' if seconds > 0 else 'behind'} real time"
