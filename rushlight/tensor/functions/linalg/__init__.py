"""torch.linalg, and the norms and decompositions that also live in torch and on Tensor."""

from rushlight.ops.linalg import LinAlgError
from rushlight.tensor.functions.linalg import (
    factor,
    inverse,
    ldl,
    least_squares,
    lobpcg,
    low_rank,
    lu,
    norms,
    products,
    removed,
)
from rushlight.tensor.functions.linalg.norms import norm
from rushlight.tensor.functions.linalg.register import LINALG

__all__ = [
    "LINALG", "LinAlgError", "factor", "inverse", "ldl", "least_squares", "lobpcg", "low_rank",
    "lu", "norm", "norms", "products", "removed",
]  # fmt: skip
