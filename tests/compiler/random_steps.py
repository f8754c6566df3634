"""The steps that a random graph is made of: one function a kind of primitive."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import bool_, float32, float64, int64
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.primitives import BINARY, COMPARE, UNARY
from tests.compiler.random_graph import SIZES, RandomGraph, Unfit
from tests.compiler.tracked import Tracked, exactly

FLOAT_ONLY = ("div", "atan2", "copysign", "nextafter")
WHOLE_ONLY = ("truncdiv", "and", "or", "xor", "shl", "shr")
WHOLE_UNARY = ("neg", "abs", "sign", "not")


def _unary(g: RandomGraph) -> None:
    x = g.pick()
    if x.dtype.is_floating_point:
        op = g.random.choice([op for op in UNARY if op != "not"])
    elif x.dtype is bool_:
        op = "not"
    else:
        op = g.random.choice(WHOLE_UNARY)
    g.add(build.unary(op, x.node))


def _binary(g: RandomGraph) -> None:
    x = g.pick()
    simple = ("add", "sub", "mul", "maximum", "minimum")
    if x.dtype is bool_:
        ops: Any = ("and", "or", "xor")
    elif g.random.random() < 0.5:
        ops = simple
    elif x.dtype.is_floating_point:
        ops = [op for op in BINARY if op not in WHOLE_ONLY]
    else:
        ops = [op for op in BINARY if op not in FLOAT_ONLY]
    y = g.partner(x.node.shape, x.dtype)
    pair = (x.node, y.node) if g.random.random() < 0.5 else (y.node, x.node)
    g.add(build.binary(g.random.choice(ops), *pair))


def _compare(g: RandomGraph) -> None:
    x = g.pick()
    y = g.partner(x.node.shape, x.dtype)
    g.add(build.binary(g.random.choice(list(COMPARE)), x.node, y.node))


def _where(g: RandomGraph) -> None:
    x = g.pick()
    y = g.partner(x.node.shape, x.dtype)
    g.add(build.where(g.partner(x.node.shape, bool_).node, x.node, y.node))


def _cast(g: RandomGraph) -> None:
    x = g.pick()
    g.add(build.cast(x.node, g.dtype()))


def _bitcast(g: RandomGraph) -> None:
    raw = [t for t in g.pool if t.node.op == "input" and t.dtype in (float32, float64)]
    if not raw:
        raise Unfit
    x = g.random.choice(raw)
    g.add(build.bitcast(x.node, dtypes.int32 if x.dtype is float32 else int64))


def _iota(g: RandomGraph) -> None:
    shape = g.shape()
    if not shape:
        raise Unfit
    g.add(build.iota(shape, g.random.randrange(len(shape)), g.dtype()))


def _reshape(g: RandomGraph) -> None:
    x = g.pick().node
    rest, sizes = x.size, []
    while rest > 1 and len(sizes) < 4:
        divisors = [k for k in range(2, min(rest, 64) + 1) if rest % k == 0]
        size = g.random.choice([*divisors, rest])
        sizes.append(size)
        rest //= size
    sizes.append(rest)
    g.random.shuffle(sizes)
    if x.size == 0:
        sizes = [0, 3]
    if g.random.random() < 0.3:
        sizes.insert(g.random.randrange(len(sizes) + 1), 1)
    g.add(build.reshape(x, tuple(sizes)))


def _permute(g: RandomGraph) -> None:
    x = g.pick(ranks=range(2, 9)).node
    axes = list(range(x.ndim))
    g.random.shuffle(axes)
    g.add(build.permute(x, tuple(axes)))


def _expand(g: RandomGraph) -> None:
    x = g.pick().node
    place = g.random.randrange(x.ndim + 1)
    lifted = g.add(build.reshape(x, (*x.shape[:place], 1, *x.shape[place:]))).node
    size = g.random.choice([2, 3, 5])
    g.add(build.expand(lifted, (*x.shape[:place], size, *x.shape[place:])))


def _window(g: RandomGraph, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    start, count, step = [], [], []
    for size in shape:
        stride = g.random.choice([1, 1, 1, 2, 3, -1, -2])
        first = g.random.randrange(size) if size else 0
        room = (size - 1 - first) // stride if stride > 0 else first // -stride
        start.append(first)
        count.append(g.random.randint(1, room + 1) if size else 0)
        step.append(stride)
    return tuple(start), tuple(count), tuple(step)


def _slice(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9)).node
    g.add(build.slice(x, *_window(g, x.shape)))


def _pad(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9)).node
    lo = tuple(g.random.choice([0, 0, 1, 2]) for _ in x.shape)
    hi = tuple(g.random.choice([0, 0, 1, 2]) for _ in x.shape)
    g.add(build.pad(x, lo, hi, g.random.choice([0, 1])))


def _cat(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    axis = g.random.randrange(x.node.ndim)
    parts = [x.node]
    for _ in range(g.random.randint(1, 3)):
        size = g.random.choice([0, 1, 2, 5, x.node.shape[axis]])
        shape = (*x.node.shape[:axis], size, *x.node.shape[axis + 1 :])
        parts.append(g.partner(shape, x.dtype).node)
    g.random.shuffle(parts)
    g.add(build.cat(parts, axis))


def _strided(g: RandomGraph, size: int) -> tuple[Any, Any, int]:
    shape = tuple(g.random.randint(1, 4) for _ in range(g.random.randint(1, 3)))
    room = size - 1
    strides = []
    for count in shape:
        most = room // (count - 1) if count > 1 else 7
        strides.append(g.random.randint(0, min(most, 9)))
        room -= strides[-1] * (count - 1)
    return shape, tuple(strides), g.random.randint(0, room)


def _as_strided(g: RandomGraph) -> None:
    x = g.pick().node
    if not x.size:
        raise Unfit
    g.add(build.as_strided(x, *_strided(g, x.size)))


def _as_strided_set(g: RandomGraph) -> None:
    x = g.pick()
    if not x.node.size:
        raise Unfit
    shape, strides, offset = _strided(g, x.node.size)
    g.add(build.as_strided_set(x.node, g.partner(shape, x.dtype).node, strides, offset))


def _slice_set(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    start, shape, step = _window(g, x.node.shape)
    g.add(build.slice_set(x.node, g.partner(shape, x.dtype).node, start, step))


def _reduce(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    kinds = ["sum", "prod", "max", "min", "any", "all", "argmax", "argmin", "sum", "max"]
    if x.dtype is bool_:
        kinds = ["any", "all", "max", "min"]
    kind = g.random.choice(kinds)
    count = 1 if kind.startswith("arg") else g.random.randint(1, x.node.ndim)
    axes = tuple(sorted(g.random.sample(range(x.node.ndim), count)))
    if kind in ("max", "min", "argmax", "argmin") and any(x.node.shape[k] == 0 for k in axes):
        raise Unfit
    g.add(build.reduce(x.node, kind, axes))


def _scan(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    kind = g.random.choice(["sum", "max", "min", "prod"] if x.dtype is not bool_ else ["max"])
    g.add(build.scan(x.node, kind, g.random.randrange(x.node.ndim)))


def _places(g: RandomGraph, shape: tuple[int, ...], size: int) -> Tracked:
    if not size and math.prod(shape):
        raise Unfit
    dtype = g.random.choice([int64, int64, dtypes.int32])
    node = build.input(len(g.inputs), shape, dtype)
    low = -size if g.random.random() < 0.3 else 0
    array = np.asarray(g.numpy.integers(low, size, shape) if size else np.zeros(shape))
    g.inputs.append(node)
    g.arrays.append(array.astype(dtype.np))
    return g.keep(exactly(node, g.arrays[-1]))


def _take(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9)).node
    axis = g.random.randrange(x.ndim)
    index = _places(g, g.random.choice([(), (3,), (2, 4), (7,), (0,)]), x.shape[axis])
    g.add(build.take(x, index.node, axis))


def _put(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    axis = g.random.randrange(x.node.ndim)
    index = _places(g, g.random.choice([(), (3,), (2, 4), (9,)]), x.node.shape[axis]).node
    shape = (*x.node.shape[:axis], *index.shape, *x.node.shape[axis + 1 :])
    mode = "set" if x.dtype is bool_ else g.random.choice(["set", "add"])
    g.add(build.put(x.node, index, g.partner(shape, x.dtype).node, axis, mode))


def _smaller(g: RandomGraph, x: Node, axis: int) -> tuple[int, ...]:
    whole = g.random.random() < 0.5
    return tuple(
        g.random.choice([1, 3, size]) if place == axis
        else size if whole or not size
        else g.random.randint(1, size)
        for place, size in enumerate(x.shape)
    )  # fmt: skip


def _gather(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9)).node
    axis = g.random.randrange(x.ndim)
    index = _places(g, _smaller(g, x, axis), x.shape[axis])
    g.add(build.gather(x, index.node, axis))


def _scatter(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9))
    axis = g.random.randrange(x.node.ndim)
    index = _places(g, _smaller(g, x.node, axis), x.node.shape[axis]).node
    modes = ["set"] if x.dtype is bool_ else ["set", "add", "prod", "max", "min"]
    values = g.partner(index.shape, x.dtype).node
    g.add(build.scatter(x.node, index, values, axis, g.random.choice(modes)))


def _dot(g: RandomGraph) -> None:
    x = (
        g.pick(floating=True, ranks=range(2, 5))
        if g.random.random() < 0.8
        else g.pick(ranks=range(2, 5))
    )
    if x.dtype is bool_:
        raise Unfit
    shape = (*x.node.shape[:-2], x.node.shape[-1], g.random.choice(SIZES))
    g.add(build.dot(x.node, g.partner(shape, x.dtype).node))


def _convolution(g: RandomGraph) -> None:
    dtype = g.random.choice([float32, float32, float64, dtypes.float16, dtypes.bfloat16])
    rank = g.random.choice([1, 2, 2, 2, 3])
    groups = g.random.choice([1, 1, 1, 2, 3])
    channels, outputs = (groups * g.random.choice([1, 2, 3, 8]) for _ in range(2))
    if rank == 2 and g.random.random() < 0.2:
        groups = outputs = channels  # depthwise
    sizes = tuple(g.random.choice([5, 6, 8, 9]) for _ in range(rank))
    taps = tuple(g.random.choice([1, 2, 3]) for _ in range(rank))
    window: dict[str, Any] = {
        "stride": tuple(g.random.choice([1, 1, 2, 3]) for _ in range(rank)),
        "padding": tuple((g.random.randint(0, 2), g.random.randint(0, 2)) for _ in range(rank)),
        "dilation": tuple(g.random.choice([1, 1, 2]) for _ in range(rank)),
        "groups": groups,
    }
    x = g.partner((g.random.choice([1, 2, 3]), *sizes, channels), dtype)
    w = g.partner((outputs, channels // groups, *taps), dtype)
    y = g.add(build.conv(x.node, w.node, **window))
    if g.random.random() < 0.5:
        slope = g.partner(y.node.shape, dtype).node
        if g.random.random() < 0.5:
            g.add(build.conv_input_grad(slope, w.node, x.node.shape, **window))
        else:
            g.add(build.conv_weight_grad(slope, x.node, w.node.shape, **window))


def _pool(g: RandomGraph) -> None:
    dtype = g.random.choice([float32, float32, float64, dtypes.bfloat16, dtypes.int32])
    rank = g.random.choice([1, 2, 2, 2, 3])
    window = tuple(g.random.choice([1, 2, 2, 3]) for _ in range(rank))
    steps = tuple(g.random.choice([1, 2]) for _ in window)
    attrs: dict[str, Any] = {
        "window": window,
        "stride": window if g.random.random() < 0.5 else steps,
        "padding": tuple(
            (g.random.randint(0, k // 2), g.random.randint(0, k // 2)) for k in window
        ),
        "dilation": (1,) * rank if g.random.random() < 0.8 else (2,) * rank,
    }  # fmt: skip
    sizes = tuple(g.random.choice([5, 6, 8, 9]) for _ in range(rank))
    shape = (g.random.choice([1, 2, 3]), *sizes, g.random.choice([1, 3, 6, 8, 11, 16]))
    x = g.partner(shape, dtype).node
    kind = g.random.choice(["max", "sum", "pair"])
    if kind == "sum":
        y = g.add(build.pool(x, "sum", **attrs)).node
        if g.random.random() < 0.6:
            slope = g.partner(y.shape, dtype).node
            g.add(build.pool_input_grad("sum", (slope,), shape, **attrs))
        return
    y = g.add(build.pool(x, "max", **attrs)).node
    if kind == "pair":
        places = g.add(build.pool(x, "argmax", **attrs)).node
        slope = g.partner(y.shape, dtype).node
        g.add(build.pool_input_grad("max", (slope, places), shape, **attrs))


def _argsort(g: RandomGraph) -> None:
    x = g.pick(ranks=range(1, 9)).node
    upwards, tied = g.random.random() < 0.5, g.random.random() < 0.5
    axis = g.random.randrange(x.ndim)
    if g.random.random() < 0.3:
        count = g.random.randint(0, x.shape[axis])
        g.add(build.first_places(x, axis, count, upwards, tied))
    else:
        g.add(build.argsort(x, axis, upwards, tied))


STEPS: tuple[Callable[[RandomGraph], None], ...] = (
    _unary, _unary, _unary, _unary, _unary, _unary, _binary, _binary, _binary, _binary, _binary,
    _binary, _binary, _binary, _binary, _compare, _where, _where, _cast, _cast, _bitcast, _iota,
    _reshape, _reshape, _permute, _permute, _expand, _slice, _slice, _pad, _cat, _as_strided,
    _as_strided_set, _slice_set, _reduce, _reduce, _reduce, _reduce, _scan, _take, _put, _gather,
    _scatter, _dot, _dot, _convolution, _pool, _argsort,
)  # fmt: skip
