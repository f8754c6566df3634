"""``rushlight demo``: train a classifier on images that ship with Rushlight."""

from __future__ import annotations

from pathlib import Path

import click

from rushlight.demo import training


@click.command()
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("out"),
    show_default=True,
    help="Folder for the checkpoint and the pictures.",
)
@click.option("--epochs", type=click.IntRange(min=1), default=6, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def demo(out: Path, epochs: int, seed: int) -> int:
    """Train a small network on real images, about a minute.

    A convolutional network learns to tell ten kinds of clothes (Fashion-MNIST) apart. A checkpoint,
    a plot of the loss and a picture with predictions are written.
    """
    try:
        outcome = training.run(out, epochs, seed)
    except ImportError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        raise click.ClickException(f"cannot write to {out}: {error}") from error
    click.echo(training.describe(outcome))
    return 0
