"""What is known of a value's sign from how it was made."""

from __future__ import annotations

from rushlight.compiler.loops.build import Value


def never_positive(value: Value) -> bool:
    """Whether no number above zero can come out: -|x|, -(x * x), x - max(x). NaN can.

    A product that LLVM fuses into the difference is not rounded before: x * c - max(x * c) may
    exceed zero by half a unit in the last place of the product.
    """
    if value.op == "sub":
        x, top = value.args
        return top.op == "reduce" and top.data in ("max", "fmax") and top.args[0] is x
    if value.op != "neg":
        return False
    (x,) = value.args
    return x.op == "abs" or (x.op == "mul" and x.args[0] is x.args[1])
