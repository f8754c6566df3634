"""Activations: the non-linear functions between layers."""

from __future__ import annotations

import math

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32
from rushlight.base.shape import normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, reduce, unary
from rushlight.ir.graph import Node
from rushlight.ops.pointwise import sigmoid
from rushlight.ops.promote import compute_dtype, floating, full
from rushlight.ops.reduce import widen
from rushlight.ops.samples import (
    CORNERS,
    INTEGERS,
    BadInputs,
    Rng,
    Samples,
    floats,
    of_one,
    raises,
    with_options,
)  # fmt: skip
from rushlight.ops.table import Scalar, composite


def _zero(x: Node) -> Node:
    return const(0, x.shape, x.dtype)


@composite(method=True, functional=True, inplace=True)
def relu(input: Node) -> Node:
    """max(x, 0); nan stays nan; the slope at 0 is 0."""
    return binary("maximum", input, _zero(input))


@relu.vjp
def _(g, out, input):  # type: ignore[no-untyped-def]
    return (build.where(binary("le", out, _zero(out)), _zero(g), g),)


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
    """x cut to [min_val, max_val]."""
    low, high = (full(each, input.shape, input.dtype) for each in (min_val, max_val))
    raised = build.where(binary("lt", input, low), low, input)
    return build.where(binary("lt", high, raised), high, raised)


@hardtanh.vjp
def _(g, out, input, min_val, max_val, inplace):  # type: ignore[no-untyped-def]
    low, high = (full(each, g.shape, g.dtype) for each in (min_val, max_val))
    outside = binary("or", binary("le", input, low), binary("le", high, input))
    return (build.where(outside, _zero(g), g),)


hardtanh.samples(with_options({"min_val": -2.0, "max_val": 0.5}))


@composite(torch=False, functional=True)
def leaky_relu(input: Node, negative_slope: Scalar = 0.01, inplace: bool = False) -> Node:
    """x where positive, else negative_slope * x."""
    slope = full(negative_slope, input.shape, input.dtype)
    return build.where(binary("lt", _zero(input), input), input, binary("mul", input, slope))


leaky_relu.samples(with_options({"negative_slope": 0.2}))


@composite(torch=False, functional=True)
def elu(input: Node, alpha: Scalar = 1.0, inplace: bool = False) -> Node:
    """x where positive, else alpha * (e**x - 1)."""
    scale = full(alpha, input.shape, input.dtype)
    low = binary("mul", scale, unary("expm1", binary("minimum", input, _zero(input))))
    return build.where(binary("lt", _zero(input), input), input, low)


@elu.vjp
def _(g, out, input, alpha, inplace):  # type: ignore[no-untyped-def]
    scale = full(alpha, g.shape, g.dtype)
    low = binary("mul", g, binary("mul", scale, unary("exp", _negative_part(input))))
    return (build.where(binary("le", input, _zero(g)), low, g),)


def _negative_part(x: Node) -> Node:
    """x below 0, else 0: with slope 0 at 0, where minimum(x, 0) would have a half."""
    return build.where(binary("lt", x, _zero(x)), x, _zero(x))


elu.samples(with_options({"alpha": 0.5}))


@composite(method=False, functional=True)
def selu(input: Node, inplace: bool = False) -> Node:
    """scale * elu(x, alpha) with the constants of self-normalising networks (Klambauer 2017)."""
    alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
    inner: Node = elu(input, alpha)
    return binary("mul", inner, const(scale, input.shape, input.dtype))


selu.samples(of_one(whole=False))


@composite(method=False, functional=True)
def celu(input: Node, alpha: Scalar = 1.0, inplace: bool = False) -> Node:
    """max(x, 0) + min(alpha * (e**(x / alpha) - 1), 0)."""
    scale = full(alpha, input.shape, input.dtype)
    low = binary("minimum", input, _zero(input))
    curved = binary("mul", scale, unary("expm1", binary("div", low, scale)))
    return build.where(binary("lt", _zero(input), input), input, curved)


celu.samples(with_options({"alpha": 0.5}))


@celu.vjp
def _(g: Node, out: Node, input: Node, alpha: Scalar, inplace: bool) -> tuple[Node]:
    scale = full(alpha, g.shape, g.dtype)
    low = binary("mul", g, unary("exp", binary("div", _negative_part(input), scale)))
    return (build.where(binary("le", input, _zero(g)), low, g),)


@composite(torch=False, functional=True)
def gelu(input: Node, *, approximate: str = "none") -> Node:
    """x * Phi(x), Phi the normal distribution function; "tanh" approximates it (Hendrycks 2016)."""
    x = build.cast(input, compute_dtype(input.dtype))
    half = const(0.5, x.shape, x.dtype)
    if approximate == "none":
        inner = unary("erf", binary("mul", x, const(math.sqrt(0.5), x.shape, x.dtype)))
    elif approximate == "tanh":
        cube = binary("mul", binary("mul", x, x), x)
        sum_ = binary("add", x, binary("mul", cube, const(0.044715, x.shape, x.dtype)))
        inner = unary("tanh", binary("mul", sum_, const(math.sqrt(2 / math.pi), x.shape, x.dtype)))
    else:
        raise RuntimeError(f"approximate argument must be either none or tanh, got {approximate!r}")
    one = const(1, x.shape, x.dtype)
    out = binary("mul", binary("mul", x, half), binary("add", one, inner))
    return build.cast(out, input.dtype)


gelu.samples(with_options({"approximate": "tanh"}))
gelu.bad_inputs(raises(((np.ones(3),), {"approximate": "x"}, RuntimeError, "none or tanh")))


@composite(torch=False, functional=True)
def silu(input: Node, inplace: bool = False) -> Node:
    """x * sigmoid(x)."""
    x = build.cast(input, compute_dtype(input.dtype))
    return build.cast(binary("mul", x, unary("sigmoid", x)), input.dtype)


@silu.vjp
def _(g, out, input, inplace):  # type: ignore[no-untyped-def]
    x = build.cast(input, compute_dtype(input.dtype))
    gate = unary("sigmoid", x)
    one = const(1, x.shape, x.dtype)
    slope = binary("mul", gate, binary("add", one, binary("mul", x, binary("sub", one, gate))))
    return (build.cast(binary("mul", build.cast(g, x.dtype), slope), input.dtype),)


silu.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def mish(input: Node, inplace: bool = False) -> Node:
    """x * tanh(softplus(x))."""
    inner: Node = softplus(input)
    return binary("mul", input, unary("tanh", inner))


mish.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def softplus(input: Node, beta: Scalar = 1.0, threshold: Scalar = 20.0) -> Node:
    """log(1 + e**(beta x)) / beta; x itself where beta x > threshold."""
    scale = full(beta, input.shape, input.dtype)
    scaled = binary("mul", input, scale)
    tail = unary("log1p", unary("exp", unary("neg", unary("abs", scaled))))
    smooth = binary("div", binary("add", binary("maximum", scaled, _zero(scaled)), tail), scale)
    limit = full(threshold, input.shape, input.dtype)
    return build.where(binary("lt", limit, scaled), input, smooth)


@softplus.vjp
def _(g, out, input, beta, threshold):  # type: ignore[no-untyped-def]
    # From the body the slope would lean on how maximum splits the tie at 0; this does not.
    scaled = binary("mul", input, full(beta, input.shape, input.dtype))
    limit = full(threshold, input.shape, input.dtype)
    inside = binary("mul", g, unary("sigmoid", scaled))
    return (build.where(binary("lt", limit, scaled), g, inside),)


softplus.samples(with_options({"beta": 3.0}, {"beta": 0.5, "threshold": 1.0}))


@composite(torch=False, functional=True)
def logsigmoid(input: Node) -> Node:
    """log(sigmoid(x)) = min(x, 0) - log(1 + e**-|x|)."""
    tail = unary("log1p", unary("exp", unary("neg", unary("abs", input))))
    return binary("sub", binary("minimum", input, _zero(input)), tail)


@logsigmoid.vjp
def _(g, out, input):  # type: ignore[no-untyped-def]
    return (binary("mul", g, unary("sigmoid", unary("neg", input))),)


logsigmoid.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def hardsigmoid(input: Node, inplace: bool = False) -> Node:
    """clamp(x + 3, 0, 6) / 6."""
    return _hard_gate(input)


def _hard_gate(x: Node) -> Node:
    shifted = binary("add", x, const(3, x.shape, x.dtype))
    cut = binary("minimum", binary("maximum", shifted, _zero(x)), const(6, x.shape, x.dtype))
    return binary("div", cut, const(6, x.shape, x.dtype))


@hardsigmoid.vjp
def _(g, out, input, inplace):  # type: ignore[no-untyped-def]
    return (binary("mul", g, _hard_slope(input)),)


hardsigmoid.samples(of_one(-4, 4, whole=False))


def _hard_slope(x: Node) -> Node:
    three = const(3, x.shape, x.dtype)
    inside = binary("and", binary("lt", unary("neg", three), x), binary("lt", x, three))
    return build.where(inside, const(1 / 6, x.shape, x.dtype), _zero(x))


@composite(torch=False, functional=True)
def hardswish(input: Node, inplace: bool = False) -> Node:
    """x * hardsigmoid(x)."""
    return binary("mul", input, _hard_gate(input))


@hardswish.vjp
def _(g, out, input, inplace):  # type: ignore[no-untyped-def]
    three = const(3, input.shape, input.dtype)
    slope = binary("add", binary("div", input, three), const(0.5, input.shape, input.dtype))
    inside = build.where(binary("lt", input, three), binary("mul", g, slope), g)
    return (build.where(binary("le", input, unary("neg", three)), _zero(g), inside),)


hardswish.samples(of_one(-4, 4, whole=False))


@composite(torch=False, functional=True)
def softsign(input: Node) -> Node:
    """x / (1 + |x|)."""
    one = const(1, input.shape, input.dtype)
    return binary("div", input, binary("add", one, unary("abs", input)))


softsign.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def tanhshrink(input: Node) -> Node:
    """x - tanh(x)."""
    return binary("sub", input, unary("tanh", input))


tanhshrink.samples(of_one(whole=False))


@composite(torch=False, functional=True)
def softshrink(input: Node, lambd: Scalar = 0.5) -> Node:
    """x moved toward 0 by lambd, 0 within it."""
    limit = full(lambd, input.shape, input.dtype)
    near = build.where(binary("le", unary("abs", input), limit), _zero(input), input)  # or nan
    high = build.where(binary("lt", limit, input), binary("sub", input, limit), near)
    low = binary("lt", input, unary("neg", limit))
    return build.where(low, binary("add", input, limit), high)


softshrink.samples(with_options({"lambd": 1.0}))


@composite(torch=False, functional=True)
def hardshrink(input: Node, lambd: Scalar = 0.5) -> Node:
    """x where |x| > lambd, else 0."""
    limit = full(lambd, input.shape, input.dtype)
    return build.where(binary("le", unary("abs", input), limit), _zero(input), input)


hardshrink.samples(with_options({"lambd": 1.0}))


@composite(torch=False, functional=True)
def threshold(input: Node, threshold: Scalar, value: Scalar, inplace: bool = False) -> Node:
    """x where x > threshold, else value."""
    limit, other = (full(each, input.shape, input.dtype) for each in (threshold, value))
    return build.where(binary("le", input, limit), other, input)


@threshold.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 0.3, -1.0), {}
    yield (CORNERS, 0.5, 20.0), {}
    yield (np.asarray(1.0), 1.0, 2.0), {}
    yield (INTEGERS, 1, -3), {}


@composite(torch=True, functional=True, method=True)
def prelu(input: Node, weight: Node) -> Node:
    """x where positive, else weight * x; one weight, or one per channel (axis 1)."""
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
    return build.where(binary("lt", _zero(input), input), input, binary("mul", slope, input))


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


@composite(torch=False, functional=True)
def glu(input: Node, dim: int = -1) -> Node:
    """The first half times the sigmoid of the second, along ``dim``."""
    axis = normalize_dim(dim, input.ndim)
    size = input.shape[axis]
    if size % 2:
        raise RuntimeError(f"Halving dimension must be even, but dimension {axis} is size {size}")
    shape = tuple(size // 2 if k == axis else n for k, n in enumerate(input.shape))
    ones = (1,) * input.ndim
    first = build.slice(input, (0,) * input.ndim, shape, ones)
    start = tuple(size // 2 if k == axis else 0 for k in range(input.ndim))
    second = build.slice(input, start, shape, ones)
    gate: Node = sigmoid(second)
    return binary("mul", first, gate)


@glu.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4),), {}
    yield (floats(rng, 4, 3, 2), 0), {}
    yield (np.zeros((0, 4)),), {}


glu.bad_inputs(raises(((np.ones((2, 3)),), {}, RuntimeError, "must be even")))


# Softmax


def _implicit_dim(ndim: int) -> int:
    """What ``dim=None`` meant in old PyTorch."""
    return 0 if ndim in (0, 1, 3) else 1


def _rows(rng: Rng) -> Samples:
    yield (floats(rng, 4, 5), 1), {}
    yield (floats(rng, 2, 3, 4), -2), {}
    yield (floats(rng, 2, 3, 4), 0), {}
    yield (floats(rng, 70, 33), 0), {}
    yield (np.array([[-np.inf, -np.inf], [np.inf, 0.0], [np.nan, 1.0], [1e4, -1e4]]), 1), {}
    yield (np.array([[-np.inf, 0.0, 1.0], [88.0, 89.0, 90.0]]), -1), {}
    yield (np.asarray(2.0), 0), {}
    yield (np.zeros((0, 3)), 1), {}
    yield (np.zeros((3, 0)), 1), {}
    yield (INTEGERS, 1), {"dtype": float32}


def _shifted(x: Node, axis: int) -> Node:
    top = reduce(x, "max", (axis,))
    # A row of -inf alone would be nan after the shift, as in PyTorch.
    return binary("sub", x, widen(top, x, (axis,)))


def _softmax_input(input: Node, dim: int | None, dtype: DType | None) -> tuple[Node, int, DType]:
    dtype = floating(input.dtype) if dtype is None else dtype
    if dtype is not input.dtype and not input.dtype.is_floating_point and dtype is None:
        raise RuntimeError("softmax needs floating point")
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    return build.cast(build.cast(input, dtype), compute_dtype(dtype)), axis, dtype


@composite(method=True, grad_name="Softmax")
def softmax(input: Node, dim: int | None, dtype: DType | None = None) -> Node:
    """exp(x) / sum(exp(x)) along ``dim``."""
    x, axis, dtype = _softmax_input(input, dim, dtype)
    if x.ndim == 0 or x.size == 0:
        return build.cast(const(1, x.shape, x.dtype), dtype)
    e = unary("exp", _shifted(x, axis))
    total = reduce(e, "sum", (axis,))
    return build.cast(binary("div", e, widen(total, e, (axis,))), dtype)


@softmax.vjp
def _(g, out, input, dim, dtype):  # type: ignore[no-untyped-def]
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    if input.ndim == 0 or input.size == 0:
        return (_zero(input),)
    wide = compute_dtype(out.dtype)
    g, out = build.cast(g, wide), build.cast(out, wide)
    weighted = binary("mul", g, out)
    total = widen(reduce(weighted, "sum", (axis,)), out, (axis,))
    return (build.cast(binary("sub", weighted, binary("mul", out, total)), input.dtype),)


softmax.samples(_rows)


@composite(method=True, grad_name="LogSoftmax")
def log_softmax(input: Node, dim: int | None, dtype: DType | None = None) -> Node:
    """x - log(sum(exp(x))) along ``dim``, shifted so that nothing overflows."""
    x, axis, dtype = _softmax_input(input, dim, dtype)
    if x.ndim == 0 or x.size == 0:
        return build.cast(_zero(x), dtype)
    shifted = _shifted(x, axis)
    total = unary("log", reduce(unary("exp", shifted), "sum", (axis,)))
    return build.cast(binary("sub", shifted, widen(total, x, (axis,))), dtype)


@log_softmax.vjp
def _(g, out, input, dim, dtype):  # type: ignore[no-untyped-def]
    axis = normalize_dim(_implicit_dim(input.ndim) if dim is None else dim, input.ndim)
    if input.ndim == 0 or input.size == 0:
        return (_zero(input),)
    wide = compute_dtype(out.dtype)
    g, out = build.cast(g, wide), build.cast(out, wide)
    total = widen(reduce(g, "sum", (axis,)), out, (axis,))
    slope = binary("sub", g, binary("mul", unary("exp", out), total))
    return (build.cast(slope, input.dtype),)


log_softmax.samples(_rows)
