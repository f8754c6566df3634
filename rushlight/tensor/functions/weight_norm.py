"""torch.norm_except_dim and torch._weight_norm: a length and a direction for each slice."""

from __future__ import annotations

from rushlight.tensor.functions.linalg import norm
from rushlight.tensor.functions.register import public
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public()
def norm_except_dim(v: Tensor, pow: int = 2, dim: int = 0) -> Tensor:
    """The norm over all axes but ``dim``, which are kept with size 1; -1: over all, a scalar."""
    if dim == -1:
        whole: Tensor = norm(v.reshape(-1), pow, 0)
        return whole
    others = [axis for axis in range(v.ndim) if axis != dim]
    if not others:
        each: Tensor = function("abs")(v)
        return each
    moved = function("movedim")(v, dim, 0).reshape(v.shape[dim], -1)
    shape = [1] * v.ndim
    shape[dim] = v.shape[dim]
    out: Tensor = norm(moved, pow, 1).reshape(*shape)
    return out


@public(name="_weight_norm")
def weight_norm(v: Tensor, g: Tensor, dim: int = 0) -> Tensor:
    """v * g / |v|: the direction of ``v`` with the lengths ``g`` (Salimans and Kingma 2016)."""
    out: Tensor = function("mul")(v, function("div")(g, norm_except_dim(v, 2, dim)))
    return out
