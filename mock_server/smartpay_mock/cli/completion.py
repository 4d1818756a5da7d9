"""``completion``: what a shell needs to complete commands, options and values."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

_VARIABLE = "_SMARTPAY_SANDBOX_COMPLETE"
_SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(_SHELLS))
def command(shell: str) -> None:
    """Print the script that completes this command in a shell.

    \b
    Add one of these lines to the file of your shell:
      eval "$(smartpay-sandbox completion bash)"        # ~/.bashrc
      eval "$(smartpay-sandbox completion zsh)"         # ~/.zshrc
      smartpay-sandbox completion fish | source         # ~/.config/fish/config.fish

    It completes values too: operations, kinds of faults, types of events, and the
    tokens and orders of the emulator that runs.
    """  # noqa: D301 - click keeps the lines of a block after \b
    root = click.get_current_context().find_root()
    found = get_completion_class(shell)
    assert found is not None  # noqa: S101 - click has one for each choice
    click.echo(found(root.command, {}, "smartpay-sandbox", _VARIABLE).source())
