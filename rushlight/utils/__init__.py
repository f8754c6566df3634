"""torch.utils: what surrounds training."""

from rushlight.utils import data

__all__ = ["data"]
