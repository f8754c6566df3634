"""The larger and the smaller of two: maximum, minimum, fmax, fmin."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node
from rushlight.ops.promote import align, grad_to
from rushlight.ops.samples import of_two
from rushlight.ops.table import Grads, composite


@composite(method=True)
def maximum(input: Node, other: Node) -> Node:
    """The larger of two; nan where either is nan. Equal ones share the gradient."""
    x, y = align(input, other)
    return binary("maximum", x, y)


maximum.samples(of_two(number=False))


@composite(method=True)
def minimum(input: Node, other: Node) -> Node:
    """The smaller of two; nan where either is nan. Equal ones share the gradient."""
    x, y = align(input, other)
    return binary("minimum", x, y)


minimum.samples(of_two(number=False))


def _fextremum(input: Node, other: Node, kind: str) -> Node:
    x, y = align(input, other)
    chosen = binary(kind, x, y)
    if not x.dtype.is_floating_point:
        return chosen
    chosen = build.where(binary("ne", x, x), y, chosen)
    return build.where(binary("ne", y, y), x, chosen)


@composite(method=True)
def fmax(input: Node, other: Node) -> Node:
    """The larger of two; a nan counts as missing."""
    return _fextremum(input, other, "maximum")


@fmax.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return _winner_takes(g, binary("or", binary("le", y, x), binary("ne", y, y)), input, other)


fmax.samples(of_two(number=False))


@composite(method=True)
def fmin(input: Node, other: Node) -> Node:
    """The smaller of two; a nan counts as missing."""
    return _fextremum(input, other, "minimum")


@fmin.vjp
def _(g: Node, out: Node, input: Node, other: Node) -> Grads:
    x, y = align(input, other)
    return _winner_takes(g, binary("or", binary("le", x, y), binary("ne", y, y)), input, other)


def _winner_takes(g: Node, first: Node, input: Node, other: Node) -> Grads:
    """The whole cotangent goes to one of two; unlike maximum, ties are not split."""
    zero = const(0, g.shape, g.dtype)
    return (
        grad_to(build.where(first, g, zero), input), grad_to(build.where(first, zero, g), other)
    )  # fmt: skip


fmin.samples(of_two(number=False))
