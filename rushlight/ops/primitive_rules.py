"""The derivative of each primitive: ``RULES[op](g, node) -> one cotangent per source``.

Everything here is built from primitives, so the derivative of a derivative is there too. The
conventions at corners are PyTorch's: abs has slope 0 at 0, maximum splits a tie in halves,
a power at 0 follows x**(y-1).
"""

from __future__ import annotations

import math
from collections.abc import Callable

from rushlight.base.dtype import int64
from rushlight.ir import build
from rushlight.ir.build import binary, const, expand, permute, reduce, reshape, unary, where
from rushlight.ir.graph import Node

Grads = tuple[Node | None, ...]
Rule = Callable[[Node, Node], Grads]
RULES: dict[str, Rule] = {}


def _like(x: Node, value: float) -> Node:
    return const(value, x.shape, x.dtype)


def _mul(x: Node, y: Node) -> Node:
    return binary("mul", x, y)


def _scale(x: Node, value: float) -> Node:
    return binary("mul", x, _like(x, value))


def _div(x: Node, y: Node) -> Node:
    return binary("div", x, y)


def _sub(x: Node, y: Node) -> Node:
    return binary("sub", x, y)


def _add(x: Node, y: Node) -> Node:
    return binary("add", x, y)


def _square(x: Node) -> Node:
    return binary("mul", x, x)


def _one_minus(x: Node) -> Node:
    return binary("sub", _like(x, 1), x)


# slope(x, out) of each unary function
_SLOPES: dict[str, Callable[[Node, Node], Node]] = {
    "abs": lambda x, out: unary("sign", x),
    "exp": lambda x, out: out,
    "exp2": lambda x, out: _scale(out, math.log(2)),
    "expm1": lambda x, out: _add(out, _like(x, 1)),
    "log": lambda x, out: unary("reciprocal", x),
    "log2": lambda x, out: unary("reciprocal", _scale(x, math.log(2))),
    "log10": lambda x, out: unary("reciprocal", _scale(x, math.log(10))),
    "log1p": lambda x, out: unary("reciprocal", _add(x, _like(x, 1))),
    "sqrt": lambda x, out: unary("reciprocal", _scale(out, 2)),
    "rsqrt": lambda x, out: _scale(_mul(out, _square(out)), -0.5),
    "reciprocal": lambda x, out: unary("neg", _square(out)),
    "sin": lambda x, out: unary("cos", x),
    "cos": lambda x, out: unary("neg", unary("sin", x)),
    "tan": lambda x, out: _add(_square(out), _like(x, 1)),
    "asin": lambda x, out: unary("rsqrt", _one_minus(_square(x))),
    "acos": lambda x, out: unary("neg", unary("rsqrt", _one_minus(_square(x)))),
    "atan": lambda x, out: unary("reciprocal", _add(_square(x), _like(x, 1))),
    "sinh": lambda x, out: unary("cosh", x),
    "cosh": lambda x, out: unary("sinh", x),
    "tanh": lambda x, out: _one_minus(_square(out)),
    "asinh": lambda x, out: unary("rsqrt", _add(_square(x), _like(x, 1))),
    "acosh": lambda x, out: unary("rsqrt", _sub(_square(x), _like(x, 1))),
    "atanh": lambda x, out: unary("reciprocal", _one_minus(_square(x))),
    "sigmoid": lambda x, out: _mul(out, _one_minus(out)),
    "erf": lambda x, out: _scale(unary("exp", unary("neg", _square(x))), 2 / math.sqrt(math.pi)),
    "erfc": lambda x, out: _scale(unary("exp", unary("neg", _square(x))), -2 / math.sqrt(math.pi)),
    "erfinv": lambda x, out: _scale(unary("exp", _square(out)), math.sqrt(math.pi) / 2),
    "lgamma": lambda x, out: unary("digamma", x),
}


def _pointwise(op: str) -> Rule:
    slope = _SLOPES[op]
    return lambda g, node: (_mul(g, slope(node.src[0], node)),)


RULES.update({op: _pointwise(op) for op in _SLOPES})


def rule(*names: str) -> Callable[[Rule], Rule]:
    def keep(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return keep


@rule("neg")
def _neg(g: Node, node: Node) -> Grads:
    return (unary("neg", g),)


@rule("sign", "floor", "ceil", "trunc", "round")
def _flat(g: Node, node: Node) -> Grads:
    return (_like(g, 0),)


@rule("add")
def _add_rule(g: Node, node: Node) -> Grads:
    return g, g


@rule("sub")
def _sub_rule(g: Node, node: Node) -> Grads:
    return g, unary("neg", g)


@rule("mul")
def _mul_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    return _mul(g, y), _mul(g, x)


@rule("div")
def _div_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    return _div(g, y), unary("neg", _mul(g, _div(node, y)))


@rule("pow")
def _pow_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    zero = _like(x, 0)
    base = _mul(y, binary("pow", x, _sub(y, _like(y, 1))))
    dx = where(binary("eq", y, zero), zero, _mul(g, base))
    # d/dy x**y at x = 0 is 0 for y >= 0, as PyTorch has it.
    flat = binary("and", binary("eq", x, zero), binary("le", zero, y))
    dy = where(flat, zero, _mul(g, _mul(node, unary("log", x))))
    return dx, dy


@rule("atan2")
def _atan2_rule(g: Node, node: Node) -> Grads:
    y, x = node.src
    scaled = _div(g, _add(_square(x), _square(y)))
    return _mul(scaled, x), unary("neg", _mul(scaled, y))


@rule("remainder", "fmod")
def _remainder_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    whole = unary("floor" if node.op == "remainder" else "trunc", _div(x, y))
    return g, unary("neg", _mul(g, whole))


@rule("maximum", "minimum")
def _extremum_rule(g: Node, node: Node) -> Grads:
    x, y = node.src
    less, more = (x, y) if node.op == "maximum" else (y, x)
    half, zero = _scale(g, 0.5), _like(g, 0)
    tie = binary("eq", x, y)
    loses_x, loses_y = binary("lt", less, more), binary("lt", more, less)
    return (
        where(tie, half, where(loses_x, zero, g)),
        where(tie, half, where(loses_y, zero, g)),
    )


@rule("copysign")
def _copysign_rule(g: Node, node: Node) -> Grads:
    x = node.src[0]
    zero = _like(x, 0)
    ratio = where(binary("eq", x, zero), zero, _div(node, x))
    return _mul(g, ratio), zero


@rule("where")
def _where_rule(g: Node, node: Node) -> Grads:
    condition, zero = node.src[0], _like(g, 0)
    return None, where(condition, g, zero), where(condition, zero, g)


@rule("cast")
def _cast_rule(g: Node, node: Node) -> Grads:
    source = node.src[0].dtype
    return (build.cast(g, source) if source.is_floating_point or source.is_complex else None,)


@rule("reshape")
def _reshape_rule(g: Node, node: Node) -> Grads:
    return (reshape(g, node.src[0].shape),)


@rule("permute")
def _permute_rule(g: Node, node: Node) -> Grads:
    axes = node.attrs["axes"]
    return (permute(g, tuple(axes.index(axis) for axis in range(len(axes)))),)


@rule("expand")
def _expand_rule(g: Node, node: Node) -> Grads:
    shape = node.src[0].shape
    axes = tuple(axis for axis, size in enumerate(shape) if size != node.shape[axis])
    return (reshape(reduce(g, "sum", axes), shape),)


@rule("slice")
def _slice_rule(g: Node, node: Node) -> Grads:
    source = node.src[0]
    start, step = node.attrs["start"], node.attrs["step"]
    if all(each == 1 for each in step):
        hi = tuple(
            size - first - count
            for size, first, count in zip(source.shape, start, g.shape, strict=True)
        )
        return (build.pad(g, start, hi, 0),)
    return (build.slice_set(_like(source, 0), g, start, step),)


@rule("pad")
def _pad_rule(g: Node, node: Node) -> Grads:
    shape = node.src[0].shape
    return (build.slice(g, node.attrs["lo"], shape, (1,) * len(shape)),)


@rule("cat")
def _cat_rule(g: Node, node: Node) -> Grads:
    axis, first = node.attrs["axis"], 0
    parts: list[Node] = []
    for source in node.src:
        start = tuple(first if k == axis else 0 for k in range(g.ndim))
        parts.append(build.slice(g, start, source.shape, (1,) * g.ndim))
        first += source.shape[axis]
    return tuple(parts)


def strided_places(shape: tuple[int, ...], strides: tuple[int, ...], offset: int) -> Node:
    """The flat place (int64) of each element of a strided window."""
    places = const(offset, shape, int64)
    for axis, stride in enumerate(strides):
        along = build.iota(shape, axis)
        places = _add(places, _scale(along, stride))
    return places


@rule("as_strided")
def _as_strided_rule(g: Node, node: Node) -> Grads:
    # Places may overlap, so cotangents are summed by place.
    flat = node.src[0]
    places = strided_places(node.shape, node.attrs["strides"], node.attrs["offset"])
    zeros = _like(flat, 0)
    size = (math.prod(node.shape),)
    return (build.put(zeros, reshape(places, size), reshape(g, size), 0, "add"),)


@rule("slice_set")
def _slice_set_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    start, step = node.attrs["start"], node.attrs["step"]
    taken = build.slice(g, start, y.shape, step)
    return build.slice_set(g, const(0, y.shape, y.dtype), start, step), taken


@rule("as_strided_set")
def _as_strided_set_rule(g: Node, node: Node) -> Grads:
    y = node.src[1]
    strides, offset = node.attrs["strides"], node.attrs["offset"]
    rest = build.as_strided_set(g, const(0, y.shape, y.dtype), strides, offset)
    return rest, build.as_strided(g, y.shape, strides, offset)


def _kept(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(1 if axis in axes else size for axis, size in enumerate(shape))


@rule("reduce")
def _reduce_rule(g: Node, node: Node) -> Grads:
    x, kind, axes = node.src[0], node.attrs["kind"], node.attrs["axes"]
    kept = _kept(x.shape, axes)
    if kind not in ("sum", "prod", "max", "min"):
        return (None,)
    wide = expand(reshape(g, kept), x.shape)
    if kind == "sum":
        return (wide,)
    out = expand(reshape(node, kept), x.shape)
    if kind == "prod":
        return (_prod_grad(wide, x, axes),)
    # Equal extrema share the cotangent evenly, as amax and amin do in PyTorch.
    hit = build.cast(binary("eq", x, out), x.dtype)
    count = expand(reshape(reduce(hit, "sum", axes), kept), x.shape)
    return (_div(_mul(wide, hit), count),)


def _prod_grad(wide: Node, x: Node, axes: tuple[int, ...]) -> Node:
    """g times the product of all others: right where zeros stand, so no division.

    The product before each element times the product after it, along the flattened axes.
    """
    rest = tuple(axis for axis in range(x.ndim) if axis not in axes)
    order = rest + axes
    moved = permute(x, order)
    count = math.prod(x.shape[axis] for axis in axes)
    kept = tuple(x.shape[axis] for axis in rest)
    flat = reshape(moved, (*kept, count))
    ndim = len(kept)
    lead = (0,) * ndim

    def before(values: Node) -> Node:
        if count == 0:
            return values
        shifted = build.pad(
            build.slice(values, (*lead, 0), (*kept, count - 1), (1,) * (ndim + 1)),
            (*lead, 1), (*lead, 0), 1,
        )  # fmt: skip
        return build.scan(shifted, "prod", ndim)

    def flip(values: Node) -> Node:
        if count == 0:
            return values
        return build.slice(values, (*lead, count - 1), values.shape, (*(1,) * ndim, -1))

    others = _mul(before(flat), flip(before(flip(flat))))
    back = permute(reshape(others, moved.shape), tuple(order.index(k) for k in range(x.ndim)))
    return _mul(wide, back)


@rule("scan")
def _scan_rule(g: Node, node: Node) -> Grads:
    if node.attrs["kind"] != "sum":
        raise NotImplementedError(f"the derivative of a running {node.attrs['kind']}")
    axis = node.attrs["axis"]
    if not node.shape[axis]:
        return (g,)
    start = tuple(node.shape[axis] - 1 if k == axis else 0 for k in range(node.ndim))
    step = tuple(-1 if k == axis else 1 for k in range(node.ndim))

    def flip(values: Node) -> Node:
        return build.slice(values, start, node.shape, step)

    return (flip(build.scan(flip(g), "sum", axis)),)


@rule("take")
def _take_rule(g: Node, node: Node) -> Grads:
    x, index = node.src
    return build.put(_like(x, 0), index, g, node.attrs["axis"], "add"), None


@rule("gather")
def _gather_rule(g: Node, node: Node) -> Grads:
    x, index = node.src
    return build.scatter(_like(x, 0), index, g, node.attrs["axis"], "add"), None


@rule("put")
def _put_rule(g: Node, node: Node) -> Grads:
    _, index, values = node.src
    axis, mode = node.attrs["axis"], node.attrs["mode"]
    taken = build.take(g, index, axis)
    if mode == "add":
        return g, None, taken
    zeros = const(0, values.shape, values.dtype)
    return build.put(g, index, zeros, axis, "set"), None, taken


@rule("scatter")
def _scatter_rule(g: Node, node: Node) -> Grads:
    _, index, values = node.src
    axis, mode = node.attrs["axis"], node.attrs["mode"]
    taken = build.gather(g, index, axis)
    if mode == "add":
        return g, None, taken
    if mode == "set":
        zeros = const(0, values.shape, values.dtype)
        return build.scatter(g, index, zeros, axis, "set"), None, taken
    raise NotImplementedError(f"the derivative of scatter with reduce={mode!r}")


@rule("dot")
def _dot_rule(g: Node, node: Node) -> Grads:
    a, b = node.src
    swap = (*range(a.ndim - 2), a.ndim - 1, a.ndim - 2)
    return build.dot(g, permute(b, swap)), build.dot(permute(a, swap), g)


def _window(node: Node) -> tuple[tuple[int, ...], build.Pairs, tuple[int, ...], int]:
    a = node.attrs
    return a["stride"], a["padding"], a["dilation"], a["groups"]


@rule("conv")
def _conv_rule(g: Node, node: Node) -> Grads:
    x, w = node.src
    return (
        build.conv_input_grad(g, w, x.shape, *_window(node)),
        build.conv_weight_grad(g, x, w.shape, *_window(node)),
    )


@rule("conv_input_grad")
def _conv_input_grad_rule(h: Node, node: Node) -> Grads:
    # linear in g and w: <h, conv_input_grad(g, w)> = <g, conv(h, w)>
    g, w = node.src
    return build.conv(h, w, *_window(node)), build.conv_weight_grad(g, h, w.shape, *_window(node))


@rule("conv_weight_grad")
def _conv_weight_grad_rule(h: Node, node: Node) -> Grads:
    g, x = node.src
    return build.conv(x, h, *_window(node)), build.conv_input_grad(g, h, x.shape, *_window(node))


@rule("pool")
def _pool_rule(g: Node, node: Node) -> Grads:
    x, a = node.src[0], node.attrs
    window = (a["window"], a["stride"], a["padding"], a["dilation"])
    if a["kind"] == "sum":
        return (build.pool_input_grad("sum", (g,), x.shape, *window),)
    if a["kind"] == "max":
        places = build.pool(x, "argmax", *window)
        return (build.pool_input_grad("max", (g, places), x.shape, *window),)
    return (None,)


@rule("pool_input_grad")
def _pool_input_grad_rule(h: Node, node: Node) -> Grads:
    a = node.attrs
    window = (a["window"], a["stride"], a["padding"], a["dilation"])
    if a["kind"] == "sum":
        return (build.pool(h, "sum", *window),)
    # linear in g: each window reads the cotangent at the place of its maximum
    g, places = node.src
    n, c = h.shape[0], h.shape[-1]
    flat = reshape(h, (n, math.prod(h.shape[1:-1]), c))
    index = reshape(places, (n, math.prod(g.shape[1:-1]), c))
    return reshape(build.gather(flat, index, 1), g.shape), None


@rule("bitcast", "argsort", "eq", "ne", "lt", "le")
def _none(g: Node, node: Node) -> Grads:
    return (None,) * len(node.src)
