"""Every operation of the library, each defined once. Importing this fills the op table.

A family is a file, or a folder with a file per concept.
"""

from rushlight.ops import (
    activation,
    adaptive_indices,
    addmm,
    antialias,
    arithmetic,
    attention,
    comparison,
    complex_numbers,
    conv,
    create,
    ctc,
    diagonals,
    distance,
    dropout,
    einsum,
    fft,
    fold,
    grid,
    indexing,
    interpolate,
    linalg,
    linear,
    loop_rule,
    loss,
    matmul,
    matrix_exp,
    movement,
    norm,
    pointwise,
    pool,
    products,
    recurrent,
    reduce,
    scatter,
    selection,
    sorting,
    special,
    unpool,
    view,
)
from rushlight.ops.table import OPS

__all__ = [
    "OPS", "matrix_exp",
]  # fmt: skip
