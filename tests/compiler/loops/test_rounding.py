"""bfloat16 in registers: rounded once, and nan stays nan, for every number there is."""

from __future__ import annotations

from collections.abc import Callable

import ml_dtypes
import numpy as np
import pytest

from rushlight.base.dtype import bfloat16, float32
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.rounding import Rounded
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.interpret import interpret
from tests.compiler.run_plan import run_compiled

ALL = np.arange(2**16, dtype=np.uint16).view(ml_dtypes.bfloat16)


def const(x: Node, value: float) -> Node:
    return build.const(value, x.shape, x.dtype)


CHAINS: dict[str, Callable[[Node, Node], Node]] = {
    "x * y + x": lambda x, y: build.binary("add", build.binary("mul", x, y), x),
    "x - y": lambda x, y: build.binary("sub", x, y),
    "x / y": lambda x, y: build.binary("div", x, y),
    "x + nan": lambda x, y: build.binary("add", x, const(x, float("nan"))),
    "root": lambda x, y: build.unary("sqrt", x),
    "-x": lambda x, y: build.unary("neg", x),
    "larger": lambda x, y: build.binary("maximum", x, y),
    "no tenth": lambda x, y: build.binary("maximum", x, const(x, 0.1)),
    "a tenth or x": lambda x, y: build.where(build.binary("lt", x, y), const(x, 0.1), x),
    "a tenth": lambda x, y: build.unary("neg", build.unary("abs", const(x, 0.1))),
    "narrowed": lambda x, y: build.cast(
        build.binary("mul", build.cast(x, float32), build.cast(y, float32)), bfloat16
    ),
}


@pytest.mark.parametrize("name", CHAINS)
def test_every_number(name: str) -> None:
    x, y = (build.input(k, ALL.shape, bfloat16) for k in range(2))
    arrays = [ALL, np.random.default_rng(0).permutation(ALL)]
    chain = CHAINS[name](x, y)
    with np.errstate(all="ignore"):
        (want,) = interpret([chain], arrays)
    (got,) = run_compiled([chain], [x, y], arrays)
    gone = np.isnan(want.astype(np.float32))
    np.testing.assert_array_equal(np.isnan(got.astype(np.float32)), gone)
    np.testing.assert_array_equal(got.view(np.uint16)[~gone], want.view(np.uint16)[~gone])


def test_what_is_rounded() -> None:
    def made(op: str, *args: Value, data: float | None = None) -> Value:
        return Value(op, args, bfloat16, serial=1, data=data)

    x, number = made("load"), made("scalar")
    half, tenth, nan = (made("const", data=data) for data in (0.5, 0.1, float("nan")))
    holds = Rounded().holds
    for value in (x, half, made("add", x, number), made("maximum", x, half), made("neg", x)):
        assert holds(value)
    for value in (number, tenth, nan, made("neg", number), made("where", x, tenth, x)):
        assert not holds(value)
    assert not holds(Value("load", (), float32, serial=1))
