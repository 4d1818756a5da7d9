"""The command ``smartpay-sandbox``. Commands are imported when they are called."""

from __future__ import annotations

import os
from difflib import get_close_matches
from importlib import import_module

import click
from click.shell_completion import CompletionItem

from smartpay_mock.kernel.errors import SandboxUsageError

SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "Run an emulator": {
        "serve": ("serve:command", "Run the emulator."),
        "exec": ("exec_:command", "Run a command with an emulator."),
        "demo": ("demo:command", "Create orders on an emulator and show the results."),
    },
    "Act on a running emulator": {
        "orders": ("orders:orders", "List the newest orders."),
        "order": ("orders:order", "Show an order and what happened to it."),
        "tokens": ("tokens:tokens", "List the tokens of the account."),
        "token": ("tokens:token", "Enable, disable or decline a token."),
        "clock": ("clock:command", "Show or set the time of the account."),
        "fault": ("faults:fault", "Add or remove a planned fault."),
        "faults": ("faults:faults", "List the planned faults."),
        "logs": ("logs:command", "List API calls, or print them as they arrive."),
        "events": ("events:events", "List the newest events."),
        "trigger": ("events:trigger", "Cause an event of any type."),
        "webhooks": ("events:webhooks", "List the newest deliveries of webhooks."),
        "webhook": ("events:webhook", "Send a webhook again."),
        "listen": ("listen:command", "Forward webhooks to a program."),
        "scenario": ("state:scenario", "List scenarios, or run one."),
        "snapshot": ("state:snapshot", "Save or load the state of the account."),
        "reset": ("state:reset", "Delete everything of the account."),
    },
    "Test servers, clients and suites": {
        "verify": ("kit:verify", "Run the contract kit against a server."),
        "drift": (
            "smartpay_contracts.drift:command",
            "Compare two servers, field by field.",
        ),
        "grade": ("grade:command", "Grade how a client retries charges."),
        "mutants": (
            "mutants:command",
            "Mutation-test your suite with deliberate bugs.",
        ),
        "contract": ("openapi:contract", "Compare versions of the API."),
    },
    "Connect": {
        "env": ("sdks:env", "Print shell variables that point an SDK at an emulator."),
        "doctor": (
            "sdks:doctor",
            "Find out why a client does not reach the emulator.",
        ),
        "openapi": ("openapi:openapi", "Print the API as OpenAPI 3.1."),
        "completion": ("completion:command", "Print the completion for a shell."),
    },
}
"""Section -> name -> module and function, and its help, which imports no command.

The kit is no part of the emulator, so its command has a whole path here.
"""

COMMANDS = {
    name: row for commands in SECTIONS.values() for name, row in commands.items()
}

NAME = "smartpay-sandbox"
EXIT_USAGE = 2


class _LazyGroup(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, _, function = COMMANDS[cmd_name][0].partition(":")
        path = module if "." in module else f"smartpay_mock.cli.{module}"
        command: click.Command = getattr(import_module(path), function)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        near = get_close_matches(args[0], COMMANDS, n=1)
        if near and args[0] not in COMMANDS:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        for title, commands in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl(
                    [(f"{name:10}", help_) for name, (_, help_) in commands.items()]
                )

    def shell_complete(
        self, ctx: click.Context, incomplete: str
    ) -> list[CompletionItem]:
        found = [
            CompletionItem(name, help=help_)
            for name, (_, help_) in COMMANDS.items()
            if name.startswith(incomplete)
        ]
        return found + click.Command.shell_complete(self, ctx, incomplete)

    def invoke(self, ctx: click.Context) -> object:
        if os.environ.get("NO_COLOR"):  # see https://no-color.org
            ctx.color = False
        try:
            return super().invoke(ctx)
        except SandboxUsageError as error:
            click.echo(f"{NAME}: {error}", err=True)
            ctx.exit(EXIT_USAGE)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(None, package_name=NAME, prog_name=NAME)
def main() -> None:
    """Run an unofficial local emulator of the Smartpay API."""
