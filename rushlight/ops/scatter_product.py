"""Products of all others that meet at a place: the gradient of ``scatter_reduce`` with "prod".

A product has no reciprocal where a factor is 0, so zeros are counted apart: of the elements that
meet at one place, P is the product of those that are not 0 and Z the number of the others.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary
from rushlight.ir.graph import Node
from rushlight.ops.formula import like, minus, over, times, zeros_of
from rushlight.ops.samples import Fixed, Rng, Samples
from rushlight.ops.table import Grads, composite

Pair = tuple[Node, Node]  # of x, and of the values that are scattered into it


def _apart(node: Node) -> Pair:
    """(1 where an element is 0, else the element; whether it is 0, as a number)."""
    is_zero = binary("eq", node, like(node, 0))
    return build.where(is_zero, like(node, 1), node), build.cast(is_zero, node.dtype)


def _met(own: Node, each: Node, places: Node, axis: int, mode: str) -> Pair:
    """What meets at each place combined, as x sees it and as the values do."""
    whole = build.scatter(own, places, each, axis, mode)
    return whole, build.gather(whole, places, axis)


def _where_count(count: Node, number: int, node: Node, rest: Node) -> Node:
    return build.where(binary("eq", count, like(count, number)), node, rest)


@composite(torch=False, name="_product_of_others")
def product_of_others(x: Node, places: Node, values: Node, axis: int) -> Pair:
    """For each element of ``x`` and of ``values`` the product of all others at its place."""
    (mine, my_zeros), (theirs, their_zeros) = _apart(x), _apart(values)
    products = _met(mine, theirs, places, axis, "prod")
    counts = _met(my_zeros, their_zeros, places, axis, "add")
    sides = zip((mine, theirs), (my_zeros, their_zeros), products, counts, strict=True)
    own, each = [
        _where_count(minus(count, is_zero), 0, over(product, factor), like(product, 0))
        for factor, is_zero, product, count in sides
    ]
    return own, each


@product_of_others.vjp
def _(
    g: tuple[Node | None, Node | None], out: Pair, x: Node, places: Node, values: Node, axis: int
) -> Grads:
    """For element j the sum over the others i of c_i times the product of all but i and j.

    With A the sum of c_i / x_i over what is not 0 and B that of c_i over the zeros:
    x_j not 0: P / x_j * (A - c_j / x_j) for Z = 0, P / x_j * B for Z = 1.
    x_j = 0: P * A for Z = 1, P * (B - c_j) for Z = 2. Else 0.
    """
    seeds = [zeros_of(node) if given is None else given
             for given, node in zip(g, (x, values), strict=True)]  # fmt: skip
    factors, zeros = zip(_apart(x), _apart(values), strict=True)
    shares = [over(times(seed, minus(like(seed, 1), z)), f)
              for seed, f, z in zip(seeds, factors, zeros, strict=True)]  # fmt: skip
    at_zeros = [times(seed, z) for seed, z in zip(seeds, zeros, strict=True)]
    products = _met(*factors, places, axis, "prod")
    counts = _met(*zeros, places, axis, "add")
    of_shares = _met(shares[0], shares[1], places, axis, "add")
    of_zeros = _met(at_zeros[0], at_zeros[1], places, axis, "add")
    grads = []
    for k in range(2):
        product, count, a, b = products[k], counts[k], of_shares[k], of_zeros[k]
        nothing = like(product, 0)
        left = over(product, factors[k])
        one = _where_count(count, 1, times(left, b), nothing)
        plain = _where_count(count, 0, times(left, minus(a, shares[k])), one)
        two = _where_count(count, 2, times(product, minus(b, at_zeros[k])), nothing)
        zero = _where_count(count, 1, times(product, a), two)
        grads.append(_where_count(zeros[k], 1, zero, plain))
    return grads[0], None, grads[1]


@product_of_others.samples
def _(rng: Rng) -> Samples:
    # Two derivatives of scatter_reduce are one of this; a third is not there.
    def fixed(x: list[float], places: list[int], values: list[float]) -> Any:
        return (Fixed(np.array(x)), np.array(places), Fixed(np.array(values)), 0), {}

    yield fixed([0.5, 2.0, 3.0], [0, 1, 1, 1], [4.0, 2.0, 1.5, 5.0])
    yield fixed([0.0, 2.0, 3.0], [0, 1, 1, 1], [4.0, 0.0, 0.0, 5.0])
