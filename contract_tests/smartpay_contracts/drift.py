"""Where do two servers differ? The same script of calls, compared field by field.

``python -m smartpay_contracts.drift LEFT RIGHT`` prints only real differences: ids
become references (``<order:1>``); times, secrets and wording are set aside, and so is
what one server says differently each time, for which the script is played twice.

Exit codes: 0 no difference, 2 wrong usage, 3 a server was lost, 10 drift.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from smartpay_contracts.compare import Difference, differences, settled
from smartpay_contracts.connection import Connection, TargetLost
from smartpay_contracts.failure import ContractFailure
from smartpay_contracts.options import Options, check_secret_key
from smartpay_contracts.redact import SECRETS
from smartpay_contracts.script import Step, play
from smartpay_contracts.target import Target, connect, find_target, fresh_key

SAME, USAGE, LOST, DRIFT = 0, 2, 3, 10

SIDES = ("left", "right")
SIDED = ("secret-key", "token", "consumer-email", "consumer-password", "consumer-url")
"""Options that either side has of its own."""

KEY_VARIABLE = "SMARTPAY_SECRET_KEY"


@dataclass(frozen=True, slots=True)
class Drift:
    """What a comparison found.

    Attributes:
        left: The URL of the one server.
        right: The URL of the other.
        differences: Field by field, in the order of the script.
        steps: How many calls were compared.
    """

    left: str
    right: str
    differences: tuple[Difference, ...]
    steps: int

    def document(self) -> dict[str, Any]:
        """Return the comparison as JSON values."""
        return {
            "left": self.left,
            "right": self.right,
            "steps": self.steps,
            "differences": [one.document() for one in self.differences],
        }


def run_drift(left: Options, right: Options, *, with_words: bool = False) -> Drift:
    """Play the script on two servers and compare what they answer.

    Args:
        left: The one server.
        right: The other.
        with_words: Whether messages count too, and not only what they are about.

    Raises:
        pytest.UsageError: A server may not be called, or does not answer.
        TargetLost: A server stopped answering in the middle.
    """
    sides = zip(SIDES, (left, right), strict=True)
    seen = [_seen(side, options, with_words=with_words) for side, options in sides]
    found = differences(*[steps for _, steps in seen])
    urls = [target.base_url for target, _ in seen]
    return Drift(urls[0], urls[1], tuple(found), len(seen[0][1]))


def _seen(
    side: str, options: Options, *, with_words: bool
) -> tuple[Target, list[Step]]:
    connection = connect(options)
    try:
        target = _found(side, options, connection)
        plays = [_play(target, connection, with_words=with_words) for _ in range(2)]
        pairs = zip(*plays, strict=True)
        return target, [Step(a.name, settled(a.seen, b.seen)) for a, b in pairs]
    finally:
        connection.close()


def _found(side: str, options: Options, connection: Connection) -> Target:
    """Look at a server; what is wrong is said in the words of its side.

    Raises:
        pytest.UsageError: It may not be called, or does not answer.
    """
    try:
        return find_target(options, connection)
    except pytest.UsageError as error:
        text = str(error).replace("--smartpay-url", side.upper())
        for name in SIDED:
            text = text.replace(f"--smartpay-{name}", f"--{side}-{name}")
        raise pytest.UsageError(text) from None


def _play(target: Target, connection: Connection, *, with_words: bool) -> list[Step]:
    has_own = "own accounts" in target.can
    key = fresh_key() if has_own else str(target.options.secret_key)
    return play(target, target.client(connection, key), with_words=with_words)


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare two servers as the command line says.

    Returns:
        The exit code.
    """
    given = _parser().parse_args(arguments)
    try:
        options = [_options(given, side) for side in SIDES]
        drift = run_drift(options[0], options[1], with_words=given.messages)
    except (pytest.UsageError, ValueError) as error:
        return _failed(error, USAGE)
    except (TargetLost, ContractFailure) as error:
        return _failed(error, LOST)
    print(SECRETS.clean(describe(drift)))
    if given.json:
        text = json.dumps(drift.document(), ensure_ascii=False, indent=2)
        Path(given.json).write_text(SECRETS.clean(text) + "\n", encoding="utf-8")
    return DRIFT if drift.differences else SAME


def _failed(error: Exception, code: int) -> int:
    # The options here have no prefix.
    text = SECRETS.clean(str(error)).replace("--smartpay-", "--")
    print(f"drift: {text}", file=sys.stderr)
    return code


def describe(drift: Drift) -> str:
    """Return the comparison for a person to read."""
    lines = [f"left  {drift.left}", f"right {drift.right}", ""]
    last = ""
    for one in drift.differences:
        if one.step != last:
            lines.append(one.step)
            last = one.step
        lines += [f"  {one.path}", f"    left  {one.left}", f"    right {one.right}"]
    number = len(drift.differences)
    told = f"{number} differences" if number else "no difference"
    return "\n".join([*lines, f"{told} in {drift.steps} calls"])


def _options(given: argparse.Namespace, side: str) -> Options:
    def of(name: str) -> Any:
        return getattr(given, f"{side}_{name}")

    key = of("secret_key") or os.environ.get(KEY_VARIABLE)
    return Options(
        url=getattr(given, side),
        secret_key=check_secret_key(key) if key else None,
        token=of("token"),
        consumer_email=of("consumer_email"),
        consumer_password=of("consumer_password"),
        consumer_url=of("consumer_url"),
        allow_remote=given.allow_remote,
        rate_limit=given.rate_limit,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="drift",
        description="Compare two servers of the Smartpay API, field by field.",
        epilog="Exit codes: 0 no difference, 2 wrong usage, 3 lost, 10 drift.",
        allow_abbrev=False,
    )
    for side in SIDES:
        parser.add_argument(side, metavar=side.upper(), help=f"URL of the {side} one")
    for side in SIDES:
        for name in SIDED:
            help_ = f"of the {side} server"
            if name == "secret-key":
                help_ += f"; {KEY_VARIABLE} if not given"
            parser.add_argument(f"--{side}-{name}", help=help_)
    parser.add_argument("--messages", action="store_true", help="compare wording too")
    parser.add_argument("--allow-remote", action="store_true")
    parser.add_argument("--rate-limit", type=float, metavar="CALLS_PER_SECOND")
    parser.add_argument("--json", metavar="FILE", help="write the differences there")
    return parser


if __name__ == "__main__":
    sys.exit(main())
