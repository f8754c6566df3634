"""Which bfloat16 values are rounded already while they are floats in registers."""

from __future__ import annotations

from typing import final

from rushlight.base.dtype import bfloat16
from rushlight.compiler.emit import as_bfloat16
from rushlight.compiler.emit_scalar import EXACT
from rushlight.compiler.loops.build import Value


@final
class Rounded:
    """Results of arithmetic are rounded as they are made. A Python number is not, as in PyTorch,
    and what hands one of its operands on is what they are.
    """

    def __init__(self) -> None:
        self.found: dict[Value, bool] = {}

    def holds(self, value: Value) -> bool:
        known = self.found.get(value)
        if known is None:
            known = self.found[value] = self._look(value)
        return known

    def _look(self, value: Value) -> bool:
        if value.dtype is not bfloat16 or value.op == "scalar":
            return False
        if value.op == "const":
            return float(value.data) == as_bfloat16(float(value.data))
        if value.op in EXACT or value.op in ("where", "guard"):
            return all(self.holds(arg) for arg in value.args if arg.dtype is bfloat16)
        return True
