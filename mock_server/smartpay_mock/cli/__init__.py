"""The command ``smartpay-sandbox``. Commands are imported when they are called."""

from __future__ import annotations

from difflib import get_close_matches
from importlib import import_module

import click

from smartpay_mock.kernel.errors import SandboxUsageError

COMMANDS = {
    "serve": ("serve:command", "Run the emulator."),
    "demo": ("demo:command", "Create orders on an emulator and show the results."),
    "verify": ("kit:verify", "Run the contract kit against a server."),
    "drift": ("kit:drift", "Compare two servers, field by field."),
    "mutants": ("mutants:command", "Mutation-test your suite with deliberate bugs."),
    "exec": ("exec_:command", "Run a command with an emulator."),
    "trigger": ("trigger:command", "Cause an event on a running emulator."),
    "grade": ("grade:command", "Grade how a client retries charges."),
    "env": ("sdks:env", "Print shell variables that point an SDK at an emulator."),
    "doctor": ("sdks:doctor", "Find out why a client does not reach the emulator."),
    "openapi": ("openapi:openapi", "Print the API as OpenAPI 3.1."),
    "contract": ("openapi:contract", "Compare versions of the API."),
}
"""Name -> module and function, and the help line, so that help imports no command."""

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
        command: click.Command = getattr(
            import_module(f"smartpay_mock.cli.{module}"), function
        )
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
        rows = [(name, help_) for name, (_, help_) in COMMANDS.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except SandboxUsageError as error:
            click.echo(f"smartpay-sandbox: {error}", err=True)
            ctx.exit(EXIT_USAGE)


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(None, package_name=NAME, prog_name=NAME)
def main() -> None:
    """Run an unofficial local emulator of the Smartpay API."""
