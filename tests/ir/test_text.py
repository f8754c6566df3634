"""The text form reads back as what it was printed from."""

from __future__ import annotations

import math

import pytest

from rushlight.base.dtype import ALL, bool_, float32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.text import from_text, node_text, to_text


def sample() -> list[Node]:
    x = build.input(0, (4, 3), float32)
    scale = build.broadcast(
        build.cast(build.scalar(0, build.cast(x, float32).dtype), float32), (4, 3)
    )
    product = build.binary("mul", x, scale)
    pooled = build.reduce(product, "sum", (1,))
    floor = build.pad(pooled, (1,), (2,), -math.inf)
    tags = build.host("tag", (pooled,), (2,), int64, ('a "b" (c', None, 1.5, (True, float32)))
    return [floor, build.binary("lt", x, product), tags, floor]


def test_prints_a_line_a_node(golden: object) -> None:
    assert to_text(sample()) == golden


def test_reads_back() -> None:
    text = to_text(sample())
    again = from_text(text)
    assert to_text(again) == text
    assert again[0] is again[3]
    assert again[2].attrs["params"] == ('a "b" (c', None, 1.5, (True, float32))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, -0.0, 1e-45, True, -3, 1 - 2j])
def test_values_survive(value: complex) -> None:
    node = Node("const", (), (2,), float32, {"value": value})
    [again] = from_text(to_text([node]))
    assert repr(again.attrs["value"]) == repr(value)


@pytest.mark.parametrize("dtype", ALL, ids=lambda each: each.name)
def test_dtypes_survive(dtype: DType) -> None:
    [again] = from_text(to_text([build.input(0, (), dtype)]))
    assert again.dtype is dtype
    assert again.shape == ()


def test_comments_and_no_return() -> None:
    [sink] = from_text("# a graph\n\n%x = input f32[2, 3] index=0\n%y = exp f32[2,3] %x\n")
    assert (sink.op, sink.shape) == ("exp", (2, 3))


@pytest.mark.parametrize(
    "line",
    [
        "%1 = exp",
        "%1 = exp f32[3] %7",
        "%1 = exp f99[3]",
        "%1 = iota f32[3] axis",
        "%1 = iota f32[3] axis=open()",
    ],
)
def test_says_which_line_is_wrong(line: str) -> None:
    with pytest.raises(ValueError, match="line 2 is no node"):
        from_text("%0 = input f32[3] index=0\n" + line)


def test_a_node_in_a_message() -> None:
    x = build.input(0, (3,), bool_)
    assert node_text(build.unary("not", x)) == "not bool[3] (bool[3])"
