"""The commands put together, and one place that turns a mistake into one line."""

from __future__ import annotations

import click

from rushlight.base.version import VERSION
from rushlight.cli.doctor import doctor
from rushlight.cli.op import op
from rushlight.cli.run import run

USER_MISTAKE = 2


@click.group(
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(VERSION, message="rushlight %(version)s")
@click.pass_context
def group(context: click.Context) -> None:
    """PyTorch's programming interface on a lazy, whole-step compiling engine."""
    if context.invoked_subcommand is None:
        click.echo(context.get_help())


for command in (run, doctor, op):
    group.add_command(command)


def rushlight(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; its exit status."""
    try:
        status = group.main(arguments, prog_name="rushlight", standalone_mode=False)
    except click.Abort:
        return 130
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        name = context.command_path if context else "rushlight"
        message = error.format_message().rstrip(".")
        click.echo(f"{name}: {message} (see {name} --help)", err=True)
        return USER_MISTAKE
    return int(status or 0)
