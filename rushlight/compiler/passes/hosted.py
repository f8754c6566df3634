"""Complex numbers and uint16 to uint64 are no part of loops: host calls of the reference rules.

    %2 = mul %0 %1 : c64[3]   ->   %2 = host %0 %1 name=primitive params=(mul, ...) : c64[3]

The rest of the plan stays compiled, so one spectrum in a model does not make all of it slow.
Products of complex matrices are products of their parts, and a call that is a sum or product of
complex numbers becomes a kernel (``kernels/complex_numbers.py``).
"""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import from_numpy
from rushlight.compiler.kernels.complex_numbers import COMPLEX
from rushlight.compiler.views import LOOK_UPS, STRIDED, is_index, view_base
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort
from rushlight.ir.host import Array, host
from rushlight.ir.interpret import evaluate
from rushlight.ir.interpret import interpret as run

# These are the memory of something else.
_IN_PLACE = ("input", "scalar", "reshape")


@host("primitive", complex=True)
def _primitive(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    op, shape, kind, attrs = params
    sources = tuple(
        Node("input", (), each.shape, from_numpy(each.dtype), {"index": place})
        for place, each in enumerate(arrays)
    )
    node = Node(op, sources, shape, kind, dict(attrs))
    return evaluate(node, arrays) if sources else run([node])[0]


def hosted(sinks: list[Node]) -> list[Node]:
    """The graph with every primitive that reads or makes such numbers as a host call."""
    order = toposort(sinks)
    if all(node.dtype.compiled for node in order):
        return sinks
    made: dict[Node, Node] = {}
    for node in order:
        sources = tuple(made[source] for source in node.src)
        plain = all(each.dtype.compiled for each in (node, *node.src))
        if node.op in LOOK_UPS and is_index(node.src[1]):
            values = (node, node.src[0], *node.src[2:])
            plain = all(each.dtype.compiled for each in values)
            if plain:
                sources = (sources[0], _index(node.src[1], made), *sources[2:])
        if plain or node.op in ("host", *_IN_PLACE):
            made[node] = rebuilt(node, sources)
            continue
        if node.op == "dot" and node.dtype.is_complex:
            made[node] = _dot(*sources)
        elif node.op in COMPLEX:
            made[node] = _called(node, tuple([_read(source, made) for source in node.src]))
        else:
            made[node] = _called(node, sources)
    return [made[sink] for sink in sinks]


def _index(node: Node, made: dict[Node, Node]) -> Node:
    """Places that count from the front: a look-up reads them as they are."""
    source = made[node.src[0]] if node.op == "bitcast" else _index(node.src[0], made)
    return rebuilt(node, (source,))


def _read(node: Node, made: dict[Node, Node]) -> Node:
    """What a kernel of ours reads: repeated, turned or cut where it lies. Of a constant there is
    one."""
    source, moves = node, []
    while source.op in STRIDED:
        moves.append(source)
        source = source.src[0]
    if source.op == "const":
        one = Node("const", (), (), source.dtype, source.attrs)
        return build.expand(build.reshape(_called(one, ()), (1,) * node.ndim), node.shape)
    base = result = made[source]
    for move in reversed(moves):
        result = Node(move.op, (result,), move.shape, move.dtype, move.attrs)
    return result if view_base(result) is base else made[node]


def _called(node: Node, sources: tuple[Node, ...]) -> Node:
    # The user's line is no part of what is computed.
    attrs = tuple((name, node.attrs[name]) for name in node.attrs if name != "site")
    params = (node.op, node.shape, node.dtype, attrs)
    given = {"name": "primitive", "params": params}
    return Node("host", sources, node.shape, node.dtype, given)


def _dot(a: Node, b: Node) -> Node:
    """(..., M, K) x (..., K, N) as one product of real numbers, (..., M, 2K) x (..., 2K, 2N).

    A number of ``a`` is a pair beside each other, one of ``b`` the matrix [[re, im], [-im, re]].
    """
    left, right = (_called(build.parts(each), (each,)) for each in (a, b))
    *batch, depth, width = b.shape
    start, part = (0,) * b.ndim, (*b.shape, 1)
    ones = (1,) * right.ndim
    real, imag = (build.slice(right, (*start, place), part, ones) for place in (0, 1))
    turned = build.cat([build.unary("neg", imag), real], b.ndim)
    rows = [build.reshape(each, (*batch, depth, 1, width, 2)) for each in (right, turned)]
    matrix = build.reshape(build.cat(rows, b.ndim - 1), (*batch, 2 * depth, 2 * width))
    sums = build.dot(build.reshape(left, (*a.shape[:-1], 2 * depth)), matrix)
    pairs = build.from_parts(build.reshape(sums, (*a.shape[:-1], width, 2)))
    return _called(pairs, pairs.src)
