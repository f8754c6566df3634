"""Images are copied for convolutions of each channel alone where their channels lie apart."""

from __future__ import annotations

import pytest

from rushlight.base.dtype import bfloat16, float32
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.passes.channels import channels
from rushlight.ir import build
from rushlight.ir.graph import Node, toposort
from tests.compiler.loops.test_kernels import agree, values

WINDOW = ((2, 1), ((1, 1), (1, 0)), (1, 1))


def step(dtype: DType, width: int, first: bool) -> tuple[list[Node], list[Node]]:
    """(inputs, results) of a convolution and its gradients with ``width`` channels a group.

    ``first``: images are as PyTorch has them, channels first.
    """
    groups = 6
    count = groups * width
    sizes = [(2, count, 9, 7), (count, width, 3, 3), (2, count, 5, 6)]
    if not first:
        sizes = [(n, h, w, c) if n == 2 else (n, c, h, w) for n, c, h, w in sizes]
    inputs = [build.input(place, shape, dtype) for place, shape in enumerate(sizes)]
    x, w, g = inputs
    if first:
        x, g = (build.permute(each, (0, 2, 3, 1)) for each in (x, g))
    made = [
        build.conv(x, w, *WINDOW, groups),
        build.conv_input_grad(g, w, x.shape, *WINDOW, groups),
        build.conv_weight_grad(g, x, w.shape, *WINDOW, groups),
    ]
    return inputs, made


def copies(sinks: list[Node]) -> int:
    return sum(node.op == "cast" for node in toposort(sinks))


@pytest.mark.parametrize(
    ("dtype", "width", "first", "wanted"),
    [(float32, 1, True, 2), (float32, 1, False, 0), (float32, 2, True, 0), (bfloat16, 1, True, 0)],
)
def test_which(dtype: DType, width: int, first: bool, wanted: int) -> None:
    _, made = step(dtype, width, first)
    assert copies(channels(made)) == wanted


@pytest.mark.parametrize("first", [True, False])
def test_results(first: bool) -> None:
    inputs, made = step(float32, 1, first)
    agree(made, inputs, [values(each.shape, float32) for each in inputs], 1e-5)
