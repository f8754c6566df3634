"""Gradient clipping: two entries of the trace for any number of gradients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ops.movement.join import stack
from rushlight.ops.promote import full
from rushlight.ops.reduce.vector_norm import vector_norm
from rushlight.ops.table import Scalar, composite


@composite(torch=False, name="_total_norm")
def total_norm(tensors: list[Node], ord: float) -> Node:
    """The norm of the tensors' norms: that of all their elements together. 0-d."""
    out: Node = vector_norm(stack([vector_norm(each, ord) for each in tensors]), ord)
    return out


@total_norm.reference
def _(tensors: list[Any], ord: float) -> Any:
    return np.linalg.norm(np.concatenate([np.ravel(each) for each in tensors]), ord)


@total_norm.samples
def _(rng: Any) -> Iterator[Any]:
    for ord in (2.0, 1.0, float("inf")):
        yield ([rng.uniform(0.1, 1, shape) for shape in ((3, 4), (5,), ())], ord), {}


@composite(torch=False, differentiable=False, name="_scale_to_norm")
def scale_to_norm(tensors: list[Node], norm: Node, max_norm: Scalar) -> tuple[Node, ...]:
    """The tensors times max_norm / norm, or as they are where that is above 1."""
    above = binary("add", norm, const(1e-6, (), norm.dtype))
    share = binary("div", full(max_norm, (), norm.dtype), above)
    share = binary("minimum", share, const(1.0, (), norm.dtype))
    return tuple(binary("mul", each, full(share, each.shape, each.dtype)) for each in tensors)


@scale_to_norm.reference
def _(tensors: list[Any], norm: Any, max_norm: float) -> tuple[Any, ...]:
    return tuple(np.minimum(max_norm / (norm + 1e-6), 1.0) * each for each in tensors)


@scale_to_norm.samples
def _(rng: Any) -> Iterator[Any]:
    for norm in (0.5, 3.0):
        tensors = [rng.uniform(-1, 1, shape) for shape in ((3, 4), (5,), ())]
        yield (tensors, np.asarray(norm), 1.5), {}
