"""What a layer multiplies by: linear, bilinear."""

from __future__ import annotations

import numpy as np

from rushlight.base.errors import ShapeError
from rushlight.ir import build
from rushlight.ir.build import binary, dot, permute, reshape
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.matmul import matmul, transposed
from rushlight.ops.promote import compute_dtype, require_same_dtype
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite


@composite(torch=False, functional=True, grad_name="Addmm")
def linear(input: Node, weight: Node, bias: Node | None = None) -> Node:
    """input @ weight.T + bias: (.., in) x (out, in) -> (.., out)."""
    if not input.ndim or not weight.ndim:
        raise RuntimeError(
            f"both arguments to linear need to be at least 1D, but they are {input.ndim}D and "
            f"{weight.ndim}D"
        )
    if weight.ndim > 2:
        raise RuntimeError(f"t() expects a tensor with <= 2 dimensions, but self is {weight.ndim}D")
    if input.dtype is not weight.dtype:
        raise RuntimeError(
            f"mat1 and mat2 must have the same dtype, but got {legacy_name(input.dtype)} and "
            f"{legacy_name(weight.dtype)}"
        )
    if bias is not None and bias.dtype is not input.dtype:
        raise RuntimeError(
            f"self and mat2 must have the same dtype, but got {legacy_name(bias.dtype)} and "
            f"{legacy_name(weight.dtype)}"
        )
    if weight.ndim == 1:
        return matmul.body(input, weight)  # type: ignore[no-any-return]
    rows = 1
    for size in input.shape[:-1]:
        rows *= size
    flat = reshape(input, (rows, input.shape[-1]))
    if flat.shape[1] != weight.shape[1]:
        raise ShapeError(
            f"mat1 and mat2 shapes cannot be multiplied ({rows}x{input.shape[-1]} and "
            f"{weight.shape[1]}x{weight.shape[0]})"
        )
    if bias is None:
        out = dot(flat, transposed(weight))
    else:  # half precision is rounded once, after the bias
        wide = compute_dtype(input.dtype)
        out = dot(build.cast(flat, wide), build.cast(transposed(weight), wide))
        out = binary("add", out, build.broadcast(build.cast(bias, wide), out.shape))
        out = build.cast(out, input.dtype)
    return reshape(out, (*input.shape[:-1], weight.shape[0]))


@linear.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4), floats(rng, 5, 4), floats(rng, 5)), {}
    yield (floats(rng, 2, 3, 4), floats(rng, 5, 4)), {}
    yield (floats(rng, 4), floats(rng, 5, 4), floats(rng, 5)), {}
    yield (floats(rng, 3, 4), floats(rng, 4)), {}
    yield (floats(rng, 0, 4), floats(rng, 5, 4), floats(rng, 5)), {}
    yield (floats(rng, 2, 0), floats(rng, 5, 0), floats(rng, 5)), {}


@linear.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), np.ones((5, 4))), {}, RuntimeError, "cannot be multiplied"
    yield (np.ones((2, 3)), np.ones((5, 3), np.float32)), {}, RuntimeError, "same dtype"


@composite(torch=True, functional=True)
def bilinear(input1: Node, input2: Node, weight: Node, bias: Node | None = None) -> Node:
    """out[k] = input1 . weight[k] . input2 + bias[k]: (.., A), (.., B), (K, A, B) -> (.., K)."""
    lead = input1.shape[:-1]
    if input1.ndim != input2.ndim:
        raise RuntimeError(
            f"bilinear(): input dimensions do not match: got {input1.ndim} and {input2.ndim}"
        )
    for axis, (one, two) in enumerate(zip(lead, input2.shape[:-1], strict=True)):
        if one != two:
            raise RuntimeError(
                f"bilinear(): input batch dimensions do not match at dim {axis}: got {one} and "
                f"{two}"
            )
    rows = 1
    for size in lead:
        rows *= size
    k, a, b = weight.shape
    for name, given, size in (("input1", input1, a), ("input2", input2, b)):
        if given.shape[-1] != size:
            raise RuntimeError(
                f"bilinear(): {name} size does not match weight size: got {given.shape[-1]} but "
                f"expected {size}"
            )
    if bias is not None and bias.shape != (k,):
        raise RuntimeError(
            f"bilinear(): bias size does not match weight size: got {list(bias.shape)} but "
            f"expected [{k}]"
        )
    require_same_dtype("bilinear", input1=input1, input2=input2, weight=weight, bias=bias)
    x = build.expand(reshape(input1, (1, rows, a)), (k, rows, a))
    y = build.expand(reshape(input2, (1, rows, b)), (k, rows, b))
    wide = compute_dtype(weight.dtype)
    terms = binary("mul", build.cast(dot(x, weight), wide), build.cast(y, wide))
    out = permute(build.cast(build.reduce(terms, "sum", (2,)), weight.dtype), (1, 0))
    if bias is not None:
        out = binary("add", out, build.broadcast(bias, out.shape))
    return reshape(out, (*lead, k))


@bilinear.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 2), floats(rng, 3, 4), floats(rng, 5, 2, 4), floats(rng, 5)), {}
    yield (floats(rng, 2, 3, 2), floats(rng, 2, 3, 4), floats(rng, 5, 2, 4)), {}
