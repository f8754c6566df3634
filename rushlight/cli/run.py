"""``rushlight run SCRIPT ARGS``: an unmodified ``import torch`` script."""

from __future__ import annotations

import click

from rushlight.base import config
from rushlight.compat.script import run_script


# What follows SCRIPT is the script's, options too.
@click.command(context_settings={"allow_interspersed_args": False})
@click.option(
    "--era",
    type=click.IntRange(2016, 2099),
    metavar="YEAR",
    help="Also accept spellings of that year which contradict today's PyTorch.",
)
@click.argument("script", type=click.Path(exists=True, dir_okay=False, readable=True))
@click.argument("arguments", metavar="[ARGS]...", nargs=-1, type=click.UNPROCESSED)
def run(era: int | None, script: str, arguments: tuple[str, ...]) -> int:
    """Run a script whose torch and torchvision are Rushlight.

    It runs as ``python SCRIPT ARGS`` would: same argv, same import path, same exit status.
    """
    if era is not None:
        config.set_era(era)
    return run_script(script, list(arguments))
