"""A gather reads the sources of a cheap chain, not its result."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import float32, int64
from rushlight.compiler.passes.simplify import simplify
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import run_compiled


def log_softmax(x: Node, axis: int) -> Node:
    column = tuple(1 if k == axis else size for k, size in enumerate(x.shape))

    def wide(row: Node) -> Node:
        return build.expand(build.reshape(row, column), x.shape)

    shifted = build.binary("sub", x, wide(build.reduce(x, "max", (axis,))))
    total = build.reduce(build.unary("exp", shifted), "sum", (axis,))
    return build.binary("sub", shifted, wide(build.unary("log", total)))


@pytest.mark.parametrize(("shape", "axis", "few"), [((6, 40), 1, 1), ((5, 24, 7), 1, 3)])
def test_cross_entropy_reads_its_logits(shape: tuple[int, ...], axis: int, few: int) -> None:
    index_shape = tuple(few if k == axis else size for k, size in enumerate(shape))
    x, index = build.input(0, shape, float32), build.input(1, index_shape, int64)
    chosen = build.gather(log_softmax(x, axis), index, axis)
    rng = np.random.default_rng(0)
    arrays = [
        rng.standard_normal(shape).astype(np.float32), rng.integers(0, shape[axis], index_shape)
    ]  # fmt: skip
    (got,) = run_compiled([chosen], [x, index], arrays)
    np.testing.assert_allclose(got, interpret([chosen], arrays)[0], 1e-6)
    (made,) = simplify([chosen])
    (gather,) = [node for node in toposort([made]) if node.op == "gather"]
    assert gather.src[0] is x


def test_what_is_read_almost_whole_or_shifted_stays() -> None:
    x = build.input(0, (6, 8), float32)
    double = build.binary("add", x, x)
    for shape in ((6, 4), (3, 1)):
        index = build.input(1, shape, int64)
        (made,) = simplify([build.gather(double, index, 1)])
        assert made.op == "gather"
    row = build.expand(build.input(0, (6, 1), float32), (6, 8))
    index = build.input(1, (6, 1), int64)
    (made,) = simplify([build.gather(build.unary("neg", row), index, 1)])
    assert made.op == "gather"  # an index out of range has to be found
