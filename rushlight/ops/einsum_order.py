"""How the result of einsum lies in memory: as the product that PyTorch makes of its operands.

The axes of an operand are known by label here. ``labels`` are all of them in the order in which
PyTorch permutes every operand first: those of the result, then those that are summed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rushlight.base.shape import contiguous_strides
from rushlight.ops.arrangement import Given, packed, visiting_order
from rushlight.ops.einsum import Labels, parse
from rushlight.ops.layout import Layout, Shape


@dataclass(frozen=True)
class _Operand:
    """Sizes and strides along all labels; along absent ones 1 and 0."""

    sizes: Shape
    strides: Shape

    @property
    def layout(self) -> Layout:
        return Layout(self.sizes, self.strides, 0)

    def summed(self, axes: set[int]) -> _Operand:
        """Without ``axes``: what a sum leaves is row-major."""
        if not axes:
            return self
        sizes = tuple([1 if k in axes else size for k, size in enumerate(self.sizes)])
        return _Operand(sizes, contiguous_strides(sizes))


def _operand(layout: Layout, names: Labels, labels: Labels) -> _Operand:
    found = dict(zip(names, zip(layout.shape, layout.strides, strict=True), strict=True))
    pairs = [found.get(label, (1, 0)) for label in labels]
    return _Operand(tuple([size for size, _ in pairs]), tuple([step for _, step in pairs]))


def _product(a: _Operand, b: _Operand, over: set[int]) -> _Operand:
    """a times b, summed along the axes ``over``."""
    wide = [{k for k, size in enumerate(each.sizes) if size != 1} for each in (a, b)]
    alone = [(over & own) - other for own, other in (wide, reversed(wide))]
    a, b = a.summed(alone[0]), b.summed(alone[1])
    inner = over & wide[0] & wide[1]
    sizes = tuple([max(pair) for pair in zip(a.sizes, b.sizes, strict=True)])
    if not inner:
        return _Operand(sizes, packed(sizes, visiting_order([a.layout, b.layout], sizes)))
    sizes = tuple([1 if k in inner else size for k, size in enumerate(sizes)])
    axes = range(len(sizes))
    batch = [k for k in axes if k in wide[0] and k in wide[1] and k not in inner]
    rows = [k for k in axes if k in wide[0] - wide[1]]
    rest = [k for k in axes if k not in batch and k not in rows]
    columns = [k for k in rest if k in wide[1] and k not in inner]
    if rows and columns and columns[-1] < rows[0] and not any(alone):
        # The second operand comes first where its axes do in the result.
        return _Operand(sizes, packed(sizes, (*batch, *rest, *rows)))
    return _Operand(sizes, packed(sizes, (*batch, *rows, *rest)))


def contracting(operands: Sequence[Layout], shape: Shape, given: Given) -> Shape | None:
    """Matrices of a batched product: axes of both operands, of the first, of the second."""
    names, out = parse(given["equation"], [len(each.shape) for each in operands])
    if 0 in shape or any(len(set(each)) < len(each) for each in names):
        return None
    rest = sorted({label for each in names for label in each} - set(out))
    labels = (*out, *rest)
    current = _operand(operands[0], names[0], labels)
    for place in range(1, len(operands)):
        later = {label for each in names[place + 1 :] for label in each}
        over = {k for k in range(len(out), len(labels)) if labels[k] not in later}
        current = _product(current, _operand(operands[place], names[place], labels), over)
    if len(operands) == 1:
        current = current.summed(set(range(len(out), len(labels))))
    return packed(shape, visiting_order([Layout(shape, current.strides[: len(out)], 0)], shape))
