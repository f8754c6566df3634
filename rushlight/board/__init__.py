"""Watch a training: what a run logs, in a folder, and a page that shows it while it grows.

    from rushlight import board

    with board.Run("cnn", config={"lr": 1e-3}) as run:
        run.model(model)
        for images, labels in loader:
            ...
            run.log(loss=loss)

and beside it ``rushlight board``, which serves the page on this machine (docs/board.md). Writing
needs nothing beyond Rushlight; the page needs the extra ``rushlight[board]``.
"""

from __future__ import annotations

from rushlight.board.run import Run

__all__ = ["Run"]
