"""Random graphs of primitives, from a seed: every op, dtype and kind of shape, with nan and inf.

python -m tests.compiler.random_graphs 0 500      compile seeds 0..499, print what differs
"""

from __future__ import annotations

import math
import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import bool_, float32, float64, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.primitives import BINARY, COMPARE, UNARY
from rushlight.ir.text import to_text
from rushlight.ir.verify import verify
from tests.compiler.run_plan import run_compiled
from tests.compiler.tracked import Array, Tracked, exactly, mismatch, track

REAL = [each for each in dtypes.ALL if not each.is_complex]
COMMON = [float32, float32, float32, float32, int64, bool_]
SIZES = [1, 1, 2, 3, 3, 4, 5, 7, 8, 9, 16, 17, 31, 33]
FLOAT_ONLY = ("div", "atan2", "copysign", "nextafter")
WHOLE_ONLY = ("truncdiv", "and", "or", "xor", "shl", "shr")
WHOLE_UNARY = ("neg", "abs", "sign", "not")
MOST_ELEMENTS = 4000
MOST_LARGE = 150_000


class Unfit(Exception):
    """This step cannot be made here; another is tried."""


class RandomGraph:
    """One program: sinks with their values, and the arguments they were computed from."""

    def __init__(self, seed: int, steps: int = 12) -> None:
        self.random = random.Random(seed)
        self.numpy = np.random.default_rng(seed)
        self.inputs: list[Node] = []
        self.arrays: list[Array] = []
        self.scalars: list[Node] = []
        self.numbers: list[float | int | bool] = []
        self.pool: list[Tracked] = []
        large = self.random.random() < 0.08
        self.limit = MOST_LARGE if large else MOST_ELEMENTS
        self.input(self.shape(large), self.dtype())
        made = 0
        for _ in range(steps * 4):
            made += self.step()
            if made >= steps:
                break
        used = {source for each in self.pool for source in each.node.src}
        leaves = [
            t for t in self.pool if t.node not in used and t.node.op not in ("input", "scalar")
        ]
        some = [t for t in self.pool if t.node.op not in ("input", "scalar")]
        leaves += self.random.sample(some, min(2, len(some)))
        self.sinks = leaves[-8:] or self.pool[-1:]

    # Choices

    def dtype(self) -> DType:
        return self.random.choice(COMMON if self.random.random() < 0.6 else REAL)

    def shape(self, large: bool = False) -> tuple[int, ...]:
        if large:
            return self.random.choice([(60000,), (300, 200), (40, 30, 50), (9000, 7), (3, 20000)])
        rank = self.random.choice([0, 1, 1, 2, 2, 2, 3, 3, 4])
        while True:
            sizes = [self.random.choice(SIZES) for _ in range(rank)]
            if sizes and self.random.random() < 0.03:
                sizes[self.random.randrange(rank)] = 0
            if math.prod(sizes) <= MOST_ELEMENTS:
                return tuple(sizes)

    def numbers_of(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """Small multiples of 1/4, on which arithmetic is exact, and at times special numbers."""
        if dtype is bool_:
            return np.asarray(self.numpy.random(shape) < 0.5)
        low = -16 if dtype.is_signed else 0
        raw = np.asarray(self.numpy.integers(low, 17, shape))
        if not dtype.is_floating_point:
            if self.random.random() < 0.15:
                info = np.iinfo(dtype.np)
                raw = np.asarray(
                    self.numpy.integers(info.min, info.max, shape, endpoint=True, dtype=dtype.np)
                )
            return raw.astype(dtype.np)
        values = raw.astype(np.float32) / 4
        if self.random.random() < 0.25 and values.size:
            special = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0, 1000.5], np.float32)
            odd = np.asarray(self.numpy.random(shape) < 0.1)
            values = np.where(odd, self.numpy.choice(special, shape), values)
        elif self.random.random() < 0.3:
            values = np.asarray(self.numpy.normal(size=shape)).astype(np.float32)
        return values.astype(dtype.np)

    def pick(self, *, floating: bool | None = None, ranks: range = range(9)) -> Tracked:
        """A value made so far (the late ones more often) of a kind, or a new input."""
        fitting = [
            t for t in self.pool
            if t.node.ndim in ranks and (floating is None or t.dtype.is_floating_point == floating)
        ]  # fmt: skip
        if not fitting or self.random.random() < 0.05:
            dtype = self.dtype()
            if floating is not None and dtype.is_floating_point != floating:
                dtype = float32 if floating else int64
            shape = self.shape()
            while len(shape) not in ranks:
                shape = self.shape()
            return self.input(shape, dtype)
        late = fitting[-3:] if self.random.random() < 0.6 else fitting
        return self.random.choice(late)

    def partner(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        """Something of this shape and dtype: found, broadcast, cast, or new."""
        same = [t for t in self.pool if t.node.shape == shape and t.dtype is dtype]
        choice = self.random.random()
        if same and choice < 0.5:
            return self.random.choice(same)
        if choice < 0.65:
            if shape and math.prod(shape):
                kept = tuple(n if self.random.random() < 0.5 else 1 for n in shape)
                return self.add(build.expand(self.input(kept, dtype).node, shape))
        elif choice < 0.75:
            return self.scalar(shape, dtype)
        elif choice < 0.8:
            return self.add(build.const(self.random.choice([0, 1, 2]), shape, dtype))
        return self.input(shape, dtype)

    # Making

    def input(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        node = build.input(len(self.inputs), shape, dtype)
        array = self.numbers_of(shape, dtype)
        self.inputs.append(node)
        self.arrays.append(array)
        return self.keep(exactly(node, array))

    def scalar(self, shape: tuple[int, ...], dtype: DType) -> Tracked:
        kind = self.random.choice([float64, int64, bool_])
        number: Any = {"float64": self.random.choice([0.5, -2.0, 3.25]), "int64": 3, "bool": True}[
            kind.name
        ]
        node = build.scalar(len(self.scalars), kind)
        self.scalars.append(node)
        self.numbers.append(number)
        self.keep(exactly(node, np.asarray(number, kind.np)))
        number_node = self.add(build.cast(node, dtype)).node if kind is not dtype else node
        ones = (1,) * len(shape)
        lifted = self.add(build.reshape(number_node, ones)).node if shape else number_node
        return self.add(build.expand(lifted, shape)) if shape != ones else self.found(lifted)

    def found(self, node: Node) -> Tracked:
        for each in self.pool:
            if each.node is node:
                return each
        return self.add(node)

    def keep(self, tracked: Tracked) -> Tracked:
        self.pool.append(tracked)
        return tracked

    def add(self, node: Node) -> Tracked:
        """Evaluate and keep a new node; sources that are not in the pool yet go first."""
        for each in self.pool:
            if each.node is node:
                return each
        if node.size > self.limit:
            raise Unfit
        sources = [self.found(source) for source in node.src]
        tracked = track(node, sources)
        if tracked is None:
            raise Unfit
        return self.keep(tracked)

    def step(self) -> int:
        rule = self.random.choice(STEPS)
        before = len(self.pool), len(self.inputs), len(self.scalars)
        try:
            rule(self)
        except (Unfit, ZeroDivisionError):
            # What was made on the way goes again: nothing may be left that nobody reads.
            del self.pool[before[0] :]
            del self.inputs[before[1] :], self.arrays[before[1] :]
            del self.scalars[before[2] :], self.numbers[before[2] :]
            return 0
        return 1


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
    g.add(build.argsort(x, g.random.randrange(x.ndim), g.random.random() < 0.5))


STEPS: tuple[Callable[[RandomGraph], None], ...] = (
    _unary, _unary, _unary, _unary, _unary, _unary, _binary, _binary, _binary, _binary, _binary,
    _binary, _binary, _binary, _binary, _compare, _where, _where, _cast, _cast, _bitcast, _iota,
    _reshape, _reshape, _permute, _permute, _expand, _slice, _slice, _pad, _cat, _as_strided,
    _as_strided_set, _slice_set, _reduce, _reduce, _reduce, _reduce, _scan, _take, _put, _gather,
    _scatter, _dot, _dot, _convolution, _pool, _argsort,
)  # fmt: skip


def check(seed: int) -> str:
    """Compile the graph of ``seed`` and compare; what differs, in words, or nothing."""
    graph = RandomGraph(seed)
    sinks = [tracked.node for tracked in graph.sinks]
    verify(sinks)
    # Every third graph may write over its inputs.
    donatable = frozenset(range(len(graph.inputs)) if seed % 3 == 0 else ())
    results = run_compiled(
        sinks, graph.inputs, graph.arrays, graph.scalars, graph.numbers, donatable
    )
    for place, (tracked, got) in enumerate(zip(graph.sinks, results, strict=True)):
        wrong = mismatch(tracked, got)
        if wrong:
            text = to_text(sinks)
            return f"seed {seed}, sink {place} {tracked.node}: {wrong}\n{text}"
    return ""


def main(first: int, count: int) -> int:
    failed = 0
    for seed in range(first, first + count):
        try:
            wrong = check(seed)
        except NotImplementedError as error:
            wrong = f"seed {seed}: not implemented: {error}"
        except Exception as error:  # a sweep reports every seed, whatever it raises
            wrong = f"seed {seed}: {type(error).__name__}: {error}"
        if wrong:
            failed += 1
            print(wrong, flush=True)
    print(f"{failed} of {count} differ")
    return failed


if __name__ == "__main__":
    sys.exit(bool(main(int(sys.argv[1]), int(sys.argv[2]))))
