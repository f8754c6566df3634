"""conv_input_grad: the gradient of a convolution's input, as convolutions of the output's gradient.

With stride 1 that is one convolution with the taps turned round and the channels exchanged. With
stride s, inputs s apart meet the same taps: each of the s * s phases is a convolution of its own,
with its share of the taps, that writes every s-th row and column. No zeros are inserted anywhere.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from rushlight.base.record import Record
from rushlight.compiler.contraction import choose, phased
from rushlight.compiler.contraction.conv import flat_epilogue, planar
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.plain_conv import plain_conv
from rushlight.compiler.contraction.window import POINT, Axis, Pair, Problem, check, flat, grouped
from rushlight.compiler.launch import Launch


def conv_input_grad(
    g: Operand,
    w: Operand,
    dx: Operand,
    stride: Sequence[int],
    padding: Sequence[Pair],
    dilation: Sequence[int],
    groups: int,
    epilogue: Epilogue,
) -> list[Launch]:
    """dx (N, *S, C) from g (N, *S', K), w (K, C / groups, *taps) of ``conv(x, w)``.

    It is also the transposed convolution of g; the epilogue's channels are then C.
    """
    axes = check("conv_input_grad", dx, w, g, stride, padding, dilation, groups)
    if math.prod(dx.shape) == 0:
        return []
    if not choose.tiles(axes):
        return plain_conv("x", dx, w, g, axes, groups, epilogue)
    if len(axes) == 1:
        epilogue = flat_epilogue(epilogue)
        g, dx, axes = flat(g), flat(dx), [POINT, *axes]
    whole = Problem(dx, grouped(w, groups), g, axes[0], axes[1])
    if axes[1].stride > 1 and phased.fits(whole, epilogue):
        return phased.phased(whole, epilogue)
    weights = whole.w.permute(0, 2, 1, 3, 4)
    launches = []
    for row, column in itertools.product(phases(axes[0]), phases(axes[1])):
        out, residual = dx, epilogue.residual
        taps = weights
        for place, phase in ((1, row), (2, column)):
            out = out.every(place, phase.first, phase.step, phase.axis.out)
            if residual is not None:
                residual = residual.every(place, phase.first, phase.step, phase.axis.out)
            tap = place + 2
            taps = taps.every(tap, phase.tap, phase.tap_step, phase.axis.taps).flip(tap)
        part = epilogue.replace(residual=residual)
        launches += planar(Problem(g, taps, out, row.axis, column.axis), part, skips=True)
    return launches


class Phase(Record):
    """Inputs ``first, first + step, ...`` of one axis: they meet taps ``tap, tap + tap_step, ...``.

    ``axis``: the convolution that computes them from the output's gradient, taps last first.
    """

    first: int
    step: int
    tap: int
    tap_step: int
    axis: Axis


def phases(axis: Axis) -> list[Phase]:
    """
    >>> [phase.axis.taps for phase in phases(Axis(56, 3, 28, stride=2, dilation=1, low=1))]
    [1, 2]
    """
    found = []
    common = math.gcd(axis.stride, axis.dilation)
    tap_step, dilation = axis.stride // common, axis.dilation // common
    for first in range(min(axis.stride, axis.size)):
        # Input first + j * stride meets tap t at result (first + low - t * dilation) / stride + j.
        meets = [
            tap
            for tap in range(min(tap_step, axis.taps))
            if (first + axis.low - tap * axis.dilation) % axis.stride == 0
        ]
        tap = meets[0] if meets else 0
        taps = len(range(tap, axis.taps, tap_step)) if meets else 0
        start = (first + axis.low - tap * axis.dilation) // axis.stride
        count = -(-(axis.size - first) // axis.stride)  # (of a size that may vary: no range)
        low = (taps - 1) * dilation - start if taps else 0
        own = Axis(axis.out, taps, count, stride=1, dilation=dilation, low=low)
        found.append(Phase(first, axis.stride, tap, tap_step, own))
    return found
