"""Pooling: maxima and means over windows, of given or adaptive size."""

from rushlight.ops.pool import adaptive_pool, avg_pool, max_pool, window

__all__ = ["adaptive_pool", "avg_pool", "max_pool", "window"]
