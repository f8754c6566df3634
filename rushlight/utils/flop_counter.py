"""``torch.utils.flop_counter``: counting operations by dispatch, which is not part of Rushlight."""

from __future__ import annotations

from rushlight.base.left_out import absent_class

FlopCounterMode = absent_class(
    "torch.utils.flop_counter.FlopCounterMode",
    "operations are not dispatched one by one; 'rushlight profile SCRIPT' says how many "
    "floating-point operations each kernel does",
)

__all__ = ["FlopCounterMode"]
