"""The two loops of L-BFGS, as loops of one plan: its history is as long as it has become so far."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.build import binary, expand, reshape, unary
from rushlight.ir.graph import Node
from rushlight.ir.loop import loop
from rushlight.ops.table import composite


def _share(row: Node, vector: Node, inverse: Node) -> Node:
    return binary("mul", build.reduce(binary("mul", row, vector), "sum", (0,)), inverse)


def _wide(x: Node, size: int) -> Node:
    return expand(reshape(x, (1,)), (size,))


def _backwards(size: int, dtype: DType) -> tuple[Node, ...]:
    """Rows of changes, moves and inverses; the vector so far -> the vector, the row's share."""
    change, move = build.input(0, (size,), dtype), build.input(1, (size,), dtype)
    inverse, vector = build.input(2, (), dtype), build.input(3, (size,), dtype)
    share = _share(move, vector, inverse)
    return binary("sub", vector, binary("mul", _wide(share, size), change)), share


def _forwards(size: int, dtype: DType) -> tuple[Node, ...]:
    """Rows of changes, moves, inverses and shares; the vector so far -> the vector."""
    change, move = build.input(0, (size,), dtype), build.input(1, (size,), dtype)
    inverse, share = build.input(2, (), dtype), build.input(3, (), dtype)
    vector = build.input(4, (size,), dtype)
    rest = binary("sub", share, _share(change, vector, inverse))
    return (binary("add", vector, binary("mul", _wide(rest, size), move)),)


@composite(torch=False, differentiable=False)
def lbfgs_direction(grad: Node, changes: Node, moves: Node, inverses: Node, scale: Node) -> Node:
    """Minus the gradient times the inverse Hessian (Nocedal 1980).

    grad (N), changes and moves (T, N), the oldest first, inverses (T) -> (N). ``scale`` (): the
    inverse Hessian before the history.
    """
    (size,), dtype, steps = grad.shape, grad.dtype, changes.shape[0]
    history = [changes, moves, inverses]
    made, form = loop(
        _backwards(size, dtype), history, [unary("neg", grad)], [],
        steps=steps, kept=[False], reverse=True, dtype=dtype,
    )  # fmt: skip
    shares = form.after(made, 1)
    start = binary("mul", form.final(made, 0), _wide(scale, size))
    again, back = loop(
        _forwards(size, dtype), [*history, shares], [start], [],
        steps=steps, kept=[False], reverse=False, dtype=dtype,
    )  # fmt: skip
    return back.final(again, 0)


@lbfgs_direction.reference
def _(grad: Any, changes: Any, moves: Any, inverses: Any, scale: Any) -> Any:
    vector, shares = -grad, np.zeros_like(inverses)
    for place in reversed(range(len(changes))):
        shares[place] = moves[place].dot(vector) * inverses[place]
        vector = vector - shares[place] * changes[place]
    vector = vector * scale
    for place in range(len(changes)):
        back = changes[place].dot(vector) * inverses[place]
        vector = vector + (shares[place] - back) * moves[place]
    return vector


@lbfgs_direction.samples
def _(rng: Any) -> Iterator[Any]:
    for steps, size in ((1, 1), (2, 3), (7, 40)):
        rows = rng.uniform(-1, 1, (2, steps, size))
        inverses, scale = rng.uniform(0.1, 0.5, steps), np.asarray(rng.uniform(0.5, 1.5))
        yield (rng.uniform(-1, 1, size), *rows, inverses, scale), {}
