"""What is known of a value's sign from how it was made."""

from __future__ import annotations

from rushlight.compiler.loops.build import Value


def never_positive(value: Value) -> bool:
    """Whether nothing above 0 can come out (NaN can): -|x|, -c (x * x), x - max(x), min(x, 0)."""
    if value.op == "minimum":
        return any(each.op == "const" and each.data <= 0 for each in value.args)
    if value.op == "sub":
        x, top = value.args
        return top.op == "reduce" and top.data in ("max", "fmax") and top.args[0] is x
    if value.op != "neg":
        return False
    return _never_negative(value.args[0])


def in_unit(value: Value) -> bool:
    """Whether nothing outside [0, 1] can come out (NaN can): e to what is never positive."""
    return value.op == "exp" and never_positive(value.args[0])


def _never_negative(value: Value) -> bool:
    """|x|, x * x and a positive number times such."""
    if value.op != "mul":
        return value.op == "abs"
    x, y = value.args
    if x is y:
        return True
    if x.op == "const":
        x, y = y, x
    return y.op == "const" and y.data > 0 and _never_negative(x)
