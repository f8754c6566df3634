"""torch.utils.tensorboard: curves, pictures and texts of a run, through the package tensorboard.

Raises ModuleNotFoundError if that package is not installed.
"""

from __future__ import annotations

try:
    import tensorboard as _installed  # noqa: F401
except ModuleNotFoundError as error:
    if error.name != "tensorboard":
        raise
    raise ModuleNotFoundError(
        "No module named 'tensorboard': torch.utils.tensorboard writes through that package; "
        "install it (pip install tensorboard), or watch the run with rushlight.board",
        name="tensorboard",
    ) from None

from rushlight.utils.tensorboard.writer import FileWriter, SummaryWriter

__all__ = ["FileWriter", "SummaryWriter"]
