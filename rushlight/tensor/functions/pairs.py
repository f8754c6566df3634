"""torch.pdist: the distances between all rows of one matrix."""

from __future__ import annotations

import numpy as np

from rushlight.ops.kernels import refuse
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(functional=True)
def pdist(input: Tensor, p: float = 2.0) -> Tensor:
    """The p-norms of the differences of rows i < j of (N, M), row by row: (N (N - 1) / 2,)."""
    if input.ndim != 2:
        raise RuntimeError(f"pdist only supports 2D tensors, got: {input.ndim}D")
    if p < 0:
        raise RuntimeError("pdist only supports non-negative p values")
    refuse("pdist", input.dtype)
    count = input.shape[0]
    all_pairs = function("cdist")(input, input, p)
    places = Tensor._from_array(np.flatnonzero(~np.tri(count, dtype=bool)))
    out: Tensor = function("take")(all_pairs, places)
    return out
