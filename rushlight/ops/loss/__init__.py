"""Losses: of gaps, of classes, of distributions."""

from rushlight.ops.loss import (
    binary_cross_entropy,
    cross_entropy,
    likelihood,
    nll,
    reduction,
    regression,
    soft_target,
)

__all__ = [
    "binary_cross_entropy",
    "cross_entropy",
    "likelihood",
    "nll",
    "reduction",
    "regression",
    "soft_target",
]
