"""``torch.quasirandom``: points that fill a cube more evenly than random ones."""

from rushlight.quasirandom.sobol import SobolEngine

__all__ = ["SobolEngine"]
