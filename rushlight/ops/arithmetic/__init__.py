"""Arithmetic of two and more: broadcast and promoted as PyTorch does."""

from rushlight.ops.arithmetic import (
    add_multiply,
    divide,
    exponent,
    maximum,
    multiply_add,
    polar,
    power,
)

__all__ = ["add_multiply", "divide", "exponent", "maximum", "multiply_add", "polar", "power"]
