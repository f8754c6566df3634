"""Every operation of the library, each defined once. Importing this fills the op table."""

from rushlight.ops import (
    activation,
    adaptive_indices,
    attention,
    conv,
    create,
    dropout,
    einsum,
    fold,
    indexing,
    interpolate,
    linalg,
    loss,
    matmul,
    movement,
    norm,
    pointwise,
    pool,
    reduce,
    scatter,
    sorting,
    view,
)
from rushlight.ops.table import OPS

__all__ = [
    "OPS", "activation", "adaptive_indices", "attention", "conv", "create", "dropout", "einsum",
    "fold", "indexing", "interpolate", "linalg", "loss", "matmul", "movement", "norm",
    "pointwise", "pool", "reduce", "scatter", "sorting", "view",
]  # fmt: skip
