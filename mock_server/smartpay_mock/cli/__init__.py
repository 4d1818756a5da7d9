"""The command ``smartpay-sandbox``: each command a thin call, imported when used."""

from __future__ import annotations

from importlib import import_module

import click

from smartpay_mock.kernel.errors import SandboxUsageError

# name -> where the command lives, and its one line in the list of commands (so that
# the list needs no import).
COMMANDS = {
    "serve": ("serve", "Run the emulator."),
    "demo": ("demo", "Drive an emulator through its main job and show a table."),
    "verify": ("verify", "Run the contract kit against a server."),
    "drift": ("drift", "Show where two servers differ, field by field."),
    "mutants": ("mutants", "Show what tests are worth: break the emulator on purpose."),
    "exec": ("exec_", "Run a command with an emulator around it."),
    "grade": ("grade", "Grade how a client copes when charges go wrong."),
    "env": ("env", "Print what points clients and SDKs at an emulator."),
    "doctor": ("doctor", "Find out why a client does not reach the emulator."),
    "openapi": ("openapi", "Print the API as OpenAPI 3.1."),
    "contract": ("contract", "Say which changes of the API break its callers."),
}
NAME = "smartpay-sandbox"
EXIT_USAGE = 2


class _Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = import_module(f"smartpay_mock.cli.{COMMANDS[cmd_name][0]}")
        command: click.Command = module.command
        return command

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
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
)
@click.version_option(None, package_name=NAME, prog_name=NAME)
def main() -> None:
    """Charge consumers through Smartpay without a network: an unofficial emulator."""
