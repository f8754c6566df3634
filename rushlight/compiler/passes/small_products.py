"""Products of small matrices, many to a batch: one loop over all of them.

A tile computes one matrix at a time, and a call of it takes longer than what it computes: 100,000
products of 3 x 3 by 3 x 3 take 2.5 ms with tiles and 0.37 as a sum of products, of 16 x 1 by 1 x 1
1.2 and 0.08 (Zen 5, two threads). The loop also takes in what is computed before and after.
"""

from __future__ import annotations

from rushlight.base.dtype import float32, float64
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.size import decision


def small_products(node: Node) -> Node:
    """A "dot", or the sum of products that it is."""
    rows, columns = node.src
    (m, n), depth = node.shape[-2:], rows.shape[-1]
    if node.dtype not in (float32, float64) or (node.ndim == 2 and (m, n) != (1, 1)):
        return node
    if node.size == 1 or not depth or not _is_small(m, n, depth, _is_turned(columns)):
        return node
    if (m, n) == (1, 1):
        products = build.binary("mul", rows, build.reshape(columns, rows.shape))
        return build.reshape(build.reduce(products, "sum", (rows.ndim - 1,)), node.shape)
    if depth == 1:
        return build.binary(
            "mul", build.expand(rows, node.shape), build.expand(columns, node.shape)
        )
    each = (*rows.shape, n)
    left = build.expand(build.reshape(rows, (*rows.shape, 1)), each)
    right = build.reshape(columns, (*columns.shape[:-2], 1, depth, n))
    return build.reduce(
        build.binary("mul", left, build.expand(right, each)), "sum", (node.ndim - 1,)
    )


# Rows, and multiply-adds, of one matrix up to which a loop over all takes less time than a tile for
# each. Where columns are read across their memory: rows that fill a vector, and short sums.
_ROWS, _SMALL = 16, 1024
_TURNED_ROWS, _TURNED_DEPTH, _TINY = 8, 16, 3


@decision
def _is_small(rows: int, columns: int, depth: int, turned: bool) -> bool:
    if rows == columns == 1 or depth == 1:
        return True
    across = turned and columns > 1 and max(rows, columns, depth) > _TINY
    if across and (rows < _TURNED_ROWS or depth > _TURNED_DEPTH):
        return False
    return rows <= _ROWS and rows * columns * depth <= _SMALL


def _is_turned(columns: Node) -> bool:
    """Whether neighbours in a row are not neighbours in memory."""
    last = columns.ndim - 1
    return columns.op == "permute" and columns.attrs["axes"][last] != last
