"""torch.linalg: the functions of tensor/functions/linalg under their names."""

from __future__ import annotations

from rushlight.ops.linalg import LinAlgError
from rushlight.tensor.functions.linalg import LINALG

globals().update(LINALG)

__all__ = ["LinAlgError", *LINALG]
