"""Loops written in Python (``compiler/routine.py``): as machine code they do what Python does."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from rushlight.base.errors import InternalError
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.emit import kernel as make_kernel
from rushlight.compiler.kernels.element import entry
from rushlight.compiler.routine import text_of
from rushlight.runtime import code
from rushlight.runtime.native import call_at

_COEFFICIENTS = (0.5, -1.25, 3.0)
_KINDS = {"float32": "f32", "float64": "f64", "int64": "i64", "int32": "i32", "bool": "bool"}


def run(function: Callable[..., Any], *given: Any) -> int:
    """What the translation returns: of whole numbers and arrays."""
    kinds = [f"[{_KINDS[x.dtype.name]}]" if isinstance(x, np.ndarray) else "i64" for x in given]
    symbol, text = text_of(function, kinds)
    body = Body()
    words = []
    for place, kind in enumerate(kinds):
        (word,) = body.words("%args", 1, first=place, kind="ptr" if kind[0] == "[" else "i64")
        words.append(f"{'ptr' if kind[0] == '[' else 'i64'} {word}")
    result = body.op(f"call i64 @{symbol}({', '.join(words)})")
    body.line(f"ret i64 {result}")
    body.label("never")
    made = make_kernel("routine", entry(body, text))
    at = code.load([(made.symbol, made.text)])[made.symbol]
    numbers = [x.ctypes.data if isinstance(x, np.ndarray) else x for x in given]
    arguments = np.array(numbers, np.int64)
    return call_at(at, arguments.ctypes.data, 0)


def same(function: Callable[..., Any], *given: Any) -> None:
    """Both ways on copies of the arrays: the same return and the same bits."""
    copies = [[x.copy() if isinstance(x, np.ndarray) else x for x in given] for _ in range(2)]
    expected = function(*copies[0])
    assert run(function, *copies[1]) == (expected or 0)
    for one, other in zip(*copies, strict=True):
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other)


def _flow(count: int, numbers: Any, out: Any) -> int:
    """Loops in both directions, leaving one, going on with one, and what is left unread."""
    found = 0
    for i in range(count - 1, -1, -1):
        if i % 3 == 1 and numbers[i] > 0:
            continue
        if i < 2 or not numbers[i - 2] < 7:
            break
        found += i
    step = 1
    while step < count and numbers[step] != 5:
        out[step] = numbers[step] // 2 if numbers[step] >= 0 else -numbers[step]
        step = step * 2
    for i in range(2, count, 2):
        out[i] += min(i, found, 4) + max(i, 3) + abs(2 - i)
    return found


def test_whole_numbers_and_control_flow() -> None:
    rng = np.random.default_rng(0)
    for dtype in (np.int64, np.int32):
        for _ in range(5):
            numbers = rng.integers(-9, 9, 12).astype(dtype)
            same(_flow, 12, numbers, np.zeros(12, dtype))


def _horner(x: float) -> float:
    total = 0.0
    for each in _COEFFICIENTS:
        total = total * x + each
    return total


def _floats(count: int, numbers: Any, flags: Any, out: Any) -> None:
    last = 0.0
    for i in range(count):
        x = float(numbers[i])
        a, b = _horner(x), math.inf if flags[i] else x / 3
        a, b = b, a
        if a > b or x == 2.5:
            a -= math.floor(b) + 2**0.5
        out[i] = math.sqrt(abs(a)) if a < 1e30 else last
        last = out[i]


def test_floats_and_functions_of_the_module() -> None:
    numbers = np.random.default_rng(1).uniform(-4, 4, 20)
    flags = numbers > 1
    same(_floats, 20, numbers, flags, np.zeros(20))


def _single(count: int, numbers: Any, out: Any) -> None:
    for i in range(count):
        out[i] = numbers[i] * numbers[i] / 3 + 0.1


def test_what_is_computed_from_floats_is_rounded_as_floats() -> None:
    numbers = np.random.default_rng(2).uniform(-4, 4, 20).astype(np.float32)
    out = np.zeros_like(numbers)
    run(_single, 20, numbers, out)
    np.testing.assert_array_equal(out, numbers * numbers / np.float32(3) + np.float32(0.1))


def _unknown(count: int, out: Any) -> None:
    out[0] = str(count)


def _narrowed(count: int, out: Any) -> None:
    whole = count
    whole = out[0]
    out[0] = whole


def test_what_is_no_part_of_it_is_refused() -> None:
    with pytest.raises(InternalError, match="str"):
        text_of(_unknown, ["i64", "[f64]"])
    with pytest.raises(InternalError, match="whole number"):
        text_of(_narrowed, ["i64", "[f64]"])
