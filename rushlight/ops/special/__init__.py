"""Special functions: torch.special, and what of it torch has at the top level."""

from rushlight.ops.special import bessel, gamma, logarithm, logcumsumexp, normal, polynomial

__all__ = ["bessel", "gamma", "logarithm", "logcumsumexp", "normal", "polynomial"]
