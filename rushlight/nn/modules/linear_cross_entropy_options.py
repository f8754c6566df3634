"""LinearCrossEntropyOptions, at the address where PyTorch has it."""

from __future__ import annotations

from rushlight.nn.modules.linear_cross_entropy import LinearCrossEntropyOptions

__all__ = ["LinearCrossEntropyOptions"]
