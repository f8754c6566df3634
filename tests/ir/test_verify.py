"""Every rule of the graph is noticed when it is broken."""

from __future__ import annotations

import pytest

from rushlight.base.errors import InternalError
from rushlight.ir.text import from_text, to_text
from rushlight.ir.verify import verify

SOUND = """
%0 = input f32[4,3] index=0
%1 = input i64[2] index=1
%2 = scalar f64[] index=0
%3 = cast f32[] %2
%4 = reshape f32[1,1] %3
%5 = expand f32[4,3] %4
%6 = add f32[4,3] %0 %5
%7 = take f32[2,3] %6 %1 axis=0
%8 = put f32[4,3] %0 %1 %7 axis=0 mode="add"
%9 = slice f32[2,3] %8 start=(3,0) step=(-2,1)
%10 = slice_set f32[4,3] %0 %9 start=(0,0) step=(1,1)
%11 = permute f32[3,4] %10 axes=(1,0)
%12 = dot f32[4,4] %0 %11
%13 = reduce i64[4] %12 kind="argmax" axes=(1,)
%14 = input f32[2,5,5,3] index=2
%15 = input f32[6,3,3,3] index=3
%16 = conv f32[2,3,3,6] %14 %15 stride=(2,2) padding=((1,1),(1,1)) dilation=(1,1) groups=1
%17 = pool f32[2,1,1,6] %16 kind="max" window=(2,2) stride=(2,2) padding=((0,0),(0,0)) dilation=(1,1)
%18 = pool i64[2,1,1,6] %16 kind="argmax" window=(2,2) stride=(2,2) padding=((0,0),(0,0)) dilation=(1,1)
%19 = pool_input_grad f32[2,3,3,6] %17 %18 kind="max" window=(2,2) stride=(2,2) padding=((0,0),(0,0)) dilation=(1,1)
%20 = argsort i64[4,3] %0 axis=1 descending=False tied=True
%21 = gather f32[4,3] %0 %20 axis=1
%22 = lt bool[4,3] %0 %21
%23 = where f32[4,3] %22 %0 %21
%24 = cat f32[8,3] %23 %0 axis=0
return %24 %13 %19
"""  # noqa: E501

BROKEN = {
    "exp f32[4,2] %0": "sources have its shape",
    "exp i64[4,3] %0": "its dtype",
    "exp f32[4,3] %0 %0": "exp takes 1 sources",
    "exp f32[4,3] %0 axis=1": "attributes none",
    "wobble f32[4,3] %0": "no primitive",
    "add f32[4,3] %0 %2": "shape|dtypes agree",
    "lt f32[4,3] %0 %0": "its dtype",
    "and f32[4,3] %0 %0": "integers and bool only",
    "div i64[2] %1 %1": "floating dtypes only",
    "where f32[4,3] %0 %0 %0": "condition is bool",
    "bitcast f64[4,3] %0": "keeps the width",
    "reshape f32[5] %0": "element count",
    "permute f32[4,3] %0 axes=(1,0)": "its shape is \\[3, 4\\]",
    "permute f32[4,3] %0 axes=(0,0)": "permutation",
    "expand f32[8,3] %0": "size 1 expand",
    "pad f32[5,3] %0 lo=(1,-1) hi=(0,1) value=0.0": "not negative",
    "slice f32[2,3] %0 start=(3,0) step=(1,1)": "lie in an axis of 4",
    "slice_set f32[4,3] %0 %0 start=(1,0) step=(1,1)": "lie in an axis of 4",
    "as_strided f32[2,2] %0 strides=(1,1) offset=0": "flat",
    "cat f32[7,3] %0 %0 axis=0": "its shape is \\[8, 3\\]",
    "cat f32[8,3] %0 %0 axis=2": "axis 2",
    'reduce f32[4] %0 kind="mean" axes=(1,)': "kind is one of",
    'reduce f32[4] %0 kind="argmax" axes=(1,)': "its dtype is int64",
    'reduce i64[] %0 kind="argmax" axes=(0,1)': "takes one axis",
    'scan f32[4,3] %0 kind="any" axis=0': "kind is one of",
    "take f32[2,3] %0 %0 axis=0": "index is of integers",
    "take f32[3,3] %0 %1 axis=0": "its shape",
    "gather f32[2] %0 %1 axis=0": "no larger",
    'put f32[4,3] %0 %1 %0 axis=0 mode="add"': "src\\[2\\] has the shape",
    'put f32[4,3] %0 %1 %0 axis=0 mode="max"': "mode is one of",
    "dot f32[4,4] %0 %0": "M, K",
    "conv f32[4,3] %0 %0 stride=(1,) padding=((0,0),) dilation=(1,) groups=1": "one rank >= 3",
    'pool f32[4,3] %0 kind="max" window=() stride=() padding=() dilation=()': "window has",
    "argsort f32[4,3] %0 axis=0 descending=False tied=False": "its dtype is int64",
    "argsort i64[4,3] %0 axis=0 descending=1 tied=False": "a bool",
    "scalar f32[] index=0": "float64, int64 or bool",
    "iota i64[3] axis=1": "axis 1",
}  # fmt: skip


def test_a_sound_graph_passes() -> None:
    sinks = from_text(SOUND)
    verify(sinks)
    assert to_text(from_text(to_text(sinks))) == to_text(sinks)


@pytest.mark.parametrize(("line", "rule"), BROKEN.items())
def test_a_broken_rule_is_named(line: str, rule: str) -> None:
    head = "%0 = input f32[4,3] index=0\n%1 = input i64[2] index=1\n%2 = cast i64[2] %1\n"
    sinks = from_text(f"{head}%3 = {line}\n")
    with pytest.raises(InternalError, match=rule) as caught:
        verify(sinks, after="fold")
    assert "ir.verify after fold:" in str(caught.value)
    assert line.split()[0] in str(caught.value).split("; in: ")[1]
