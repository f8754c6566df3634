"""Weights of cubic convolution (Keys 1981), as enlarging and sampling of images use it.

Each step is rounded once where PyTorch's compiler fuses it in its kernels.
"""

from __future__ import annotations

import functools

from rushlight.ir.build import unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import fused, increased, like, one_minus, plus, times
from rushlight.ops.interpolate_bytes import CUBIC
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.table import Grads, composite


@composite(torch=False, name="_cubic_weights")
def cubic_weights(t: Node) -> tuple[Node, ...]:
    """Of the four neighbours of a place that is ``t`` behind the second, 0 <= t < 1."""
    rest = one_minus(t)
    return _far(increased(t, 1)), _near(t), _near(rest), _far(increased(rest, 1))


@cubic_weights.vjp
def _(g: tuple[Node | None, ...], out: tuple[Node, ...], t: Node) -> Grads:
    rest = one_minus(t)
    slopes = (
        _far_slope(increased(t, 1)), _near_slope(t), unary("neg", _near_slope(rest)),
        unary("neg", _far_slope(increased(rest, 1))),
    )  # fmt: skip
    parts = [times(x, slope) for x, slope in zip(g, slopes, strict=True) if x is not None]
    return (functools.reduce(plus, parts),)


@cubic_weights.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 4, low=0.1, high=0.9),), {}


def _near_slope(t: Node) -> Node:
    inner = fused(t, like(t, 3 * (CUBIC + 2)), like(t, -2 * (CUBIC + 3)))
    return times(inner, t)


def _far_slope(t: Node) -> Node:
    inner = fused(t, like(t, 3 * CUBIC), like(t, -10 * CUBIC))
    return fused(inner, t, like(t, 8 * CUBIC))


def _near(t: Node) -> Node:
    """The kernel for |t| <= 1."""
    inner = fused(t, like(t, CUBIC + 2), like(t, -(CUBIC + 3)))
    return fused(times(inner, t), t, like(t, 1))


def _far(t: Node) -> Node:
    """The kernel for 1 < |t| < 2."""
    inner = fused(t, like(t, CUBIC), like(t, -5 * CUBIC))
    inner = fused(inner, t, like(t, 8 * CUBIC))
    return fused(inner, t, like(t, -4 * CUBIC))
