"""torch.hash_tensor: one number for the bits of many."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import BARE
from rushlight.base.shape import Shape, normalize_dims
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.register import public
from rushlight.tensor.out import require_same_dtypes, write_out
from rushlight.tensor.tensor import Tensor


@public(method=True)
def hash_tensor(
    input: Tensor, dim: int | Shape | None = (), *, keepdim: bool = False, mode: int = 0,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """The elements' bits, as float64 or int64, xor-ed along ``dim`` (all axes if empty): uint64.

    Equal tensors of any dtype that holds them have equal hashes; the order does not count.

    Example:
        >>> import rushlight as torch
        >>> torch.hash_tensor(torch.tensor([1, 2, 4]))
        tensor(7, dtype=torch.uint64)
    """
    kind = input.dtype
    if kind.is_complex or kind in BARE:
        raise NotImplementedError(f"\"xor_sum_cpu\" not implemented for '{legacy_name(kind)}'")
    if mode != 0:
        raise RuntimeError(f"Unknown hash_tensor mode: {mode}")
    axes = normalize_dims(None if dim in ((), []) else dim, input.ndim)
    empty = [axis for axis in axes if input.ndim and not input.shape[axis]]
    if empty and dim in ((), [], None):
        raise RuntimeError("hash_tensor: a tensor without elements needs the axes to reduce, dim")
    if empty:
        raise IndexError(f"hash_tensor: Expected reduction dim {empty[0]} to have non-zero size.")
    wide = input._array().astype(np.float64 if kind.is_floating_point else np.int64)
    found = np.bitwise_xor.reduce(wide.view(np.uint64), axis=axes, keepdims=keepdim)
    made = Tensor._from_array(np.asarray(found))
    if out is None:
        return made
    require_same_dtypes("hash_tensor", out, made)
    return write_out("hash_tensor", out, made)
