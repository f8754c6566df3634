"""Functions that several ops make up, or that need values on the host: the rest of torch.*,
Tensor.* and torch.nn.functional.* beside the op table.

``FUNCTIONS`` maps each name to its function; METHODS, INPLACE, FUNCTIONAL and TORCH say where users
find it (INPLACE: ``Tensor.<name>_`` exists too).
"""

from rushlight.tensor.functions import (
    activation,
    copies,
    ctc,
    dropout,
    dynamic,
    grid,
    integration,
    linalg,
    linear_loss,
    loss,
    norm,
    padding,
    pooling,
    products,
    recurrent,
    sorting,
    special,
    split,
    statistics,
    unpooling,
    vision,
)
from rushlight.tensor.functions.register import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS, TORCH

__all__ = [
    "FUNCTIONAL", "FUNCTIONS", "INPLACE", "METHODS", "TORCH", "activation", "copies", "ctc",
    "dropout", "dynamic", "grid", "integration", "linalg", "linear_loss", "loss", "norm",
    "padding", "pooling", "products", "recurrent", "sorting", "special", "split", "statistics",
    "unpooling",
    "vision",
]  # fmt: skip
