"""Which functions there are, and how the formula of one becomes a function's text."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from rushlight.base.record import Record
from rushlight.compiler.math import (
    error_function,
    exponential,
    gamma,
    inverse_trigonometric,
    logarithm,
    modulo,
    power,
    trigonometric,
)
from rushlight.compiler.math.body import ELEMENTS, Body, Value, symbol_of

Formula = Callable[..., Value]  # (body, x) or (body, x, y)


class MathFunction(Record):
    """One function: its symbol, its complete definition, and the symbols of the helpers that it
    calls.
    """

    symbol: str
    text: str
    needs: tuple[str, ...]


def in_double(formula: Formula, *grade: str) -> Formula:
    """The float version of a formula that is easier to get right in double.

    A formula that knows the grade 'wide' may stop at the digits that a float needs.
    """

    def narrowed(b: Body, *args: Value) -> Value:
        if args[0].element == "double":
            return formula(b, *args)
        return b.narrow(formula(b, *(b.widen(arg) for arg in args), *grade))

    return narrowed


UNARY: dict[str, Formula] = {
    "exp": exponential.exp,
    "exp_down": exponential.exp_down,
    "exp_term": exponential.exp_term,
    "exp2": exponential.exp2,
    "expm1": exponential.expm1,
    "expm1_down": exponential.expm1_down,
    "tanh": exponential.tanh,
    "sigmoid": exponential.sigmoid,
    "sinh": exponential.sinh,
    "cosh": exponential.cosh,
    "log": logarithm.log,
    "log2": logarithm.log2,
    "log10": logarithm.log10,
    "log1p": logarithm.log1p,
    "log1p_unit": logarithm.log1p_unit,
    "asinh": in_double(logarithm.asinh, "wide"),
    "acosh": in_double(logarithm.acosh, "wide"),
    "atanh": in_double(logarithm.atanh, "wide"),
    "sin": trigonometric.sin,
    "cos": trigonometric.cos,
    "tan": in_double(trigonometric.tan),
    "asin": inverse_trigonometric.asin,
    "acos": inverse_trigonometric.acos,
    "atan": inverse_trigonometric.atan,
    "erf": error_function.erf,
    "erfc": error_function.erfc,
    "erfinv": error_function.erfinv,
    "ndtr": error_function.ndtr,
    "ndtr_tanh": error_function.ndtr_tanh,
    "lgamma": in_double(gamma.lgamma),
    "digamma": in_double(gamma.digamma),
}
BINARY: dict[str, Formula] = {
    "exp_share": exponential.exp_share,
    "pow": power.pow,
    "atan2": inverse_trigonometric.atan2,
    "fmod": modulo.fmod,
    "remainder": modulo.remainder,
}
# Called, not inlined: the rare paths of others.
HELPERS: dict[str, Formula] = {
    "log_any": logarithm.log_any,
    "log2_any": logarithm.log2_any,
    "log10_any": logarithm.log10_any,
    "log1p_any": logarithm.log1p_any,
    "sin_large": trigonometric.sin_large,
    "cos_large": trigonometric.cos_large,
    "tan_large": trigonometric.tan_large,
    "lgamma_negative": gamma.lgamma_negative,
    "digamma_negative": gamma.digamma_negative,
}
SUPPORTED = frozenset(UNARY) | frozenset(BINARY)


def key_of(symbol: str) -> tuple[str, str, int]:
    """
    >>> key_of("rl_log2_f64x4")
    ('log2', 'f64', 4)
    """
    name, _, kind = symbol.removeprefix("rl_").rpartition("_")
    dtype, _, lanes = kind.partition("x")
    return name, dtype, int(lanes)


@lru_cache(maxsize=1024)
def build(name: str, dtype: str, lanes: int) -> MathFunction:
    """Write out one function or helper."""
    if dtype not in ELEMENTS:
        raise NotImplementedError(f"math: {name} is there for 'f32' and 'f64', got dtype {dtype!r}")
    if lanes < 1:
        raise ValueError(f"math: {name} needs lanes >= 1, got {lanes}")
    formula = UNARY.get(name) or BINARY.get(name) or HELPERS[name]
    b = Body(lanes)
    element = ELEMENTS[dtype]
    names = ("%x", "%y") if name in BINARY else ("%x",)
    result = formula(b, *(Value(b, arg, element) for arg in names))
    symbol = symbol_of(name, dtype, lanes)
    kind = b.type_of(element)
    arguments = ", ".join(f"{kind} {arg}" for arg in names)
    attribute = "noinline" if name in HELPERS else "alwaysinline"
    lines = [
        f"define internal {kind} @{symbol}({arguments}) {attribute} nounwind {{",
        "entry:",
        *b.lines,
        f"  ret {kind} {result.name}",
        "}",
        "",
    ]
    needs = tuple(symbol_of(helper, kind_of, lanes) for helper, kind_of in b.needs)
    return MathFunction(symbol, "\n".join(lines), needs)
