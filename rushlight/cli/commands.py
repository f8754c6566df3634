"""The commands put together, and one place that turns a mistake into one line."""

from __future__ import annotations

import importlib
from typing import final

import click

from rushlight.base.version import VERSION

FAILED = 1
USER_MISTAKE = 2
INTERRUPTED = 130
# Each is the function of that name in the module of that name. They are imported when they are
# called: help answers at once, and the doctor can look at an installation that is broken.
COMMANDS = {
    "run": "Run a script whose torch and torchvision are Rushlight.",
    "profile": "Run a script and say where its time goes.",
    "demo": "Train a small network on real images, about a minute.",
    "board": "Serve a page that shows the runs in a folder while they grow.",
    "doctor": "Show what is here and check that compiled code is right.",
    "op": "Show the card of one operation.",
}


@final
class Commands(click.Group):
    """A group whose commands are imported one by one."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"rushlight.cli.{cmd_name}")
        command: click.Command = getattr(module, cmd_name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, message="rushlight %(version)s")
@click.pass_context
def group(context: click.Context) -> None:
    """PyTorch's programming interface on a lazy, whole-step compiling engine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


def rushlight(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; its exit status."""
    try:
        status = group.main(arguments, prog_name="rushlight", standalone_mode=False)
    except click.Abort:
        return INTERRUPTED
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        name = context.command_path if context else f"rushlight {arguments[0]}"
        hint = f" (see {name} --help)" if context else ""
        click.echo(f"{name}: {error.format_message().rstrip('.')}{hint}", err=True)
        return USER_MISTAKE
    except (
        OSError
    ) as error:  # a script's own are its traceback: this is what we print going nowhere
        click.echo(f"rushlight {arguments[0]}: {error}", err=True)
        return FAILED
    return int(status or 0)
