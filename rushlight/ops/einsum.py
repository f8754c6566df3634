"""Products of tensors along named axes: einsum, tensordot, kron, cross, distances."""

from __future__ import annotations

import math

from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes, contiguous_strides, normalize_dim
from rushlight.ir import build
from rushlight.ir.build import binary, const, permute, reduce, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import align, common_dtype, require_same_dtype
from rushlight.ops.table import composite

Labels = tuple[str, ...]


# einsum


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


def _parse(equation: str, ranks: list[int]) -> tuple[list[Labels], Labels]:
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


def _sum_away(x: Node, labels: Labels, kept: set[str]) -> tuple[Node, Labels]:
    axes = tuple(k for k, label in enumerate(labels) if label not in kept)
    return (reduce(x, "sum", axes), tuple(x for x in labels if x in kept)) if axes else (x, labels)


def _ordered(x: Node, labels: Labels, order: Labels, sizes: dict[str, int]) -> Node:
    """``x`` with its axes in ``order``, missing ones added, size 1 spread to ``sizes``."""
    present = tuple(label for label in order if label in labels)
    x = permute(x, tuple(labels.index(label) for label in present))
    given = dict(zip(present, x.shape, strict=True))
    x = reshape(x, tuple(given.get(label, 1) for label in order))
    return build.expand(x, tuple(sizes[label] for label in order))


def _pair(a: Node, la: Labels, b: Node, lb: Labels, kept: set[str]) -> tuple[Node, Labels]:
    """The product of two operands, summed over labels that nobody needs afterwards."""
    a, la = _sum_away(a, la, kept | set(lb))
    b, lb = _sum_away(b, lb, kept | set(la))
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
        return binary("mul", build.expand(left, shape), build.expand(right, shape)), result

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
    """Sums of products written as an equation: "bij,bjk->bik" is a batched matrix product."""
    parts = list(operands)
    require_same_dtype("einsum", **{f"operand{k}": x for k, x in enumerate(parts)})
    labels, out = _parse(equation, [x.ndim for x in parts])
    sizes: dict[str, int] = {}
    for place, (x, names) in enumerate(zip(parts, labels, strict=True)):
        for label, size in zip(names, x.shape, strict=True):
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
    current, names = _sum_away(current, names, set(out))
    return _ordered(current, names, out, sizes)


# Other products


@composite(torch=False, name="_tensordot", grad_name="Tensordot")
def tensordot(a: Node, b: Node, dims_a: tuple[int, ...], dims_b: tuple[int, ...]) -> Node:
    """Sums over pairs of axes: dims_a of ``a`` against dims_b of ``b``."""
    require_same_dtype("tensordot", a=a, b=b)
    first = tuple(normalize_dim(dim, a.ndim) for dim in dims_a)
    second = tuple(normalize_dim(dim, b.ndim) for dim in dims_b)
    if len(first) != len(second):
        raise RuntimeError("both dimension lists should have same length")
    for i, j in zip(first, second, strict=True):
        if a.shape[i] != b.shape[j]:
            raise RuntimeError(
                f"contracted dimensions need to match, but first has size {a.shape[i]} in dim {i} "
                f"and second has size {b.shape[j]} in dim {j}"
            )
    rows = [k for k in range(a.ndim) if k not in first]
    columns = [k for k in range(b.ndim) if k not in second]
    inner = math.prod(a.shape[k] for k in first)
    left = reshape(permute(a, (*rows, *first)), (math.prod(a.shape[k] for k in rows), inner))
    right = reshape(
        permute(b, (*second, *columns)), (inner, math.prod(b.shape[k] for k in columns))
    )
    shape = (*(a.shape[k] for k in rows), *(b.shape[k] for k in columns))
    return reshape(build.dot(left, right), shape)


@composite(method=True)
def inner(input: Node, other: Node) -> Node:
    """Sums of products over the last axes."""
    if input.ndim == 0 or other.ndim == 0:
        return binary("mul", *align(input, other))
    if input.shape[-1] != other.shape[-1]:
        raise RuntimeError(
            "inner() the last dimension must match on both input tensors but got shapes "
            f"{list(input.shape)} and {list(other.shape)}"
        )
    out: Node = tensordot.body(input, other, (-1,), (-1,))
    return out


@composite(method=True)
def kron(input: Node, other: Node) -> Node:
    """The Kronecker product: every element of ``input`` times all of ``other``."""
    rank = max(input.ndim, other.ndim)
    dtype = common_dtype(input, other)
    a, b = (build.cast(x, dtype) for x in (input, other))
    first = (1,) * (rank - a.ndim) + a.shape
    second = (1,) * (rank - b.ndim) + b.shape
    wide = tuple(size for pair in zip(first, second, strict=True) for size in pair)
    left = reshape(a, tuple(size for n in first for size in (n, 1)))
    right = reshape(b, tuple(size for n in second for size in (1, n)))
    product = binary("mul", build.expand(left, wide), build.expand(right, wide))
    return reshape(product, tuple(n * m for n, m in zip(first, second, strict=True)))


def _roll(x: Node, axis: int, shift: int) -> Node:
    def part(start: int, count: int) -> Node:
        begin = tuple(start if k == axis else 0 for k in range(x.ndim))
        shape = tuple(count if k == axis else n for k, n in enumerate(x.shape))
        return build.slice(x, begin, shape, (1,) * x.ndim)

    return build.cat([part(shift, 3 - shift), part(0, shift)], axis)


@composite(method=True, grad_name="LinalgCross")
def cross(input: Node, other: Node, dim: int | None = None) -> Node:
    """The vector product along ``dim`` (size 3); without it the first such axis."""
    shape = broadcast_shapes(input.shape, other.shape)
    if dim is None:
        if 3 not in shape:
            raise RuntimeError("no dimension of size 3 in input")
        dim = shape.index(3)
    axis = normalize_dim(dim, len(shape))
    if shape[axis] != 3:
        raise RuntimeError(
            f"linalg.cross: inputs dimension {dim} must have length 3. Got {input.shape[axis]} and "
            f"{other.shape[axis]}"
        )
    a, b = align(input, other)
    return binary(
        "sub",
        binary("mul", _roll(a, axis, 1), _roll(b, axis, 2)),
        binary("mul", _roll(a, axis, 2), _roll(b, axis, 1)),
    )


# Diagonals


@composite(method=True)
def trace(input: Node) -> Node:
    """The sum of a matrix's diagonal."""
    if input.ndim != 2:
        raise RuntimeError("trace: expected a matrix")
    rows, columns = input.shape
    count = min(rows, columns)
    return reduce(build.as_strided(input, (count,), (columns + 1,), 0), "sum", (0,))


@composite(method=True)
def diag_embed(input: Node, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Node:
    """The last axis as a diagonal of a new plane (dim1, dim2), zeros elsewhere."""
    rank = input.ndim + 1
    first, second = normalize_dim(dim1, rank), normalize_dim(dim2, rank)
    if first == second:
        raise RuntimeError(f"diagonal dimensions cannot be identical {dim1}, {dim2}")
    size = input.shape[-1] + abs(offset)
    plane = (*input.shape[:-1], size, size)
    last = len(plane) - 1
    down, right = max(-offset, 0), max(offset, 0)
    padded = build.pad(
        input, (0,) * input.ndim, (*(0,) * (input.ndim - 1), size - input.shape[-1]), 0
    )
    # Element k of the diagonal stands at (k + down, k + right).
    row, column = build.iota(plane, last - 1), build.iota(plane, last)
    shift = const(right - down, plane, column.dtype)
    hit = binary("eq", binary("add", row, shift), column)
    lead = (0,) * (input.ndim - 1)
    if down:
        padded = build.pad(input, (*lead, down), (*lead, size - input.shape[-1] - down), 0)
    spread = build.expand(reshape(padded, (*padded.shape, 1)), plane)
    out = build.where(hit, spread, const(0, plane, input.dtype))
    rest = iter(range(rank - 2))
    order = tuple(
        last - 1 if k == first else last if k == second else next(rest) for k in range(rank)
    )
    return permute(out, order)


@composite(method=True, grad_name="Diagonal")
def diag(input: Node, diagonal: int = 0) -> Node:
    """A vector as a diagonal matrix, or the diagonal of a matrix."""
    if input.ndim == 1:
        out: Node = diag_embed.body(input, diagonal)
        return out
    if input.ndim != 2:
        raise RuntimeError(f"diag(): Supports 1D or 2D tensors. Got {input.ndim}D")
    rows, columns = input.shape
    down, right = max(-diagonal, 0), max(diagonal, 0)
    count = max(0, min(rows - down, columns - right))
    start = down * columns + right if count else 0
    return build.as_strided(input, (count,), (columns + 1,), start)


@composite(method=True, torch=True, grad_name="Diagonal")
def diagflat(input: Node, offset: int = 0) -> Node:
    """All elements as the diagonal of a matrix."""
    out: Node = diag_embed.body(reshape(input, (input.size,)), offset)
    return out


# Differences and distances


@composite(method=True)
def diff(
    input: Node, n: int = 1, dim: int = -1, prepend: Node | None = None, append: Node | None = None
) -> Node:
    """Each element minus the one before along ``dim``, ``n`` times."""
    if input.ndim == 0:
        raise RuntimeError("diff expects input to be at least one-dimensional")
    axis = normalize_dim(dim, input.ndim)
    x = build.cat([part for part in (prepend, input, append) if part is not None], axis)
    for _ in range(min(n, x.shape[axis])):
        count = x.shape[axis] - 1
        shape = tuple(count if k == axis else size for k, size in enumerate(x.shape))
        start = tuple(1 if k == axis and count else 0 for k in range(x.ndim))
        ones = (1,) * x.ndim
        later = build.slice(x, start, shape, ones)
        earlier = build.slice(x, (0,) * x.ndim, shape, ones)
        x = binary("ne" if x.dtype.name == "bool" else "sub", later, earlier)
    return x


@composite
def cdist(
    x1: Node, x2: Node, p: float = 2.0,
    compute_mode: str = "use_mm_for_euclid_dist_if_necessary",
) -> Node:  # fmt: skip
    """The p-norm of every difference of rows: (.., P, M), (.., R, M) -> (.., P, R)."""
    if x1.ndim < 2 or x2.ndim < 2:
        raise RuntimeError("cdist only supports at least 2D tensors")
    if x1.shape[-1] != x2.shape[-1]:
        raise ShapeError(
            f"X1 and X2 must have the same number of columns. X1: {x1.shape[-1]} X2: {x2.shape[-1]}"
        )
    return _distances(x1, x2, float(p))


def _gaps(x1: Node, x2: Node) -> Node:
    batch = broadcast_shapes(x1.shape[:-2], x2.shape[:-2])
    (p, m), r = x1.shape[-2:], x2.shape[-2]
    shape = (*batch, p, r, m)
    left = build.broadcast(reshape(x1, (*x1.shape[:-2], p, 1, m)), shape)
    right = build.broadcast(reshape(x2, (*x2.shape[:-2], 1, r, m)), shape)
    return binary("sub", left, right)


def _distances(x1: Node, x2: Node, p: float) -> Node:
    gaps = _gaps(x1, x2)
    last = gaps.ndim - 1
    size = unary("abs", gaps)
    if p == 0:
        present = binary("ne", gaps, const(0, gaps.shape, gaps.dtype))
        return reduce(build.cast(present, gaps.dtype), "sum", (last,))
    if p == 1:
        return reduce(size, "sum", (last,))
    if p == 2:
        return unary("sqrt", reduce(binary("mul", gaps, gaps), "sum", (last,)))
    if math.isinf(p):
        return reduce(size, "max", (last,))
    powers = reduce(binary("pow", size, const(p, size.shape, size.dtype)), "sum", (last,))
    return binary("pow", powers, const(1 / p, powers.shape, powers.dtype))


@cdist.vjp
def _(g, out, x1, x2, p, compute_mode):  # type: ignore[no-untyped-def]
    gaps = _gaps(x1, x2)
    wide = (*out.shape, 1)
    far = build.expand(reshape(out, wide), gaps.shape)
    seed = build.expand(reshape(g, wide), gaps.shape)
    zero = const(0, gaps.shape, gaps.dtype)
    sign = unary("sign", gaps)
    if p == 0:
        slope = zero
    elif p == 1:
        slope = binary("mul", seed, sign)
    elif p == 2:
        slope = binary("mul", seed, binary("div", gaps, far))
    elif math.isinf(p):
        hit = build.cast(binary("eq", unary("abs", gaps), far), gaps.dtype)
        slope = binary("mul", binary("mul", seed, sign), hit)
    else:
        ratio = binary("div", unary("abs", gaps), far)
        powers = binary("pow", ratio, const(p - 1, gaps.shape, gaps.dtype))
        slope = binary("mul", binary("mul", seed, sign), powers)
    # Equal rows have no direction: 0, not nan.
    slope = build.where(binary("eq", far, zero), zero, slope)
    axis = gaps.ndim - 2
    return (
        _folded(reduce(slope, "sum", (axis,)), x1),
        _folded(unary("neg", reduce(slope, "sum", (axis - 1,))), x2),
    )


def _folded(grad: Node, x: Node) -> Node:
    """Sum over the batch axes that ``x`` was spread along."""
    lead = grad.ndim - x.ndim
    axes = tuple(range(lead)) + tuple(
        lead + k for k, size in enumerate(x.shape) if size == 1 and grad.shape[lead + k] != 1
    )
    return reshape(reduce(grad, "sum", axes), x.shape)


__all__ = [
    "cdist", "cross", "diag", "diag_embed", "diagflat", "diff", "einsum", "inner", "kron",
    "tensordot", "trace",
]  # fmt: skip
