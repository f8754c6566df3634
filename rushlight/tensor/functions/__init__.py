"""Functions that several ops make up, or that need values on the host: the rest of torch.*,
Tensor.* and torch.nn.functional.* beside the op table.

``FUNCTIONS`` maps each name to its function; METHODS, INPLACE, FUNCTIONAL and TORCH say where users
find it (INPLACE: ``Tensor.<name>_`` exists too).
"""

from rushlight.tensor.functions import (
    activation,
    copies,
    dropout,
    dynamic,
    integration,
    linalg,
    loss,
    norm,
    padding,
    pooling,
    products,
    sorting,
    special,
    split,
    statistics,
    vision,
)
from rushlight.tensor.functions.register import FUNCTIONAL, FUNCTIONS, INPLACE, METHODS, TORCH

__all__ = [
    "FUNCTIONAL", "FUNCTIONS", "INPLACE", "METHODS", "TORCH", "activation", "copies", "dropout",
    "dynamic", "integration", "linalg", "loss", "norm", "padding", "pooling", "products",
    "sorting", "special", "split", "statistics", "vision",
]  # fmt: skip
