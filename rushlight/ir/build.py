"""Constructors of nodes: shape rules, and only the simplifications that cost nothing.

These take exact arguments (normalised axes, equal dtypes, equal shapes): friendliness, promotion
and broadcasting belong to ``rushlight.ops``, which raises the user's errors. A broken rule here
is our defect and raises InternalError.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from typing import Any

from rushlight.base.dtype import bool_, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError, ShapeError
from rushlight.base.shape import contiguous_strides
from rushlight.ir.graph import Node
from rushlight.ir.host import HOSTS
from rushlight.ir.primitives import BINARY, COMPARE, UNARY
from rushlight.ir.size import Size

Shape = tuple[int, ...]
Pairs = tuple[tuple[int, int], ...]


def _require(held: bool, rule: str, *nodes: Node, of: tuple[Any, ...] = ()) -> None:
    """``of``: sizes that the rule is about. They become text only if it is broken."""
    if not held:
        raise InternalError(f"ir.build: {rule} {' '.join(map(str, of))}; got {list(nodes)}")


# Where in the user's program the nodes now being built come from. Primitives that can fail at run
# time (an index out of range, an integer division by zero) carry it as the attribute ``site``.
_site: object = None


def set_site(site: object) -> None:
    """What the next fallible nodes say of their origin; its ``str`` goes into the error."""
    global _site
    _site = site


def current_site() -> object:
    """What ``set_site`` was told last."""
    return _site


# Sources


def input(index: int, shape: Shape, dtype: DType) -> Node:
    return Node("input", (), shape, dtype, {"index": index})


def scalar(index: int, dtype: DType) -> Node:
    return Node("scalar", (), (), dtype, {"index": index})


def const(value: complex | float | int | bool, shape: Shape, dtype: DType) -> Node:
    if value.__class__ is complex and not dtype.is_complex:
        raise RuntimeError(f"value cannot be converted to type {dtype.name} without overflow")
    if isinstance(value, Size):  # rounded for each cast anew
        value = value.tape.compute(functools.partial(_rounded, dtype), value)
        return Node("const", (), shape, dtype, {"value": value})
    return Node("const", (), shape, dtype, {"value": _rounded(dtype, value)})


def _rounded(dtype: DType, value: Any) -> Any:
    return dtype.np.type(value).item()


def iota(shape: Shape, axis: int, dtype: DType = int64) -> Node:
    return Node("iota", (), shape, dtype, {"axis": axis})


# Element-wise


# What needs an order, a remainder or a sign: complex numbers have none.
_REAL_ONLY = frozenset((
    "erf", "erfc", "erfinv", "ndtr", "ndtr_tanh", "lgamma", "digamma", "floor", "ceil", "trunc",
    "round", "floordiv", "remainder", "fmod", "atan2", "maximum", "minimum", "copysign",
    "nextafter", "and", "or", "xor", "not", "shl", "shr", "lt", "le", "max", "min", "argmax",
    "argmin", "argsort", "first_places",
))  # fmt: skip


def _refuse_complex(op: str, x: Node) -> None:
    if x.dtype.is_complex and op in _REAL_ONLY:
        kind = "ComplexFloat" if x.dtype.itemsize == 8 else "ComplexDouble"
        raise NotImplementedError(f"\"{op}_cpu\" not implemented for '{kind}'")


_FALLIBLE = ("floordiv", "truncdiv", "remainder", "fmod")


def unary(op: str, x: Node) -> Node:
    _require(op in UNARY, f"{op} is no unary primitive", x)
    _refuse_complex(op, x)
    return Node(op, (x,), x.shape, x.dtype)


def binary(op: str, x: Node, y: Node) -> Node:
    _require(x.shape == y.shape and x.dtype is y.dtype, f"{op} needs equal shape, dtype", x, y)
    _require(op in BINARY or op in COMPARE, f"{op} is no binary primitive", x, y)
    _refuse_complex(op, x)
    if op in _FALLIBLE and not x.dtype.is_floating_point:
        return Node(op, (x, y), x.shape, x.dtype, {"site": _site})
    return Node(op, (x, y), x.shape, bool_ if op in COMPARE else x.dtype)


def fma(x: Node, y: Node, z: Node) -> Node:
    """x * y + z; of floats rounded once."""
    if not x.dtype.is_floating_point:
        return binary("add", binary("mul", x, y), z)
    same = x.shape == y.shape == z.shape and x.dtype is y.dtype is z.dtype
    _require(same, "fma needs equal shape, dtype", x, y, z)
    return Node("fma", (x, y, z), x.shape, x.dtype)


def where(condition: Node, x: Node, y: Node) -> Node:
    same = condition.shape == x.shape == y.shape and x.dtype is y.dtype
    _require(
        same and condition.dtype is bool_, "where(bool, x, y) of equal shapes", condition, x, y
    )
    return Node("where", (condition, x, y), x.shape, x.dtype)


def cast(x: Node, dtype: DType) -> Node:
    """To another dtype; a complex one loses its imaginary part where the other is real."""
    if x.dtype is dtype:
        return x
    if x.op == "const":
        value = x.attrs["value"]
        if isinstance(value, Size):
            finite = value.tape.decide(math.isfinite, value)
        else:
            finite = isinstance(value, (int, float)) and math.isfinite(value)
        if finite:
            return const(value, x.shape, dtype)
    return Node("cast", (x,), x.shape, dtype)


def conj(x: Node) -> Node:
    """The complex conjugate; real numbers are their own."""
    if not x.dtype.is_complex:
        return x
    if x.op == "conj":
        return x.src[0]
    if x.op == "const":
        return const(x.attrs["value"].conjugate(), x.shape, x.dtype)
    return Node("conj", (x,), x.shape, x.dtype)


def parts(x: Node) -> Node:
    """Complex (*) as pairs (*, 2) of its real and imaginary parts."""
    _require(x.dtype.is_complex, "parts of a complex dtype", x)
    return Node("bitcast", (x,), (*x.shape, 2), x.dtype.to_real())


def from_parts(x: Node) -> Node:
    """Pairs (*, 2) of real and imaginary parts as complex (*)."""
    _require(x.dtype.is_floating_point and x.shape[-1:] == (2,), "pairs of parts", x)
    return Node("bitcast", (x,), x.shape[:-1], x.dtype.to_complex())


def real(x: Node) -> Node:
    """The real part; of real numbers themselves."""
    return _part(x, 0) if x.dtype.is_complex else x


def imag(x: Node) -> Node:
    """The imaginary part of a complex node."""
    return _part(x, 1)


def _part(x: Node, place: int) -> Node:
    joined = x.op == "bitcast" and x.src[0].dtype.is_floating_point
    pairs = x.src[0] if joined else parts(x)
    start = (*(0,) * x.ndim, place)
    return reshape(slice(pairs, start, (*x.shape, 1), (1,) * (x.ndim + 1)), x.shape)


def complex_of(re: Node, im: Node) -> Node:
    """re + i im, of two real nodes of one shape and dtype."""
    pairs = [reshape(each, (*each.shape, 1)) for each in (re, im)]
    return from_parts(cat(pairs, re.ndim))


def bitcast(x: Node, dtype: DType) -> Node:
    _require(x.dtype.itemsize == dtype.itemsize, "bitcast keeps the width", x)
    return x if x.dtype is dtype else Node("bitcast", (x,), x.shape, dtype)


# Movement


def reshape(x: Node, shape: Shape) -> Node:
    if x.shape == shape:
        return x
    _require(math.prod(shape) == x.size, "reshape keeps the element count", x, of=shape)
    if x.op == "reshape":
        return reshape(x.src[0], shape)
    if x.op == "const":
        return Node("const", (), shape, x.dtype, x.attrs)
    return Node("reshape", (x,), shape, x.dtype)


def permute(x: Node, axes: Shape) -> Node:
    _require(sorted(axes) == list(range(x.ndim)), "permute", x, of=axes)
    if axes == tuple(range(x.ndim)):
        return x
    if x.op == "permute":
        return permute(x.src[0], tuple(x.attrs["axes"][axis] for axis in axes))
    shape = tuple(x.shape[axis] for axis in axes)
    if x.op == "const":
        return Node("const", (), shape, x.dtype, x.attrs)
    return Node("permute", (x,), shape, x.dtype, {"axes": axes})


def expand(x: Node, shape: Shape) -> Node:
    if x.shape == shape:
        return x
    fits = len(shape) == x.ndim and all(a in (1, b) for a, b in zip(x.shape, shape, strict=True))
    _require(fits, "expand", x, of=shape)
    if x.op == "const":
        return Node("const", (), shape, x.dtype, x.attrs)
    if x.op == "expand":
        return expand(x.src[0], shape)
    return Node("expand", (x,), shape, x.dtype)


def broadcast(x: Node, shape: Shape) -> Node:
    """Leading axes of 1 added, then expanded: NumPy's broadcasting to a known shape.

    ShapeError where it does not fit: most often it is an argument of the user's.
    """
    if x.shape == shape:
        return x
    if x.ndim > len(shape):
        raise ShapeError(
            f"The size of tensor a ({x.ndim} axes, {list(x.shape)}) must match the size of tensor "
            f"b ({len(shape)} axes, {list(shape)})"
        )
    for axis in range(-1, -x.ndim - 1, -1):
        if x.shape[axis] not in (1, shape[axis]):
            raise ShapeError(
                f"The expanded size of the tensor ({shape[axis]}) must match the existing size "
                f"({x.shape[axis]}) at non-singleton dimension {len(shape) + axis}.  Target sizes: "
                f"{list(shape)}.  Tensor sizes: {list(x.shape)}"
            )
    return expand(reshape(x, (1,) * (len(shape) - x.ndim) + x.shape), shape)


def slice(x: Node, start: Shape, shape: Shape, step: Shape) -> Node:
    if shape == x.shape and all(first == 0 for first in start) and all(s == 1 for s in step):
        return x
    for size, first, count, stride in zip(x.shape, start, shape, step, strict=True):
        last = first + (count - 1) * stride
        _require(
            not count or (0 <= first < size and 0 <= last < size), "slice", x, of=(start, step)
        )
    if x.op == "const":
        return Node("const", (), shape, x.dtype, x.attrs)
    return Node("slice", (x,), shape, x.dtype, {"start": start, "step": step})


def pad(x: Node, lo: Shape, hi: Shape, value: float | int | bool) -> Node:
    if not any(lo) and not any(hi):
        return x
    _require(min(lo) >= 0 and min(hi) >= 0, "pad", x, of=(lo, hi))
    shape = tuple(size + a + b for size, a, b in zip(x.shape, lo, hi, strict=True))
    value = x.dtype.np.type(value).item()
    return Node("pad", (x,), shape, x.dtype, {"lo": lo, "hi": hi, "value": value})


def cat(parts: Sequence[Node], axis: int) -> Node:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    rest = [part.shape[:axis] + part.shape[axis + 1 :] for part in parts]
    same = all(shape == rest[0] for shape in rest) and all(p.dtype is first.dtype for p in parts)
    _require(same, f"cat along {axis} needs equal other axes and dtype", *parts)
    total = sum(part.shape[axis] for part in parts)
    shape = (*first.shape[:axis], total, *first.shape[axis + 1 :])
    return Node("cat", tuple(parts), shape, first.dtype, {"axis": axis})


def as_strided(x: Node, shape: Shape, strides: Shape, offset: int) -> Node:
    """``x`` is read as flat, whatever its shape."""
    if shape == x.shape and offset == 0 and strides == contiguous_strides(shape):
        return x
    x = reshape(x, (x.size,))
    attrs = {"strides": strides, "offset": offset}
    return Node("as_strided", (x,), shape, x.dtype, attrs)


# Updates


def slice_set(x: Node, y: Node, start: Shape, step: Shape) -> Node:
    _require(x.ndim == y.ndim and x.dtype is y.dtype, "slice_set", x, y)
    if y.shape == x.shape and all(first == 0 for first in start):
        return y
    if y.size == 0:
        return x
    return Node("slice_set", (x, y), x.shape, x.dtype, {"start": start, "step": step})


def as_strided_set(x: Node, y: Node, strides: Shape, offset: int) -> Node:
    """``x`` with a strided window of its flat memory replaced by ``y``; keeps x's shape."""
    _require(x.dtype is y.dtype, "as_strided_set", x, y)
    flat = reshape(x, (x.size,))
    attrs = {"strides": strides, "offset": offset}
    return reshape(Node("as_strided_set", (flat, y), flat.shape, x.dtype, attrs), x.shape)


# Reductions


def reduce(x: Node, kind: str, axes: Shape) -> Node:
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    if not axes and kind not in ("argmax", "argmin"):
        return x
    _refuse_complex(kind, x)
    _require(kind not in ("argmax", "argmin") or len(axes) == 1, f"{kind} takes one axis", x)
    dtype = {"argmax": int64, "argmin": int64, "any": bool_, "all": bool_}.get(kind, x.dtype)
    return Node("reduce", (x,), shape, dtype, {"kind": kind, "axes": tuple(sorted(axes))})


def scan(x: Node, kind: str, axis: int) -> Node:
    _refuse_complex(kind, x)
    dtype = int64 if kind in ("argmax", "argmin") else x.dtype
    return Node("scan", (x,), x.shape, dtype, {"kind": kind, "axis": axis})


# Indexing


def take(x: Node, index: Node, axis: int) -> Node:
    shape = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    return Node("take", (x, index), shape, x.dtype, {"axis": axis, "site": _site})


def gather(x: Node, index: Node, axis: int) -> Node:
    _require(x.ndim == index.ndim, "gather needs equal ranks", x, index)
    return Node("gather", (x, index), index.shape, x.dtype, {"axis": axis, "site": _site})


def put(x: Node, index: Node, values: Node, axis: int, mode: str) -> Node:
    shape = x.shape[:axis] + index.shape + x.shape[axis + 1 :]
    _require(values.shape == shape and values.dtype is x.dtype, "put", x, index, values)
    attrs = {"axis": axis, "mode": mode, "site": _site}
    return Node("put", (x, index, values), x.shape, x.dtype, attrs)


def scatter(x: Node, index: Node, values: Node, axis: int, mode: str) -> Node:
    _require(values.shape == index.shape and values.dtype is x.dtype, "scatter", x, index, values)
    attrs = {"axis": axis, "mode": mode, "site": _site}
    return Node("scatter", (x, index, values), x.shape, x.dtype, attrs)


# Contractions


def dot(a: Node, b: Node) -> Node:
    fits = a.ndim == b.ndim and a.ndim >= 2 and a.shape[:-2] == b.shape[:-2]
    _require(fits and a.shape[-1] == b.shape[-2] and a.dtype is b.dtype, "dot", a, b)
    return Node("dot", (a, b), (*a.shape[:-1], b.shape[-1]), a.dtype)


def _window(stride: Shape, padding: Pairs, dilation: Shape, groups: int) -> dict[str, Any]:
    return {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}


def window_sizes(
    sizes: Shape, taps: Shape, stride: Shape, padding: Pairs, dilation: Shape
) -> Shape:
    """How many windows fit along each spatial axis."""
    return tuple(
        (size + lo + hi - (tap - 1) * gap - 1) // step + 1
        for size, tap, step, (lo, hi), gap in zip(
            sizes, taps, stride, padding, dilation, strict=True
        )
    )


def conv(x: Node, w: Node, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1) -> Node:
    sizes = window_sizes(x.shape[1:-1], w.shape[2:], stride, padding, dilation)
    _require(x.shape[-1] == w.shape[1] * groups and x.dtype is w.dtype, "conv", x, w)
    shape = (x.shape[0], *sizes, w.shape[0])
    return Node("conv", (x, w), shape, x.dtype, _window(stride, padding, dilation, groups))


def conv_input_grad(
    g: Node, w: Node, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1
) -> Node:
    attrs = _window(stride, padding, dilation, groups)
    return Node("conv_input_grad", (g, w), shape, g.dtype, attrs)


def conv_weight_grad(
    g: Node, x: Node, shape: Shape, stride: Shape, padding: Pairs, dilation: Shape, groups: int = 1
) -> Node:
    attrs = _window(stride, padding, dilation, groups)
    return Node("conv_weight_grad", (g, x), shape, g.dtype, attrs)


# Pools


def pool(x: Node, kind: str, window: Shape, stride: Shape, padding: Pairs, dilation: Shape) -> Node:
    sizes = window_sizes(x.shape[1:-1], window, stride, padding, dilation)
    attrs = {
        "kind": kind, "window": window, "stride": stride, "padding": padding, "dilation": dilation,
    }  # fmt: skip
    dtype = int64 if kind == "argmax" else x.dtype
    return Node("pool", (x,), (x.shape[0], *sizes, x.shape[-1]), dtype, attrs)


def pool_input_grad(
    kind: str, src: tuple[Node, ...], shape: Shape, window: Shape, stride: Shape, padding: Pairs,
    dilation: Shape,
) -> Node:  # fmt: skip
    attrs = {
        "kind": kind, "window": window, "stride": stride, "padding": padding, "dilation": dilation,
    }  # fmt: skip
    return Node("pool_input_grad", src, shape, src[0].dtype, attrs)


# Order and host calls


def argsort(x: Node, axis: int, descending: bool, tied: bool = False) -> Node:
    _refuse_complex("argsort", x)
    attrs = {"axis": axis, "descending": descending, "tied": tied}
    return Node("argsort", (x,), x.shape, int64, attrs)


def first_places(x: Node, axis: int, count: int, descending: bool, ordered: bool = True) -> Node:
    _refuse_complex("first_places", x)
    shape = (*x.shape[:axis], count, *x.shape[axis + 1 :])
    attrs = {"axis": axis, "descending": descending, "ordered": ordered}
    return Node("first_places", (x,), shape, int64, attrs)


def host(
    name: str, src: tuple[Node, ...], shape: Shape, dtype: DType, params: tuple[Any, ...] = ()
) -> Node:
    entry = HOSTS.get(name)
    if entry is None or not entry.complex:
        for each in src:
            if each.dtype.is_complex:
                kind = "ComplexFloat" if each.dtype.itemsize == 8 else "ComplexDouble"
                raise NotImplementedError(f"\"{name}_cpu\" not implemented for '{kind}'")
    return Node("host", src, shape, dtype, {"name": name, "params": params})
