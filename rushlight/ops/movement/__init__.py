"""Copies that move elements: joining, repeating, flipping, rolling, padding."""

from rushlight.ops.movement import flip, join, pad, pixel_shuffle, repeat

__all__ = ["flip", "join", "pad", "pixel_shuffle", "repeat"]
