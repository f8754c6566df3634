"""What simplify rewrites, seen as text before and after."""

from __future__ import annotations

import pytest

from rushlight.compiler.passes.simplify import simplify
from rushlight.ir.text import from_text, to_text


def simplified(text: str) -> str:
    return to_text(simplify(list(from_text(text))))


def test_equal_nodes_become_one() -> None:
    before = """%0 = input f32[3] index=0
%1 = exp f32[3] %0
%2 = exp f32[3] %0
%3 = add f32[3] %1 %2
return %3
"""
    after = """%0 = input f32[3] index=0
%1 = exp f32[3] %0
%2 = add f32[3] %1 %1
return %2
"""
    assert simplified(before) == after


@pytest.mark.parametrize(
    ("rest", "result"),
    [
        ("%1 = const f32[3] value=1.0\n%2 = mul f32[3] %0 %1", "return %0"),
        ("%1 = const f32[3] value=1.0\n%2 = div f32[3] %0 %1", "return %0"),
        ("%1 = const f32[3] value=0.0\n%2 = sub f32[3] %0 %1", "return %0"),
        ("%1 = neg f32[3] %0\n%2 = neg f32[3] %1", "return %0"),
        # -0.0 + 0.0 is 0.0
        ("%1 = const f32[3] value=0.0\n%2 = add f32[3] %0 %1", "return %2"),
        # nan * 0 is nan
        ("%1 = const f32[3] value=0.0\n%2 = mul f32[3] %0 %1", "return %2"),
        ("%1 = cast f64[3] %0\n%2 = cast f32[3] %1", "return %0"),
        ("%1 = cast f16[3] %0\n%2 = cast f32[3] %1", "return %2"),
        ("%1 = reshape f32[3,1] %0\n%2 = reduce f32[3] %1 kind=\"sum\" axes=(1,)", "return %0"),
    ],
)  # fmt: skip
def test_only_what_is_exact_is_rewritten(rest: str, result: str) -> None:
    text = simplified(f"%0 = input f32[3] index=0\n{rest}\nreturn %2\n")
    assert text.splitlines()[-1] == result


def test_slices_compose() -> None:
    text = simplified(
        "%0 = input f32[20] index=0\n%1 = slice f32[9] %0 start=(1,) step=(2,)\n"
        "%2 = slice f32[3] %1 start=(7,) step=(-3,)\nreturn %2\n"
    )
    assert "slice f32[3] %0 start=(15,) step=(-6,)" in text


def test_an_empty_sum_is_zero() -> None:
    text = simplified(
        '%0 = input f32[2,0] index=0\n%1 = reduce f32[2] %0 kind="sum" axes=(1,)\nreturn %1\n'
    )
    assert text == "%0 = const f32[2] value=0.0\nreturn %0\n"
