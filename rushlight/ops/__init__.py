"""Every operation of the library, each defined once. Importing this fills the op table."""

from rushlight.ops import (
    activation,
    conv,
    create,
    loss,
    matmul,
    movement,
    pointwise,
    pool,
    reduce,
    view,
)
from rushlight.ops.table import OPS

__all__ = [
    "OPS", "activation", "conv", "create", "loss", "matmul", "movement", "pointwise", "pool",
    "reduce", "view",
]  # fmt: skip
