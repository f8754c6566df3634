"""Complex numbers are pairs of real ones, a last axis of two: nothing is complex behind this pass.

    %2 = add %0 %1 : c64[3]                ->   %2 = add %0 %1 : f32[3, 2]
    %3 = bitcast %2 : f32[3, 2]            ->   %2
    %4 = host %2 name=fft_c2c : c64[3]     ->   %4 = host %2 name=of_pairs : f32[3, 2]

So sums, moves and selections are loops like any others and fuse with what is done to the parts.
Products are kernels (``kernels/complex_numbers.py``) and products of matrices those of real ones.
What has no formula in the parts is called as it was, on the same memory.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from rushlight.base.dtype import bool_, float32, float64, from_numpy
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import InternalError
from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node, rebuilt, toposort
from rushlight.ir.host import Array, host
from rushlight.ir.interpret import evaluate
from rushlight.ir.interpret import interpret as run

# Of a node and its sources, those that were complex as pairs: what takes its place.
Rule = Callable[..., Node]


@host("primitive", complex=True)
def _primitive(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    op, shape, kind, attrs = params
    sources = tuple(
        Node("input", (), each.shape, from_numpy(each.dtype), {"index": place})
        for place, each in enumerate(arrays)
    )
    node = Node(op, sources, shape, kind, dict(attrs))
    return evaluate(node, arrays) if sources else run([node])[0]


@host("of_pairs")
def _of_pairs(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    raise InternalError("of_pairs: kernels/host.py calls the function that it names")


def called(node: Node, sources: tuple[Node, ...]) -> Node:
    """A primitive as a call of its reference rule."""
    # The user's line is no part of what is computed.
    attrs = tuple((name, node.attrs[name]) for name in node.attrs if name != "site")
    params = (node.op, node.shape, node.dtype, attrs)
    given = {"name": "primitive", "params": params}
    return Node("host", sources, node.shape, node.dtype, given)


def pairs(sinks: list[Node]) -> list[Node]:
    """The graph with every complex number as a pair."""
    order = toposort(sinks)
    if not any(node.dtype.is_complex for node in order):
        return sinks
    made: dict[Node, Node] = {}
    for node in order:
        sources = tuple([made[source] for source in node.src])
        if node.dtype.is_complex or any(source.dtype.is_complex for source in node.src):
            rule = RULES.get(node.op, _on_pairs)
            made[node] = rule(node, *sources)
        else:
            made[node] = rebuilt(node, sources)
    return [made[sink] for sink in sinks]


def _on_pairs(node: Node, *sources: Node) -> Node:
    """The node as a call, of a function of complex numbers or of a reference rule."""
    call_of = node if node.op == "host" else called(node, node.src)
    which = tuple([source.dtype.is_complex for source in node.src])
    inner = (call_of.attrs["name"], call_of.attrs["params"], which, node.shape, node.dtype)
    shape, kind = _paired(node)
    return Node("host", sources, shape, kind, {"name": "of_pairs", "params": inner})


def _paired(node: Node) -> tuple[tuple[int, ...], DType]:
    if node.dtype.is_complex:
        return (*node.shape, 2), node.dtype.to_real()
    return node.shape, node.dtype


def _alike(node: Node, *sources: Node) -> Node:
    """What does the same to both parts, along the same axes."""
    shape, kind = _paired(node)
    return Node(node.op, sources, shape, kind, node.attrs)


def _changed(node: Node, source: Node, *rest: Node, **attrs: Any) -> Node:
    shape, kind = _paired(node)
    return Node(node.op, (source, *rest), shape, kind, {**node.attrs, **attrs})


def _const(node: Node) -> Node:
    value, kind = complex(node.attrs["value"]), node.dtype.to_real()
    shape = (1,) * node.ndim
    parts = [build.const(part, shape, kind) for part in (value.real, value.imag)]
    return build.expand(joined(*parts), (*node.shape, 2))


def joined(real: Node, imag: Node) -> Node:
    """Two real nodes (*) as pairs (*, 2)."""
    shape = (*real.shape, 2)
    place = build.iota(shape, real.ndim)
    return build.where(
        binary("eq", place, build.const(0, shape, place.dtype)), _both(real), _both(imag)
    )


def _same(value: complex) -> bool:
    return repr(value.real) == repr(value.imag)


def _pad(node: Node, x: Node) -> Node:
    value = complex(node.attrs["value"])
    if not _same(value):
        return _on_pairs(node, x)
    lo, hi = (*node.attrs["lo"], 0), (*node.attrs["hi"], 0)
    return _changed(node, x, lo=lo, hi=hi, value=value.real)


def _strided(node: Node, x: Node, *rest: Node) -> Node:
    """``x`` flat, as pairs."""
    strides = (*(2 * step for step in node.attrs["strides"]), 1)
    flat = build.reshape(x, (x.size,))
    attrs = {"strides": strides, "offset": 2 * node.attrs["offset"]}
    shape, kind = _paired(node)
    if node.op == "as_strided":
        return Node(node.op, (flat,), shape, kind, attrs)
    return build.reshape(Node(node.op, (flat, *rest), flat.shape, kind, attrs), shape)


def _reduce(node: Node, x: Node) -> Node:
    return _alike(node, x) if node.attrs["kind"] == "sum" else _on_pairs(node, x)


def _look_up(node: Node, x: Node, index: Node, *rest: Node) -> Node:
    """Places are of numbers: of ``take`` and ``put`` along an axis, otherwise of each part."""
    if node.op in ("gather", "scatter"):
        if node.attrs.get("mode", "set") not in ("set", "add"):
            return _on_pairs(node, x, index, *rest)
        index = _both(index)
    return _alike(node, x, index, *rest)


def _both(x: Node) -> Node:
    """Real (*) as (*, 2), each number twice."""
    return build.expand(build.reshape(x, (*x.shape, 1)), (*x.shape, 2))


def _bitcast(node: Node, x: Node) -> Node:
    source = node.src[0]
    apart = node.dtype.is_floating_point and node.ndim > source.ndim
    together = source.dtype.is_floating_point and node.ndim < source.ndim
    if together and x.op == "cat" and x.attrs["axis"] == node.ndim and len(x.src) == 2:
        # made element by element, where copies would each write every other number
        real, imag = (build.reshape(each, node.shape) for each in x.src)
        return joined(real, imag)
    return x if apart or together else _on_pairs(node, x)


def part(x: Node, place: int) -> Node:
    """Real parts (0) or imaginary parts (1) of pairs (*, 2)."""
    start, ones = (0,) * (x.ndim - 1), (1,) * x.ndim
    cut = build.slice(x, (*start, place), (*x.shape[:-1], 1), ones)
    return build.reshape(cut, x.shape[:-1])


def _cast(node: Node, x: Node) -> Node:
    if not node.src[0].dtype.is_complex:
        return _on_pairs(node, x)  # a kernel
    if node.dtype.is_complex:
        return build.cast(x, node.dtype.to_real())
    if node.dtype is bool_:
        flags = [build.cast(part(x, place), bool_) for place in (0, 1)]
        return binary("or", *flags)
    return build.cast(part(x, 0), node.dtype)


def _compared(node: Node, x: Node, y: Node) -> Node:
    both = [binary(node.op, part(x, place), part(y, place)) for place in (0, 1)]
    return binary("and" if node.op == "eq" else "or", *both)


def _mul(node: Node, x: Node, y: Node) -> Node:
    """A kernel, but for numbers that are the same everywhere: those need not be in memory."""
    if all(source.op != "const" for source in node.src):
        return _on_pairs(node, x, y)
    return _product(x, y)


def _product(x: Node, y: Node) -> Node:
    (a, b), (c, d) = _parts(x), _parts(y)
    return joined(
        binary("sub", binary("mul", a, c), binary("mul", b, d)),
        binary("add", binary("mul", a, d), binary("mul", b, c)),
    )


def _parts(x: Node) -> tuple[Node, Node]:
    return part(x, 0), part(x, 1)


def _div(node: Node, x: Node, y: Node) -> Node:
    """Scaled by the larger part of ``y``, so that nothing overflows that need not (Smith,
    "Algorithm 116: Complex division", 1962)."""
    (a, b), (c, d) = _parts(x), _parts(y)
    zero, one = (build.const(value, c.shape, c.dtype) for value in (0, 1))
    upper, lower = unary("abs", c), unary("abs", d)
    first = binary("le", lower, upper)
    large, small = build.where(first, c, d), build.where(first, d, c)
    ratio = binary("div", small, large)
    scale = binary("div", one, binary("add", large, binary("mul", small, ratio)))
    along, across = binary("mul", a, ratio), binary("mul", b, ratio)
    real = build.where(first, binary("add", a, across), binary("add", along, b))
    imag = build.where(first, binary("sub", b, along), binary("sub", across, a))
    nothing = binary("and", binary("eq", upper, zero), binary("eq", lower, zero))
    parts = [
        build.where(nothing, binary("div", given, upper), binary("mul", made, scale))
        for given, made in ((a, real), (b, imag))
    ]
    return joined(*parts)


def _reciprocal(node: Node, x: Node) -> Node:
    one = Node("const", (), node.shape, node.dtype, {"value": 1 + 0j})
    return _div(node, _const(one), x)


def _host(node: Node, *sources: Node) -> Node:
    if node.attrs["name"] != "complex_abs" or node.dtype is not float32:
        return _on_pairs(node, *sources)
    return _length(*sources)


def _sign(node: Node, x: Node) -> Node:
    if x.dtype is not float32:
        return _on_pairs(node, x)
    size = _length(x)
    zero, one = (build.const(value, size.shape, float32) for value in (0, 1))
    flat = binary("eq", size, zero)
    by = build.where(flat, one, size)
    return build.where(_both(flat), _both(zero), binary("div", x, _both(by)))


def _length(x: Node) -> Node:
    """|z| of pairs of float32."""
    # No square overflows or vanishes in twice as many bits; an infinity outweighs a nan.
    wide = [build.cast(each, float64) for each in _parts(x)]
    squares = [binary("mul", each, each) for each in wide]
    size = build.cast(unary("sqrt", binary("add", *squares)), float32)
    infinite = build.const(math.inf, size.shape, float32)
    flags = [binary("eq", unary("abs", each), infinite) for each in _parts(x)]
    return build.where(binary("or", *flags), infinite, size)


def _where(node: Node, flags: Node, x: Node, y: Node) -> Node:
    return build.where(_both(flags), x, y)


def _dot(node: Node, a: Node, b: Node) -> Node:
    """(..., M, K) x (..., K, N) as one product of real numbers, (..., M, 2K) x (..., 2K, 2N).

    A number of ``a`` is a pair beside each other, one of ``b`` the matrix [[re, im], [-im, re]].
    """
    *batch, depth, width, _ = b.shape
    if width == 1 and a.shape[-3] == 1:
        shape = (*batch, 1, depth, 2)
        terms = _product(build.reshape(a, shape), build.reshape(b, shape))
        sums = build.reduce(terms, "sum", (a.ndim - 2,))
        return build.reshape(sums, (*node.shape, 2))
    real, imag = (build.reshape(part(b, place), (*b.shape[:-1], 1)) for place in (0, 1))
    turned = build.cat([unary("neg", imag), real], b.ndim - 1)
    rows = [build.reshape(each, (*batch, depth, 1, width, 2)) for each in (b, turned)]
    matrix = build.reshape(build.cat(rows, b.ndim - 2), (*batch, 2 * depth, 2 * width))
    sums = build.dot(build.reshape(a, (*a.shape[:-2], 2 * a.shape[-2])), matrix)
    return build.reshape(sums, (*a.shape[:-2], width, 2))


RULES: dict[str, Rule] = {
    "const": _const,
    "reshape": lambda node, x: build.reshape(x, (*node.shape, 2)),
    "permute": lambda node, x: build.permute(x, (*node.attrs["axes"], node.ndim)),
    "expand": lambda node, x: build.expand(x, (*node.shape, 2)),
    "slice": lambda node, x: _changed(
        node, x, start=(*node.attrs["start"], 0), step=(*node.attrs["step"], 1)
    ),
    "slice_set": lambda node, x, y: _changed(
        node, x, y, start=(*node.attrs["start"], 0), step=(*node.attrs["step"], 1)
    ),
    "pad": _pad,
    "as_strided": _strided,
    "as_strided_set": _strided,
    "reduce": _reduce,
    "scan": _reduce,
    "bitcast": _bitcast,
    "cast": _cast,
    "eq": _compared,
    "ne": _compared,
    "where": _where,
    "mul": _mul,
    "div": _div,
    "reciprocal": _reciprocal,
    "host": _host,
    "sign": _sign,
    "dot": _dot,
    **dict.fromkeys(("input", "cat", "add", "sub", "neg"), _alike),
    **dict.fromkeys(("take", "put", "gather", "scatter"), _look_up),
}
