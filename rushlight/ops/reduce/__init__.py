"""Reductions over any dims: sums, means, extrema, norms, truth; and running sums."""

from rushlight.ops.reduce import (
    dims,
    extremum,
    logsumexp,
    product,
    scan,
    sum,
    truth,
    variance,
    vector_norm,
)

__all__ = [
    "dims",
    "extremum",
    "logsumexp",
    "product",
    "scan",
    "sum",
    "truth",
    "variance",
    "vector_norm",
]
