"""Does a graph keep the rules? What ``CHECK=1`` runs after every pass.

Each rule restates what ``ir/build.py`` promises about one primitive. Broken: InternalError with
the text of the node.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from rushlight.base.dtype import bool_, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.ir.build import window_sizes
from rushlight.ir.graph import Node, toposort
from rushlight.ir.loop import Loop
from rushlight.ir.primitives import BINARY, COMPARE, PRIMITIVES, UNARY
from rushlight.ir.text import LINE_OF_USER, node_text

Shape = tuple[int, ...]
Check = Callable[[Node], None]
# (how many sources or -1 for any, the names of the attributes)
_FORM: dict[str, tuple[int, str]] = {
    "input": (0, "index"), "scalar": (0, "index"), "const": (0, "value"), "iota": (0, "axis"),
    "where": (3, ""), "fma": (3, ""), "cast": (1, ""), "bitcast": (1, ""),
    "reshape": (1, ""), "permute": (1, "axes"), "expand": (1, ""), "slice": (1, "start step"),
    "pad": (1, "lo hi value"), "cat": (-1, "axis"), "as_strided": (1, "strides offset"),
    "slice_set": (2, "start step"), "as_strided_set": (2, "strides offset"),
    "reduce": (1, "kind axes"), "scan": (1, "kind axis"),
    "take": (2, "axis"), "gather": (2, "axis"),
    "put": (3, "axis mode"), "scatter": (3, "axis mode"), "dot": (2, ""),
    "conv": (2, "stride padding dilation groups"),
    "conv_input_grad": (2, "stride padding dilation groups"),
    "conv_weight_grad": (2, "stride padding dilation groups"),
    "pool": (1, "kind window stride padding dilation"),
    "pool_input_grad": (-1, "kind window stride padding dilation"),
    "argsort": (1, "axis descending tied"), "first_places": (1, "axis descending ordered"),
    "host": (-1, "name params"),
    "loop": (-1, "body steps sequences carries kept reverse"),
    **dict.fromkeys(UNARY, (1, "")), **dict.fromkeys((*BINARY, *COMPARE), (2, "")),
}  # fmt: skip
_FLOATS_ONLY = ("div", "floor", "ceil", "trunc", "round")
_WHOLE_ONLY = ("truncdiv", "and", "or", "xor", "shl", "shr", "not")


class _Broken(Exception):
    """A rule, in words, that the node at hand does not keep."""


def verify(sinks: Sequence[Node], after: str = "") -> None:
    """Check every node that ``sinks`` need.

    ``after`` names the pass that made the graph. Raises InternalError at the first broken rule.
    """
    for node in toposort(sinks):
        try:
            _check_form(node)
            _RULES.get(node.op, _anything)(node)
        except _Broken as broken:
            origin = f" after {after}" if after else ""
            raise InternalError(f"ir.verify{origin}: {broken}; in: {node_text(node)}") from None


def _need(held: bool, rule: str) -> None:
    if not held:
        raise _Broken(rule)


def _is_ints(value: object, length: int) -> bool:
    return isinstance(value, tuple) and len(value) == length and all(type(v) is int for v in value)


def _check_form(node: Node) -> None:
    _need(node.op in PRIMITIVES, f"{node.op} is no primitive")
    count, names = _FORM[node.op]
    _need(count in (-1, len(node.src)), f"{node.op} takes {count} sources")
    named = set(node.attrs) - {LINE_OF_USER}
    _need(named == set(names.split()), f"{node.op} has the attributes {names or 'none'}")
    _need(_is_ints(node.shape, len(node.shape)), "a shape is a tuple of ints")
    _need(min(node.shape, default=0) >= 0, "sizes are not negative")
    _need(isinstance(node.dtype, DType), "dtype is one of base.dtype")
    try:
        hash(tuple(node.attrs.values()))
    except TypeError:
        raise _Broken("attributes are hashable") from None


def _anything(node: Node) -> None:
    """No rule beyond its form."""


def _types(node: Node, dtype: DType, *sources: Node) -> None:
    names = ", ".join(source.dtype.name for source in sources)
    _need(all(source.dtype is dtype for source in sources), f"dtypes agree: {dtype.name}, {names}")


def _shape(node: Node, shape: Shape, dtype: DType) -> None:
    _need(node.shape == shape, f"its shape is {list(shape)}")
    _need(node.dtype is dtype, f"its dtype is {dtype.name}")


def _axis(node: Node, rank: int) -> int:
    axis = node.attrs["axis"]
    _need(type(axis) is int and 0 <= axis < max(rank, 1), f"axis {axis} is one of {rank}")
    return int(axis)


def _elementwise(node: Node) -> None:
    first = node.src[-1]
    _need(all(source.shape == node.shape for source in node.src), "sources have its shape")
    _types(node, first.dtype, *(node.src[1:] if node.op == "where" else node.src))
    _need(node.dtype is (bool_ if node.op in COMPARE else first.dtype), "its dtype is the sources'")
    if node.op == "where":
        _need(node.src[0].dtype is bool_, "the condition is bool")
    if node.op in _FLOATS_ONLY:
        floating = first.dtype.is_floating_point or first.dtype.is_complex
        _need(floating, f"{node.op} takes floating dtypes only")
    if node.op in _WHOLE_ONLY:
        _need(first.dtype.category < 2, f"{node.op} takes integers and bool only")


def _convert(node: Node) -> None:
    if node.op == "bitcast" and node.dtype.is_complex != node.src[0].dtype.is_complex:
        parts, whole = (node.src[0], node) if node.dtype.is_complex else (node, node.src[0])
        paired = parts.shape == (*whole.shape, 2) and parts.dtype is whole.dtype.to_real()
        _need(paired, "a complex dtype and the pairs of its parts")
        return
    _need(node.src[0].shape == node.shape, "the source has its shape")
    if node.op == "bitcast":
        _need(node.src[0].dtype.itemsize == node.dtype.itemsize, "bitcast keeps the width")


def _argument(node: Node) -> None:
    index = node.attrs["index"]
    _need(type(index) is int and index >= 0, "index is a place in the arguments")
    if node.op == "scalar":
        _need(node.shape == (), "a scalar is 0-d")
        _need(node.dtype.name in ("float64", "int64", "bool"), "a scalar is float64, int64 or bool")


def _const(node: Node) -> None:
    _need(isinstance(node.attrs["value"], (bool, int, float, complex)), "value is a number")


def _iota(node: Node) -> None:
    _axis(node, len(node.shape))


def _move(node: Node) -> None:
    source, attrs = node.src[0], node.attrs
    rank = source.ndim
    if node.op == "reshape":
        _need(math.prod(node.shape) == source.size, "reshape keeps the element count")
        _shape(node, node.shape, source.dtype)
    elif node.op == "permute":
        axes = attrs["axes"]
        _need(_is_ints(axes, rank) and sorted(axes) == list(range(rank)), "axes is a permutation")
        _shape(node, tuple(source.shape[axis] for axis in axes), source.dtype)
    elif node.op == "expand":
        fits = node.ndim == rank and all(
            a in (1, b) for a, b in zip(source.shape, node.shape, strict=True)
        )
        _need(fits, "only axes of size 1 expand")
        _shape(node, node.shape, source.dtype)
    else:
        lo, hi = attrs["lo"], attrs["hi"]
        _need(_is_ints(lo, rank) and _is_ints(hi, rank), "lo and hi have an int for each axis")
        _need(min((*lo, *hi), default=0) >= 0, "lo and hi are not negative")
        sizes = zip(source.shape, lo, hi, strict=True)
        _shape(node, tuple(size + a + b for size, a, b in sizes), source.dtype)


def _window(inner: Shape, outer: Shape, node: Node) -> None:
    start, step, rank = node.attrs["start"], node.attrs["step"], len(outer)
    _need(len(inner) == rank, "ranks agree")
    _need(_is_ints(start, rank) and _is_ints(step, rank), "start and step have an int an axis")
    for size, first, count, stride in zip(outer, start, inner, step, strict=True):
        last = first + (count - 1) * stride
        inside = 0 <= first < size and 0 <= last < size
        _need(inside or not count, f"elements {first}..{last} lie in an axis of {size}")


def _slice(node: Node) -> None:
    _window(node.shape, node.src[0].shape, node)
    _types(node, node.dtype, node.src[0])


def _slice_set(node: Node) -> None:
    _window(node.src[1].shape, node.shape, node)
    _types(node, node.dtype, *node.src)
    _shape(node, node.src[0].shape, node.dtype)


def _strided(node: Node) -> None:
    window = node.shape if node.op == "as_strided" else node.src[1].shape
    strides, offset = node.attrs["strides"], node.attrs["offset"]
    _need(node.src[0].ndim == 1, "the source is flat")
    _need(_is_ints(strides, len(window)), "a stride for each axis")
    if math.prod(window):
        reach = [(size - 1) * stride for size, stride in zip(window, strides, strict=True)]
        least = offset + sum(step for step in reach if step < 0)
        most = offset + sum(step for step in reach if step > 0)
        inside = least >= 0 and most < node.src[0].size
        _need(inside, f"places {least}..{most} lie in {node.src[0].size} elements")
    _types(node, node.dtype, *node.src)
    if node.op == "as_strided_set":
        _shape(node, node.src[0].shape, node.dtype)


def _cat(node: Node) -> None:
    _need(len(node.src) > 0, "cat takes at least one source")
    axis = _axis(node, node.ndim)
    first = node.src[0].shape
    for part in node.src:
        same = part.shape[:axis] == first[:axis] and part.shape[axis + 1 :] == first[axis + 1 :]
        _need(part.ndim == node.ndim and same, "the other axes agree")
    total = sum(part.shape[axis] for part in node.src)
    _types(node, node.dtype, *node.src)
    _shape(node, (*first[:axis], total, *first[axis + 1 :]), node.dtype)


def _reduce(node: Node) -> None:
    source, kind, axes = node.src[0], node.attrs["kind"], node.attrs["axes"]
    kinds = {"argmax": int64, "argmin": int64, "any": bool_, "all": bool_}
    known = (*kinds, "sum", "prod", "max", "min", "fmax")
    _need(kind in known, f"kind is one of {known}")
    _need(_is_ints(axes, len(axes)) and list(axes) == sorted(set(axes)), "axes are sorted ints")
    _need(all(0 <= axis < source.ndim for axis in axes), "axes are the source's")
    _need(len(axes) == 1 or kind not in ("argmax", "argmin"), f"{kind} takes one axis")
    kept = tuple(size for axis, size in enumerate(source.shape) if axis not in axes)
    _shape(node, kept, kinds.get(kind, source.dtype))


def _scan(node: Node) -> None:
    kind, source = node.attrs["kind"], node.src[0]
    known = ("sum", "prod", "max", "min", "argmax", "argmin")
    _need(kind in known, f"kind is one of {known}")
    _axis(node, node.ndim)
    _shape(node, source.shape, int64 if kind.startswith("arg") else source.dtype)


def _index(node: Node) -> None:
    x, index = node.src[0], node.src[1]
    axis = _axis(node, x.ndim)
    _need(index.dtype.category == 1, "the index is of integers")
    taken = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    if node.op in ("gather", "scatter"):
        fits = x.ndim == index.ndim and all(
            place == axis or a <= b
            for place, (a, b) in enumerate(zip(index.shape, x.shape, strict=False))
        )
        _need(fits, "the index is no larger than src[0] on the other axes")
        taken = index.shape
    if node.op in ("take", "gather"):
        _shape(node, taken, x.dtype)
        return
    modes = ("set", "add") if node.op == "put" else ("set", "add", "prod", "max", "min")
    _need(node.attrs["mode"] in modes, f"mode is one of {modes}")
    _need(node.src[2].shape == taken, f"src[2] has the shape {list(taken)}")
    _types(node, x.dtype, node.src[2])
    _shape(node, x.shape, x.dtype)


def _dot(node: Node) -> None:
    a, b = node.src
    fits = a.ndim == b.ndim and a.ndim >= 2 and a.shape[:-2] == b.shape[:-2]
    _need(fits and a.shape[-1] == b.shape[-2], "(B.., M, K) times (B.., K, N)")
    _types(node, node.dtype, a, b)
    _shape(node, (*a.shape[:-1], b.shape[-1]), a.dtype)


def _window_attrs(node: Node, rank: int) -> None:
    stride, padding, dilation = (node.attrs[name] for name in ("stride", "padding", "dilation"))
    held = _is_ints(stride, rank) and min(stride, default=1) > 0
    _need(held, f"stride has {rank} positive ints")
    held = _is_ints(dilation, rank) and min(dilation, default=1) > 0
    _need(held, f"dilation has {rank} positive ints")
    pairs = isinstance(padding, tuple) and len(padding) == rank
    _need(pairs and all(_is_ints(pair, 2) for pair in padding), f"padding has {rank} pairs")


def _conv(node: Node) -> None:
    if node.op == "conv":
        x, w, g = node.src[0].shape, node.src[1].shape, node.shape
    elif node.op == "conv_input_grad":
        x, w, g = node.shape, node.src[1].shape, node.src[0].shape
    else:
        x, w, g = node.src[1].shape, node.shape, node.src[0].shape
    _need(len(x) == len(w) == len(g) and len(x) >= 3, "x, w and the result have one rank >= 3")
    _window_attrs(node, len(x) - 2)
    attrs = node.attrs
    groups = attrs["groups"]
    _need(type(groups) is int and groups >= 1 and w[0] % groups == 0, "groups divide the outputs")
    _need(x[-1] == w[1] * groups, f"x has {w[1]} * {groups} channels")
    sizes = window_sizes(x[1:-1], w[2:], attrs["stride"], attrs["padding"], attrs["dilation"])
    _need(g == (x[0], *sizes, w[0]), f"the windows make {[x[0], *sizes, w[0]]}")
    _types(node, node.dtype, *node.src)


def _pool(node: Node) -> None:
    kind, window = node.attrs["kind"], node.attrs["window"]
    gradient = node.op == "pool_input_grad"
    x, result = (node, node.src[0]) if gradient else (node.src[0], node)
    kinds = ("max", "sum", "top") if gradient else ("max", "sum", "argmax")
    _need(kind in kinds, f"kind is one of {kinds}")
    rank = x.ndim - 2
    _need(rank >= 1 and _is_ints(window, rank), f"window has {rank} ints")
    _window_attrs(node, rank)
    attrs = node.attrs
    sizes = window_sizes(
        x.shape[1:-1], window, attrs["stride"], attrs["padding"], attrs["dilation"]
    )
    shape = (x.shape[0], *sizes, x.shape[-1])
    _need(result.shape == shape, f"the windows make {list(shape)}")
    _need(node.dtype is (int64 if kind == "argmax" else node.src[0].dtype), "its dtype fits")
    if gradient:
        others = {"max": [(shape, int64)], "sum": [], "top": [(node.shape, node.dtype)]}[kind]
        held = [(each.shape, each.dtype) for each in node.src[1:]] == others
        _need(held, "max: (g, places), int64 of g's shape; top: (g, x); sum: (g,)")


def _argsort(node: Node) -> None:
    _axis(node, node.ndim)
    for name in ("descending", "tied"):
        _need(type(node.attrs[name]) is bool, f"{name} is a bool")
    _shape(node, node.src[0].shape, int64)


def _first_places(node: Node) -> None:
    _axis(node, node.src[0].ndim)
    axis, shape = node.attrs["axis"], node.src[0].shape
    for name in ("descending", "ordered"):
        _need(type(node.attrs[name]) is bool, f"{name} is a bool")
    _need(node.ndim == len(shape) and node.shape[axis] <= shape[axis], "places that exist")
    _shape(node, (*shape[:axis], node.shape[axis], *shape[axis + 1 :]), int64)


def _host(node: Node) -> None:
    named = isinstance(node.attrs["name"], str) and isinstance(node.attrs["params"], tuple)
    _need(named, "name is a string, params a tuple")


def _loop(node: Node) -> None:
    form = Loop.of(node)
    _need(form.steps >= 1, "a loop has at least one step")
    rows = [source.shape[:1] for source in node.src[: form.sequences]]
    _need(all(row == (form.steps,) for row in rows), "a sequence has one row for each step")
    _need(len(form.kept) == form.carries, "kept says yes or no for each carry")
    kinds = all(sink.dtype is node.dtype for sink in form.sinks)
    _need(kinds, "results of the body have the loop's dtype")
    starts = node.src[form.sequences : form.sequences + form.carries]
    shapes = [sink.shape for sink in form.sinks[: form.carries]]
    _need([start.shape for start in starts] == shapes, "a carry keeps its shape")
    _shape(node, (form.size,), node.dtype)


_RULES: dict[str, Check] = {
    "input": _argument, "scalar": _argument, "const": _const, "iota": _iota,
    **dict.fromkeys((*UNARY, *BINARY, *COMPARE, "where", "fma"), _elementwise),
    "cast": _convert, "bitcast": _convert,
    **dict.fromkeys(("reshape", "permute", "expand", "pad"), _move),
    "slice": _slice, "slice_set": _slice_set, "as_strided": _strided, "as_strided_set": _strided,
    "cat": _cat, "reduce": _reduce, "scan": _scan,
    **dict.fromkeys(("take", "gather", "put", "scatter"), _index),
    "dot": _dot, **dict.fromkeys(("conv", "conv_input_grad", "conv_weight_grad"), _conv),
    "pool": _pool, "pool_input_grad": _pool, "argsort": _argsort, "first_places": _first_places,
    "host": _host, "loop": _loop,
}  # fmt: skip
