"""Weights of cubic convolution (Keys 1981), as enlarging and sampling of images use it.

Each step is rounded once where PyTorch's compiler fuses it in its kernels.
"""

from __future__ import annotations

from rushlight.ir.graph import Node
from rushlight.ops.formula import fused, increased, like, one_minus, times
from rushlight.ops.interpolate_bytes import CUBIC


def cubic_weights(t: Node) -> list[Node]:
    """Of the four neighbours of a place that is ``t`` behind the second, 0 <= t < 1."""
    rest = one_minus(t)
    return [_far(increased(t, 1)), _near(t), _near(rest), _far(increased(rest, 1))]


def _near(t: Node) -> Node:
    """The kernel for |t| <= 1."""
    inner = fused(t, like(t, CUBIC + 2), like(t, -(CUBIC + 3)))
    return fused(times(inner, t), t, like(t, 1))


def _far(t: Node) -> Node:
    """The kernel for 1 < |t| < 2."""
    inner = fused(t, like(t, CUBIC), like(t, -5 * CUBIC))
    inner = fused(inner, t, like(t, 8 * CUBIC))
    return fused(inner, t, like(t, -4 * CUBIC))
