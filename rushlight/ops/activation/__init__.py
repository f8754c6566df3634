"""Activations: the non-linear functions between layers."""

from rushlight.ops.activation import exponential, gate, rectifier, shrink, smooth, softmax

__all__ = ["exponential", "gate", "rectifier", "shrink", "smooth", "softmax"]
