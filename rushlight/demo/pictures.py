"""The demonstration's pictures: the loss curve, and guesses on test images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

SMOOTHED_OVER = 20  # steps
COLUMNS = 8


def _pyplot() -> Any:
    """Matplotlib without a window. Raises ImportError that says how to get it."""
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(
            "the demo's pictures need matplotlib: pip install 'rushlight[demo]'"
        ) from error
    matplotlib.use("Agg")
    import matplotlib.pyplot

    return matplotlib.pyplot


def draw_losses(losses: Sequence[float], path: Path) -> None:
    """The loss at every step, and its running mean."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(losses, color="0.8", linewidth=0.8, label="each step")
    kernel = np.ones(SMOOTHED_OVER) / SMOOTHED_OVER
    if len(losses) >= SMOOTHED_OVER:
        smooth = np.convolve(losses, kernel, "valid")
        axes.plot(np.arange(len(smooth)) + SMOOTHED_OVER - 1, smooth, label="mean of 20 steps")
    axes.set(xlabel="step", ylabel="cross-entropy", title="Training loss", ylim=(0, None))
    axes.grid(alpha=0.3)
    axes.legend()
    figure.savefig(path, dpi=120)
    plt.close(figure)


def draw_guesses(
    images: npt.NDArray[np.uint8],
    labels: Sequence[int],
    guesses: Sequence[int],
    classes: Sequence[str],
    path: Path,
) -> None:
    """Images with what the network says; wrong guesses in red, with the truth in brackets."""
    plt = _pyplot()
    rows = -(-len(images) // COLUMNS)
    size = (1.5 * COLUMNS, 1.8 * rows)
    figure, grid = plt.subplots(rows, COLUMNS, figsize=size, layout="constrained", squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, image, label, guess in zip(grid.flat, images, labels, guesses, strict=False):
        axes.imshow(image, cmap="gray_r")
        right = label == guess
        text = classes[guess] if right else f"{classes[guess]}\n({classes[label]})"
        axes.set_title(text, fontsize=8, color="black" if right else "crimson")
    figure.savefig(path, dpi=120)
    plt.close(figure)
