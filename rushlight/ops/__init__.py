"""Every operation of the library, each defined once. Importing this fills the op table."""

from rushlight.ops import (
    activation,
    adaptive_indices,
    arithmetic,
    attention,
    comparison,
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
    selection,
    sorting,
    view,
)
from rushlight.ops.table import OPS

__all__ = [
    "OPS", "activation", "adaptive_indices", "arithmetic", "attention", "comparison", "conv",
    "create", "dropout", "einsum", "fold", "indexing", "interpolate", "linalg", "loss", "matmul",
    "movement", "norm", "pointwise", "pool", "reduce", "scatter", "selection", "sorting", "view",
]  # fmt: skip
