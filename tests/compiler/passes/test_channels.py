"""Images are copied for convolutions that want channels together where they lie apart."""

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


def planes(channels_: int, taps: int, stride: int, filters: int = 5) -> tuple[list[Node], Node]:
    """(inputs, result) of a convolution of an image that lies in planes."""
    x = build.input(0, (2, channels_, 12, 8), float32)
    w = build.input(1, (filters, channels_, taps, taps), float32)
    image = build.permute(x, (0, 2, 3, 1))
    return [x, w], build.conv(image, w, (stride, stride), ((0, 0), (0, 0)), (1, 1), 1)


@pytest.mark.parametrize(
    ("channels_", "taps", "stride", "wanted"),
    [
        (16, 3, 1, 1), (15, 3, 1, 0), (40, 1, 1, 1), (3, 3, 1, 0), (3, 1, 1, 0),
        (3, 4, 4, 1), (3, 4, 2, 0), (1, 4, 4, 0),
    ],
)  # fmt: skip
def test_many_channels_and_patches(channels_: int, taps: int, stride: int, wanted: int) -> None:
    inputs, made = planes(channels_, taps, stride)
    assert copies(channels([made])) == wanted
    agree([made], inputs, [values(each.shape, float32) for each in inputs], 1e-4)


def test_a_copy_is_shared_and_takes_up_what_is_before_it() -> None:
    x = build.input(0, (2, 20, 12, 8), float32)
    w, v = (build.input(k, (5, 20, 3, 3), float32) for k in (1, 2))
    image = build.permute(build.unary("abs", x), (0, 2, 3, 1))
    window = ((1, 1), ((1, 1), (1, 1)), (1, 1))
    made = [build.conv(image, each, *window, 1) for each in (w, v)]
    assert copies(channels(made)) == 1
    agree(made, [x, w, v], [values(each.shape, float32) for each in (x, w, v)], 1e-4)


@pytest.mark.parametrize(
    ("channels_", "first", "wanted"), [(16, True, 1), (3, True, 0), (16, False, 0)]
)
def test_uneven_bins_share_a_copy(channels_: int, first: bool, wanted: int) -> None:
    sizes = (2, channels_, 7, 5) if first else (2, 7, 5, channels_)
    x = image = build.input(0, sizes, float32)
    if first:
        image = build.permute(x, (0, 2, 3, 1))
    bins = []
    for start, count in ((0, 3), (2, 3), (4, 3)):
        part = build.slice(image, (0, start, 0, 0), (2, count, 5, channels_), (1, 1, 1, 1))
        window = ((count, 1), (count, 1), ((0, 0), (0, 0)), (1, 1))
        bins += [build.pool(part, "argmax", *window), build.pool(part, "max", *window)]
    assert copies(channels(bins)) == wanted
    agree(bins, [x], [values(sizes, float32)], 0)
