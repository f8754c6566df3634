"""Linear algebra that NumPy's LAPACK does: host calls in the plan, with their gradients as ops.

All take batches (.., M, N) of float32, float64, complex64 or complex128 matrices. Gradients of
what is holomorphic are written for real matrices (ops/derive.py conjugates); the others say
``complex_rule``.
"""

from rushlight.ops.linalg import (
    cholesky,
    eigen,
    inverse,
    ldl,
    lu,
    qr,
    samples,
    singular,
    triangular,
)
from rushlight.ops.linalg.check import LinAlgError

__all__ = [
    "LinAlgError", "cholesky", "eigen", "inverse", "ldl", "lu", "qr", "samples", "singular",
    "triangular",
]  # fmt: skip
