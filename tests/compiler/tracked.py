"""Values with the error that another correct implementation may have: what random tests compare by.

A ``Tracked`` is a node, the interpreter's value and a bound on the rounding of anyone who computes
the same: 0 where every correct implementation gives the very same, nan where none can be given.
The bound of a result is found by evaluating the node again at its sources moved by their bounds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from rushlight.base.dtype import bfloat16, float16, float32, float64
from rushlight.base.dtype import dtype as DType
from rushlight.ir.graph import Node
from rushlight.ir.interpret import evaluate

Array = np.ndarray[Any, Any]

EPSILON = {float64: 2.0**-52, float32: 2.0**-23, float16: 2.0**-10, bfloat16: 2.0**-7}
TINY = {float64: 2.3e-308, float32: 1.2e-38, float16: 6.2e-5, bfloat16: 1.2e-38}
BITS = {float64: 52, float32: 23, float16: 23, bfloat16: 23}  # of what sums are kept in
# Correctly rounded by every machine, from sources that are exact.
ROUNDED = frozenset(("add", "sub", "mul", "div", "sqrt", "reciprocal", "cast"))
STEPS = frozenset((
    "floor", "ceil", "trunc", "round", "sign", "floordiv", "remainder", "fmod", "eq", "ne", "lt",
    "le", "argsort", "bitcast", "nextafter", "not",
))  # fmt: skip
MOVES = frozenset((
    "reshape", "permute", "expand", "slice", "cat", "as_strided", "slice_set", "as_strided_set",
    "take", "gather",
))  # fmt: skip
SUMS = frozenset(("dot", "conv", "conv_input_grad", "conv_weight_grad"))
# Units in the last place that our functions and NumPy's may differ by.
FUNCTION_ULPS = 16


@dataclass(eq=False)
class Tracked:
    node: Node
    value: Array
    error: Array  # float64, of the value's shape

    @property
    def exact(self) -> bool:
        return not self.error.any()  # nan counts as true

    @property
    def dtype(self) -> DType:
        return self.node.dtype


def exactly(node: Node, value: Array) -> Tracked:
    return Tracked(node, value, np.zeros(node.shape))


def track(node: Node, sources: list[Tracked]) -> Tracked | None:
    """The node's value and bound; None where its value hangs on what is not exact.

    Raises what the interpreter raises.
    """
    values = [source.value for source in sources]
    value = evaluate(node, values)
    with np.errstate(all="ignore"):
        error = _error(node, sources, values, value)
    return None if error is None else Tracked(node, value, np.broadcast_to(error, node.shape))


def _error(node: Node, sources: list[Tracked], values: list[Array], value: Array) -> Any:
    op, dtype = node.op, node.dtype
    exact = all(source.exact for source in sources)
    floating = dtype.is_floating_point
    if op in ("take", "gather"):
        return _moved(node, sources[:1], values) if sources[1].exact else None
    if op in MOVES:
        return _moved(node, sources, values)
    if op == "pad":
        padded = Node("pad", (), node.shape, float64, {**node.attrs, "value": 0.0})
        return evaluate(padded, [sources[0].error])
    if op == "where":
        if not sources[0].exact:
            return None
        return np.where(values[0], sources[1].error, sources[2].error)
    if op in STEPS or not floating or node.attrs.get("kind") in ("argmax", "argmin"):
        return 0.0 if exact else None
    if op in ("put", "scatter"):
        return _updated(node, sources, values, value)
    if op in SUMS or op == "reduce" or op in ("scan", "pool", "pool_input_grad"):
        return _accumulated(node, sources, values, value)
    return _elementwise(node, sources, values, value, exact)


def _as_float64(node: Node) -> Node:
    return Node(node.op, node.src, node.shape, float64, node.attrs)


def _moved(node: Node, sources: list[Tracked], values: list[Array]) -> Array:
    arrays = [source.error for source in sources] + values[len(sources) :]
    return evaluate(_as_float64(node), arrays)


def _ulps(dtype: DType, value: Array, count: float) -> Array:
    """So many units in the last place; below the least normal number everything may become 0."""
    size = np.abs(value.astype(np.float64))
    error = count * EPSILON[dtype] * size + np.where(size < 2 * TINY[dtype], 2 * TINY[dtype], 0)
    return np.where(np.isfinite(size), error, 0.0)


def _elementwise(
    node: Node, sources: list[Tracked], values: list[Array], value: Array, exact: bool
) -> Array:
    moved = [_corners(source) for source in sources]
    spread = np.zeros(node.shape)
    for corner in itertools.product(*moved):
        other = evaluate(node, list(corner)).astype(np.float64)
        spread = np.maximum(spread, _distance(value.astype(np.float64), other))
    ulps = float(FUNCTION_ULPS)
    if node.op in ROUNDED or node.op in ("neg", "abs", "maximum", "minimum", "copysign"):
        ulps = 1.0
    own = _ulps(node.dtype, value, ulps)
    if ulps != 1.0:
        # Around their zeros functions are good to a unit of their argument, not of their value.
        scale = max([1.0, *(np.nanmax(np.abs(_finite(v)), initial=0.0) for v in values)])
        own = own + FUNCTION_ULPS * EPSILON[node.dtype] * scale
    elif exact and _is_exact(node, values, value):
        own = np.zeros(node.shape)
    return spread + own


def _finite(x: Array) -> Array:
    x = x.astype(np.float64)
    return np.where(np.isfinite(x), x, 0.0)


def _is_exact(node: Node, values: list[Array], value: Array) -> bool:
    """Whether nothing was rounded, so that fusing multiply and add changes nothing."""
    if node.op == "cast":
        return True  # one rounding of an exact number: the same everywhere
    wide = Node(node.op, node.src, node.shape, float64, node.attrs)
    wide_sources = [v.astype(np.float64) for v in values]
    truth = evaluate(wide, wide_sources) if node.op != "cast" else value
    return bool(np.array_equal(truth, value.astype(np.float64), equal_nan=True))


def _corners(source: Tracked) -> list[Array]:
    """The value moved up and down by its bound, and with the other sign of 0 and nan."""
    if not source.dtype.is_floating_point:
        return [source.value]
    wide = source.value.astype(np.float64)
    flipped = np.where((wide == 0) | np.isnan(wide), -wide, wide)
    corners = [wide, flipped] if (flipped != wide).any() or (wide == 0).any() else [wide]
    if source.error.any():
        corners += [wide - source.error, wide + source.error]
    return [corner.astype(np.float32).astype(source.dtype.np) if source.dtype is not float64
            else corner for corner in corners]  # fmt: skip


def _distance(a: Array, b: Array) -> Array:
    """|a - b|; 0 between equal infinities and two nans, nan between a number and neither."""
    same = (a == b) | (np.isnan(a) & np.isnan(b))
    gap = np.abs(a - b)
    return np.where(same, 0.0, np.where(np.isfinite(gap), gap, np.nan))


def _accumulated(
    node: Node, sources: list[Tracked], values: list[Array], value: Array
) -> Array | None:
    kind = node.attrs.get("kind")
    floats = [s for s in sources if s.dtype.is_floating_point]
    if not all(s.exact for s in sources if not s.dtype.is_floating_point):
        return None
    if kind in ("max", "min") and node.op != "pool_input_grad":
        grown = Node(node.op, node.src, node.shape, float64, {**node.attrs, "kind": "max"})
        error = evaluate(grown, [floats[0].error])
        return np.where(np.isneginf(error), 0.0, error)
    if kind == "prod":
        return _product_error(node, floats[0], value)
    if node.op.startswith("conv") and not all(np.isfinite(s.value).all() for s in floats):
        # Whether the zeros of the padding are multiplied is nobody's business: 0 * inf is nan.
        return np.full(node.shape, np.nan)
    wide = _as_float64(node)
    sizes = [np.abs(_finite(s.value)) for s in floats]
    errors = [s.error for s in floats]
    rest = [v for s, v in zip(sources, values, strict=True) if not s.dtype.is_floating_point]
    total = evaluate(wide, [*sizes, *rest])
    spread = np.zeros(node.shape)
    if len(floats) == 1:
        spread = evaluate(wide, [*errors, *rest])
    elif any(error.any() for error in errors):
        spread = evaluate(wide, [errors[0], sizes[1] + errors[1]])
        spread = spread + evaluate(wide, [sizes[0], errors[1]])
    # Sums of whole numbers of 1/64 that fit the accumulator come out the same in any order.
    whole = all((v * 64 == np.rint(v * 64)).all() for v in sizes)
    bits = BITS[node.dtype] - 6 * len(floats)
    if whole and not spread.any() and np.max(total, initial=0.0) < 2.0**bits:
        return np.zeros(node.shape)
    terms = sum(v.size for v in sizes)
    # Beyond the largest number the order of the terms decides what overflows.
    unsure = np.where(total < float(_largest(node.dtype)) / 4, 0.0, np.nan)
    kept = EPSILON[float32] if node.dtype is not float64 else EPSILON[float64]
    own = min(terms, 64) * kept * total + _ulps(node.dtype, value, 1.0)
    return spread + own + unsure


def _product_error(node: Node, source: Tracked, value: Array) -> Array:
    if source.value.size == 0:
        return np.zeros(node.shape)
    ulps = _ulps(node.dtype, value, 64.0)
    unsure = np.full(node.shape, np.nan)
    # Only where no partial product can leave the range.
    size = _finite(source.value)
    nonzero = np.abs(size[size != 0])
    reach = np.sum(np.abs(np.log2(nonzero))) if nonzero.size else 0.0
    limit = {float64: 1000, float16: 14}.get(node.dtype, 120)
    if not np.isfinite(source.value.astype(np.float64)).all() or reach > limit:
        return unsure
    if source.exact:
        return ulps
    relative = np.max(source.error / np.maximum(np.abs(size), 1e-300)) * size.size
    return ulps + np.abs(value.astype(np.float64)) * relative + (0.0 if relative < 0.1 else np.nan)


def _largest(dtype: DType) -> float:
    return {float64: 1.7e308, float16: 65504.0}.get(dtype, 3.3e38)


def _updated(node: Node, sources: list[Tracked], values: list[Array], value: Array) -> Array | None:
    """set moves the bounds; the others leave every combined element with the worst of them all."""
    if not sources[1].exact:
        return None
    wide = _as_float64(node)
    if node.attrs["mode"] == "set":
        return evaluate(wide, [sources[0].error, values[1], sources[2].error])
    if sources[0].exact and sources[2].exact and node.dtype in (float32, float64):
        return _accumulated_updates(node, sources, values, value)
    return None


def _accumulated_updates(
    node: Node, sources: list[Tracked], values: list[Array], value: Array
) -> Array | None:
    wide = Node(node.op, node.src, node.shape, float64, {**node.attrs, "mode": "add"})
    sizes = evaluate(wide, [np.abs(_finite(values[0])), values[1], np.abs(_finite(values[2]))])
    if node.attrs["mode"] == "prod":
        return None if np.max(sizes, initial=0.0) > 1e4 else _ulps(node.dtype, value, 64.0)
    if node.attrs["mode"] in ("max", "min"):
        return np.zeros(node.shape)
    return 16 * EPSILON[node.dtype] * sizes


def mismatch(tracked: Tracked, got: Array) -> str:
    """Where ``got`` is not the value within its bound, in words; empty if it is."""
    wanted = tracked.value
    if got.shape != wanted.shape or got.dtype != wanted.dtype:
        return f"{got.dtype}{got.shape} instead of {wanted.dtype}{wanted.shape}"
    if not tracked.dtype.is_floating_point:
        wrong = got != wanted
    else:
        a, b = got.astype(np.float64), wanted.astype(np.float64)
        with np.errstate(all="ignore"):
            gap = _distance(a, b)
            # nan in the bound: nobody knows; nan in the gap: only one of them is a number
            wrong = ~np.isnan(tracked.error) & ~(gap <= tracked.error)
            wrong &= ~(np.isinf(tracked.error))
    if not wrong.any():
        return ""
    place = tuple(int(k[0]) for k in np.nonzero(np.atleast_1d(wrong)))
    first = place if wrong.ndim else ()
    return (
        f"{int(wrong.sum())} of {wrong.size} elements, first at {first}: got {got[first]!r}, "
        f"expected {wanted[first]!r}, allowed {tracked.error[first]:.3g}"
    )
