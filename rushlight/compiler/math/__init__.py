"""Elementary functions as LLVM IR text of our own, for float and double, scalars and vectors of
any length.

>>> function("exp", "f32", 8).symbol
'rl_exp_f32x8'
>>> text = definitions([("tanh", "f32", 8), ("sin", "f64", 4)])
>>> "define internal <8 x float> @rl_tanh_f32x8(<8 x float> %x)" in text
True

The text names no library function: only fma, fabs, sqrt, roundeven and copysign, which every
target of LLVM has, and where the host has it the permutation of ``table.py``. Intrinsics are not
declared in it (LLVM declares them itself), so it can be put in any module.
"""

from __future__ import annotations

from collections.abc import Iterable

from rushlight.compiler.math.catalogue import SUPPORTED, MathFunction, build, key_of

__all__ = ["SUPPORTED", "MathFunction", "definitions", "function"]


def function(name: str, dtype: str, lanes: int) -> MathFunction:
    """The function ``name`` for ``dtype`` ('f32' or 'f64') and ``lanes`` values at once (1: plain
    scalars).

    Raises NotImplementedError for a name not in SUPPORTED or another dtype, ValueError for lanes
    < 1.

    >>> function("pow", "f64", 1).text.splitlines()[0]
    'define internal double @rl_pow_f64x1(double %x, double %y) alwaysinline nounwind {'
    """
    if name not in SUPPORTED:
        raise NotImplementedError(
            f"math: no function {name!r}; there are {', '.join(sorted(SUPPORTED))}"
        )
    return build(name, dtype, lanes)


def definitions(wanted: Iterable[tuple[str, str, int]]) -> str:
    """The text of all ``wanted`` (name, dtype, lanes) and of the helpers they call, each once, in
    sorted order.

    >>> definitions([("exp", "f32", 4), ("exp", "f32", 4)]).count("define")
    1
    """
    found: dict[str, MathFunction] = {}
    pending = [function(*key) for key in wanted]
    while pending:
        item = pending.pop()
        if item.symbol not in found:
            found[item.symbol] = item
            pending += [build(*key_of(symbol)) for symbol in item.needs]
    return "\n".join(found[symbol].text for symbol in sorted(found))
