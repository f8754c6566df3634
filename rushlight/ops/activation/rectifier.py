"""Straight pieces: relu, relu6, hardtanh, leaky_relu, threshold, prelu."""

from __future__ import annotations

import numpy as np

from rushlight.base.dtype import bool_
from rushlight.ir import build
from rushlight.ir.build import binary
from rushlight.ir.graph import Node
from rushlight.ops.formula import zeros_of
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.promote import compute_dtype, full, require_floating, rounded_once
from rushlight.ops.samples import (
    CORNERS,
    INTEGERS,
    BadInputs,
    Fixed,
    Rng,
    Samples,
    floats,
    of_one,
    with_options,
)
from rushlight.ops.table import Grads, Scalar, composite


@composite(torch=False, name="_passed", grad_name="ThresholdBackward")
def passed(g: Node, stopped: Node, source: Node) -> Node:
    """``g`` but where it is ``stopped``: the gradient of a function of straight pieces.

    It hangs on ``source``, of which ``stopped`` was made, as PyTorch's does: with slope 0, so that
    a second gradient is zeros and not an error.
    """
    return build.where(stopped, zeros_of(g), g)


@passed.vjp
def _(g: Node, out: Node, gradient: Node, stopped: Node, source: Node) -> Grads:
    return build.where(stopped, zeros_of(g), g), None, zeros_of(source)


@passed.samples
def _(rng: Rng) -> Samples:
    stopped = np.array([[True, False, False], [False, True, False]])
    yield (floats(rng, 2, 3), stopped, Fixed(floats(rng, 2, 3))), {}


@composite(method=True, functional=True, inplace=True)
def relu(input: Node) -> Node:
    """max(x, 0); nan stays nan; the slope at 0 is 0. RuntimeError for bool."""
    if input.dtype is bool_:
        raise RuntimeError("Boolean inputs not supported for relu")
    return binary("maximum", input, zeros_of(input))


@relu.vjp
def _(g: Node, out: Node, input: Node) -> Grads:
    return (passed(g, binary("le", out, zeros_of(out)), out),)


relu.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def relu6(input: Node, inplace: bool = False) -> Node:
    """min(max(x, 0), 6)."""
    out: Node = hardtanh(input, 0.0, 6.0)
    return out


relu6.samples(of_one(-2, 8, whole=False))


@composite(torch=False, functional=True)
def hardtanh(
    input: Node, min_val: Scalar = -1.0, max_val: Scalar = 1.0, inplace: bool = False
) -> Node:
    """x cut to [min_val, max_val]. RuntimeError for bool."""
    if input.dtype is bool_:
        raise RuntimeError("Bool inputs not supported for hardtanh")
    low, high = (full(each, input.shape, input.dtype) for each in (min_val, max_val))
    raised = build.where(binary("lt", input, low), low, input)
    return build.where(binary("lt", high, raised), high, raised)


@hardtanh.vjp
def _(g: Node, out: Node, input: Node, min_val: Scalar, max_val: Scalar, inplace: bool) -> Grads:
    # Asked of the result, which the next layer keeps anyway: it is at an end where x is, or beyond.
    low, high = (full(each, g.shape, g.dtype) for each in (min_val, max_val))
    outside = binary("or", binary("le", out, low), binary("le", high, out))
    return (passed(g, outside, out),)


hardtanh.samples(with_options({"min_val": -2.0, "max_val": 0.5}))


@composite(torch=False, functional=True)
def leaky_relu(input: Node, negative_slope: Scalar = 0.01, inplace: bool = False) -> Node:
    """x where positive, else negative_slope * x."""
    require_floating("leaky_relu_cpu", input)
    x = build.cast(input, compute_dtype(input.dtype))
    slope = full(negative_slope, x.shape, x.dtype)
    out = build.where(binary("lt", zeros_of(x), x), x, binary("mul", x, slope))
    return build.cast(out, input.dtype)


@composite(torch=False, name="_sloped", grad_name="LeakyReluBackward")
def sloped(g: Node, slope: Node, source: Node) -> Node:
    """``g`` times a ``slope`` that was made of ``source``, and as ``passed`` hangs on it."""
    return binary("mul", g, slope)


@sloped.vjp
def _(g: Node, out: Node, gradient: Node, slope: Node, source: Node) -> Grads:
    return binary("mul", g, slope), None, zeros_of(source)


@sloped.samples
def _(rng: Rng) -> Samples:
    slope = np.array([[1.0, 0.5, 0.5], [1.0, 1.0, 0.5]])
    yield (floats(rng, 2, 3), Fixed(slope), Fixed(floats(rng, 2, 3))), {}


@leaky_relu.vjp
@rounded_once
def _(g: Node, out: Node, x: Node, negative_slope: Scalar, inplace: bool) -> Grads:
    one, low = (full(each, x.shape, x.dtype) for each in (1.0, negative_slope))
    slope = build.where(binary("lt", zeros_of(x), x), one, low)
    return (sloped(g, slope, x),)


leaky_relu.samples(with_options({"negative_slope": 0.2}))


@composite(torch=False, functional=True, stored="value")
def threshold(input: Node, threshold: Scalar, value: Scalar, inplace: bool = False) -> Node:
    """x where x > threshold, else value."""
    if input.dtype is bool_:
        raise NotImplementedError("\"threshold_cpu\" not implemented for 'Bool'")
    limit, other = (full(each, input.shape, input.dtype) for each in (threshold, value))
    return build.where(binary("le", input, limit), other, input)


@threshold.vjp
def _(
    g: Node, out: Node, input: Node, threshold: Scalar, value: Scalar, inplace: bool
) -> Grads:  # fmt: skip
    limit = full(threshold, input.shape, input.dtype)
    return (passed(g, binary("le", input, limit), input),)


@threshold.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 0.3, -1.0), {}
    yield (CORNERS, 0.5, 20.0), {}
    yield (np.asarray(1.0), 1.0, 2.0), {}
    yield (INTEGERS, 1, -3), {}


@composite(torch=True, functional=True, method=True)
def prelu(input: Node, weight: Node) -> Node:
    """x where positive, else weight * x; one weight, or one per channel (axis 1)."""
    require_floating("prelu_cpu", input)
    if weight.dtype is not input.dtype:
        raise RuntimeError(
            f"prelu: Type promoting not supported. Got {legacy_name(input.dtype)} and "
            f"{legacy_name(weight.dtype)}"
        )
    if weight.ndim > 1:
        raise RuntimeError(
            f"prelu: Expected `weight` to be a scalar or 1D tensor, but got: ndim = {weight.ndim}"
        )
    if weight.size != 1:
        channels = input.shape[1] if input.ndim > 1 else 1
        if weight.size != channels:
            raise RuntimeError(
                f"Mismatch of parameter numbers and input channel size. Found parameter numbers = "
                f"{weight.size} and channel size = {channels}."
            )
        shape = (1, channels) + (1,) * (input.ndim - 2)
    else:
        shape = (1,) * input.ndim
    slope = build.expand(build.reshape(weight, shape), input.shape)
    return build.where(binary("lt", zeros_of(input), input), input, binary("mul", slope, input))


@prelu.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), floats(rng, 1)), {}
    yield (floats(rng, 2, 3, 4), floats(rng, 3)), {}
    yield (floats(rng, 4), np.asarray(0.25)), {}
    yield (CORNERS, np.array([0.25])), {}


@prelu.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)), np.ones((3, 1))), {}, RuntimeError, "scalar or 1D"
    yield (np.ones((2, 3)), np.ones(4)), {}, RuntimeError, "channel size = 3"
