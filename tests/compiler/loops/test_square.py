"""Transposing copies in squares of registers: the same numbers, edges and all."""

from __future__ import annotations

import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32, float64, int8, int32
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.loops.build import Builder, Space
from rushlight.compiler.loops.decide import decide
from rushlight.compiler.loops.schedule import Schedule
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.runtime import cpu
from tests.compiler.loops.test_kernels import agree, tolerance, values
from tests.compiler.loops.test_stream import text_of
from tests.compiler.run_plan import run_compiled

SHAPES = [(16, 16), (17, 33), (129, 65), (3, 64, 130), (2, 3, 40, 15), (300, 9)]
WIDE = cpu.host().isa in ("avx2", "avx512")


def turned(x: Node) -> Node:
    return build.permute(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def planned(node: Node) -> Schedule:
    builder = Builder(Space(node.shape, (), {}), lambda each: each.op == "input")
    builder.add_root(node)
    return decide(builder.space, [(node, *builder.roots[node])], cpu.host())


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dtype", [float32, float64, int32, bfloat16, int8], ids=lambda d: d.name)
def test_chains(shape: tuple[int, ...], dtype: DType) -> None:
    """Arrays that lie as the result does and others, several results, parts of a row in common."""
    x = build.input(0, shape, dtype)
    y = build.input(1, turned(x).shape, dtype)
    row = build.input(2, shape[-2:-1], dtype)
    both = build.binary("add", build.binary("mul", turned(x), y), build.broadcast(row, y.shape))
    arrays = [values(each.shape, dtype) for each in (x, y, row)]
    agree([turned(x)], [x], arrays[:1], tolerance(dtype))
    agree([both, turned(x)], [x, y, row], arrays, tolerance(dtype))
    agree([turned(build.binary("sub", turned(y), x))], [x, y, row], arrays, tolerance(dtype))


def test_steps_and_directions() -> None:
    x = build.input(0, (90, 120), float32)
    part = build.slice(x, (89, 3), (40, 35), (-2, 3))
    agree([turned(part)], [x], [values(x.shape, float32)], 1e-6)


@pytest.mark.skipif(not WIDE, reason="needs vectors of several words")
def test_which_are_taken() -> None:
    def squares(shape: tuple[int, ...], dtype: DType = float32) -> bool:
        return planned(turned(build.input(0, shape, dtype))).squares

    assert squares((40, 50))
    assert squares((3, 40, 50))
    assert squares((40, 50), float64)
    assert not squares((40, 5))
    assert not squares((5, 40))
    assert not squares((40, 50), bfloat16)
    assert not planned(build.unary("exp", turned(build.input(0, (40, 50), float32)))).squares
    text = text_of(planned(turned(build.input(0, (40, 50), float32))))
    assert "insertelement" not in text
    assert "extractelement" not in text


def test_what_is_read_is_not_written_over() -> None:
    """Squares at the edges are stored twice: a result may not be where its source was."""
    x, y = build.input(0, (70, 70), float32), build.input(1, (70, 70), float32)
    arrays = [values((70, 70), float32) for _ in range(2)]
    wanted = arrays[0].T + arrays[1]
    node = build.binary("add", turned(x), y)
    (got,) = run_compiled([node], [x, y], arrays, donatable=frozenset((0, 1)))
    np.testing.assert_array_equal(got, wanted)
