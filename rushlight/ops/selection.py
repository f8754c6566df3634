"""Selection: where, clamp, masked_fill."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ops.complex_numbers import refuse_complex
from rushlight.ops.legacy_names import c_name, legacy_name
from rushlight.ops.promote import common_dtype, full, grad_to, shape_of
from rushlight.ops.samples import (
    BOOLS,
    CORNERS,
    INTEGERS,
    BadInputs,
    Rng,
    Samples,
    floats,
    of_two,
    raises,
)  # fmt: skip
from rushlight.ops.table import Grads, Operand, composite


@composite(method=False)
def where(condition: Node, input: Operand, other: Operand) -> Node:
    """input where condition holds, else other; all broadcast."""
    if condition.dtype is not bool_:
        raise RuntimeError(
            "where expected condition to be a boolean tensor, but got a tensor with dtype "
            f"{legacy_name(condition.dtype)}"
        )
    dtype = common_dtype(input, other)
    shape = shape_of(condition, input, other)
    return build.where(
        full(condition, shape, bool_), full(input, shape, dtype), full(other, shape, dtype)
    )


@where.vjp
def _(g: Node, out: Node, condition: Node, input: Operand, other: Operand) -> Grads:
    wide, zero = full(condition, g.shape, bool_), const(0, g.shape, g.dtype)
    return (
        None,
        grad_to(build.where(wide, g, zero), input),
        grad_to(build.where(wide, zero, g), other),
    )


@where.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5) > 0, floats(rng, 4, 5), floats(rng, 5)), {}
    yield (floats(rng, 4, 1) > 0, CORNERS, 0.0), {}
    yield (BOOLS, 1, floats(rng, 3)), {}
    yield (BOOLS, INTEGERS, floats(rng, 3)), {}
    yield (np.asarray(True), INTEGERS, 2.5), {}
    yield (np.zeros((0, 1), bool), floats(rng, 3), floats(rng)), {}
    yield (BOOLS, 1, 2), {}


where.bad_inputs(raises(((np.ones(3), np.ones(3), 0.0), {}, RuntimeError, "boolean tensor")))


@composite(method=True, inplace=True, aliases=("clip",))
def clamp(input: Node, min: Operand | None = None, max: Operand | None = None) -> Node:
    """Cut to [min, max]; where min > max the result is max. Nan stays nan."""
    if min is None and max is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    refuse_complex("clamp is not supported for complex types", input)
    bounds = [each for each in (min, max) if each is not None]
    dtype, shape = common_dtype(input, *bounds), shape_of(input, *bounds)
    out = full(input, shape, dtype)
    if min is not None:
        out = binary("maximum", out, full(min, shape, dtype))
    if max is not None:
        out = binary("minimum", out, full(max, shape, dtype))
    return out


@clamp.vjp
def _(g: Node, out: Node, input: Node, min: Operand | None, max: Operand | None) -> Grads:
    zero, x = const(0, g.shape, g.dtype), full(input, g.shape, g.dtype)
    low = None if min is None else full(min, g.shape, g.dtype)
    high = None if max is None else full(max, g.shape, g.dtype)
    inside = const(True, g.shape, bool_)
    dmin = dmax = None
    if low is not None:
        inside = binary("and", inside, binary("le", low, x))
        below = binary("lt", x, low)
        if high is not None:
            below = binary("and", below, binary("lt", low, high))
        dmin = grad_to(build.where(below, g, zero), min)
    if high is not None:
        inside = binary("and", inside, binary("le", x, high))
        above = binary("lt", high, x)
        if low is not None:
            above = binary("or", above, binary("lt", high, low))
        dmax = grad_to(build.where(above, g, zero), max)
    return grad_to(build.where(inside, g, zero), input), dmin, dmax


@clamp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5),), {"min": -0.5, "max": 0.7}
    yield (floats(rng, 4, 5),), {"min": -0.5}
    yield (floats(rng, 4, 5),), {"max": 0.5}
    yield (floats(rng, 4, 5), floats(rng, 5), floats(rng, 4, 1)), {}  # some min > max
    yield (CORNERS,), {"min": -0.5, "max": 0.5}
    yield (CORNERS.reshape(-1, 1), CORNERS), {}
    yield (CORNERS.reshape(-1, 1), None, CORNERS), {}
    yield (INTEGERS,), {"min": -1, "max": 2}
    yield (INTEGERS,), {"min": 0.5}
    yield (floats(rng), floats(rng)), {}
    yield (np.zeros((0, 3)), 0.0), {}
    yield (np.ones(3),), {"min": 2.0, "max": 0.0}


clamp.bad_inputs(raises(((np.ones(3),), {}, RuntimeError, "At least one of")))


@composite(method=True, inplace=True)
def clamp_min(input: Node, min: Operand) -> Node:
    """Cut from below."""
    return clamp(input, min)  # type: ignore[no-any-return]


clamp_min.samples(of_two(bools=False))


@composite(method=True, inplace=True)
def clamp_max(input: Node, max: Operand) -> Node:
    """Cut from above."""
    return clamp(input, None, max)  # type: ignore[no-any-return]


clamp_max.samples(of_two(bools=False))


@composite(method=True, inplace=True, stored="value")
def masked_fill(input: Node, mask: Node, value: Operand) -> Node:
    """``value`` where mask is True, else input; the dtype stays input's."""
    if mask.dtype is not bool_:
        raise RuntimeError(
            "masked_fill_ only supports boolean masks, but got mask with dtype "
            f"{c_name(mask.dtype)}"
        )
    if isinstance(value, Node) and value.ndim:
        raise RuntimeError(
            "masked_fill_ only supports a 0-dimensional value tensor, but got tensor with "
            f"{value.ndim} dimension(s)."
        )
    if isinstance(value, Node) and value.dtype.is_complex and not input.dtype.is_complex:
        kind = "float" if input.dtype.is_floating_point else "int64_t"
        raise RuntimeError(f"value cannot be converted to type {kind} without overflow")
    shape = shape_of(input, mask)
    chosen = full(value, shape, input.dtype)
    return build.where(full(mask, shape, bool_), chosen, full(input, shape, input.dtype))


@masked_fill.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 5) > 0, 2.0), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 5) > 0, float("-inf")), {}
    yield (floats(rng, 4, 5), floats(rng, 4, 1) > 0, np.asarray(0.5)), {}
    yield (INTEGERS, BOOLS, 9), {}


@masked_fill.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones(3), np.ones(3), 0.0), {}, RuntimeError, "boolean masks"
    yield (np.ones(3), BOOLS, np.ones(3)), {}, RuntimeError, "0-dimensional value"
