"""Products of tensors along named axes: einsum."""

from __future__ import annotations

import math

from rushlight.base.dtype import bool_, int64, promote
from rushlight.base.shape import contiguous_strides
from rushlight.ir import build
from rushlight.ir.build import binary, permute, reduce, reshape
from rushlight.ir.graph import Node
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.table import composite

Labels = tuple[str, ...]


def _split_term(term: str, rank: int, operand: int) -> Labels:
    """One label per axis; the axes under ``...`` are called ``.0`` from the last one back."""
    if "..." not in term:
        labels = tuple(term)
        if len(labels) != rank:
            raise RuntimeError(
                f"einsum(): the number of subscripts in the equation ({len(labels)}) does not "
                f"match the number of dimensions ({rank}) for operand {operand} and no ellipsis "
                "was given"
            )
        return labels
    before, after = term.split("...", 1)
    hidden = rank - len(before) - len(after)
    if hidden < 0:
        raise RuntimeError(
            f"einsum(): the number of subscripts in the equation ({len(before) + len(after)}) is "
            f"more than the number of dimensions ({rank}) for operand {operand}"
        )
    return (*before, *(f".{k}" for k in range(hidden - 1, -1, -1)), *after)


def parse(equation: str, ranks: list[int]) -> tuple[list[Labels], Labels]:
    text = equation.replace(" ", "")
    left, arrow, right = text.partition("->")
    terms = left.split(",")
    if len(terms) != len(ranks):
        more = "more" if len(terms) < len(ranks) else "fewer"
        raise RuntimeError(
            f"einsum(): {more} operands were provided than specified in the equation"
        )
    for symbol in text.replace("...", "").replace("->", "").replace(",", ""):
        if not symbol.isalpha():
            raise RuntimeError(
                f"einsum(): invalid subscript given in the equation {equation!r}: subscripts must "
                "be in [a-zA-Z]"
            )
    labels = [
        _split_term(term, rank, place)
        for place, (term, rank) in enumerate(zip(terms, ranks, strict=True))
    ]
    everything = [label for each in labels for label in each]
    hidden = sorted({x for x in everything if x.startswith(".")}, key=lambda x: -int(x[1:]))
    if arrow:
        before, dots, after = right.partition("...")
        out = (*before, *(hidden if dots else ()), *after)
        for label in out:
            if out.count(label) > 1:
                raise RuntimeError(
                    f"einsum(): output subscript {label} appears more than once in the output"
                )
            if label not in everything:
                raise RuntimeError(
                    f"einsum(): output subscript {label} does not appear in the equation for any "
                    "input operand"
                )
        return labels, out
    once = sorted(x for x in set(everything) if everything.count(x) == 1 and x[0] != ".")
    return labels, (*hidden, *once)


def _diagonals(x: Node, labels: Labels) -> tuple[Node, Labels]:
    """Axes with the same label become one: their diagonal."""
    distinct = tuple(dict.fromkeys(labels))
    if distinct == labels:
        return x, labels
    strides = contiguous_strides(x.shape)
    shape, steps = [], []
    for label in distinct:
        axes = [k for k, each in enumerate(labels) if each == label]
        sizes = {x.shape[k] for k in axes}
        if len(sizes) > 1:
            raise RuntimeError(
                f"einsum(): subscript {label} is repeated for an operand but the sizes don't "
                f"match, {' != '.join(map(str, sorted(sizes)))}"
            )
        shape.append(x.shape[axes[0]])
        steps.append(sum(strides[k] for k in axes))
    return build.as_strided(x, tuple(shape), tuple(steps), 0), distinct


def _sum_away(x: Node, labels: Labels, kept: set[str], alone: bool = False) -> tuple[Node, Labels]:
    """Summed over the labels that are not kept: of whole numbers int64, as ``sum`` has it.

    An axis of size 1 is dropped without a sum, unless ``alone``: of a single operand.
    """
    axes = tuple(k for k, label in enumerate(labels) if label not in kept)
    if not axes:
        return x, labels
    whole = not (x.dtype.is_floating_point or x.dtype.is_complex)
    if whole and (alone or any(x.shape[k] != 1 for k in axes)):
        x = build.cast(x, int64)
    return reduce(x, "sum", axes), tuple(label for label in labels if label in kept)


def _wide(x: Node, labels: Labels) -> set[str]:
    """Labels of axes that are not of size 1."""
    return {label for label, size in zip(labels, x.shape, strict=True) if size != 1}


def _ordered(x: Node, labels: Labels, order: Labels, sizes: dict[str, int]) -> Node:
    """``x`` with its axes in ``order``, missing ones added, size 1 spread to ``sizes``."""
    present = tuple(label for label in order if label in labels)
    x = permute(x, tuple(labels.index(label) for label in present))
    given = dict(zip(present, x.shape, strict=True))
    x = reshape(x, tuple(given.get(label, 1) for label in order))
    return build.expand(x, tuple(sizes[label] for label in order))


def _pair(a: Node, la: Labels, b: Node, lb: Labels, kept: set[str]) -> tuple[Node, Labels]:
    """The product of two operands, summed over labels that nobody needs afterwards."""
    a, la = _sum_away(a, la, kept | _wide(b, lb))
    b, lb = _sum_away(b, lb, kept | _wide(a, la))
    a, la = _sum_away(a, la, kept | set(lb))
    sizes = dict(zip(la, a.shape, strict=True))
    for label, size in zip(lb, b.shape, strict=True):
        sizes[label] = size if sizes.get(label, 1) == 1 else sizes[label]
    both = [label for label in la if label in lb]
    batch = tuple(label for label in both if label in kept)
    inner = tuple(label for label in both if label not in kept)
    rows = tuple(label for label in la if label not in lb)
    columns = tuple(label for label in lb if label not in la)
    result = (*batch, *rows, *columns)
    if not inner:
        left = _ordered(a, la, result, {**sizes, **dict.fromkeys(columns, 1)})
        right = _ordered(b, lb, result, {**sizes, **dict.fromkeys(rows, 1)})
        shape = tuple(sizes[label] for label in result)
        kind = promote(left.dtype, right.dtype)
        left, right = build.cast(left, kind), build.cast(right, kind)
        return binary("mul", build.expand(left, shape), build.expand(right, shape)), result
    if a.dtype is not b.dtype:
        raise RuntimeError(
            f"expected scalar type {legacy_name(a.dtype)} but found {legacy_name(b.dtype)}: "
            "einsum sums products of two operands of one dtype; convert one with .to(dtype)"
        )
    if a.dtype is bool_:
        raise NotImplementedError("\"bmm\" not implemented for 'Bool'")

    def count(labels: Labels) -> int:
        return math.prod(sizes[label] for label in labels)

    left = _ordered(a, la, (*batch, *rows, *inner), sizes)
    right = _ordered(b, lb, (*batch, *inner, *columns), sizes)
    out = build.dot(
        reshape(left, (count(batch), count(rows), count(inner))),
        reshape(right, (count(batch), count(inner), count(columns))),
    )
    return reshape(out, tuple(sizes[label] for label in result)), result


@composite(torch=False, name="_einsum", grad_name="Einsum")
def einsum(operands: list[Node], equation: str) -> Node:
    """Sums of products written as an equation: "bij,bjk->bik" is a batched matrix product.

    Where no products are summed, operands of several dtypes give the dtype that holds both.
    """
    parts = list(operands)
    labels, out = parse(equation, [x.ndim for x in parts])
    sizes: dict[str, int] = {}
    for place, (x, names) in enumerate(zip(parts, labels, strict=True)):
        own: dict[str, int] = {}
        for label, size in zip(names, x.shape, strict=True):
            if own.setdefault(label, size) != size:
                raise RuntimeError(
                    f"einsum(): subscript {label} is repeated for operand {place} but the sizes "
                    f"don't match, {size} != {own[label]}"
                )
            here = sizes.get(label, 1)
            if here != size and 1 not in (here, size):
                raise RuntimeError(
                    f"einsum(): subscript {label} has size {size} for operand {place} which does "
                    f"not broadcast with previously seen size {here}"
                )
            sizes[label] = size if here == 1 else here
    terms = [_diagonals(x, names) for x, names in zip(parts, labels, strict=True)]
    current, names = terms[0]
    for place, (other, others) in enumerate(terms[1:], start=1):
        later = {label for _, rest in terms[place + 1 :] for label in rest}
        current, names = _pair(current, names, other, others, set(out) | later)
    current, names = _sum_away(current, names, set(out), alone=len(parts) == 1)
    return _ordered(current, names, out, sizes)
