"""The geometry of one convolution, every case brought to two spatial axes."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rushlight.base.record import Record
from rushlight.compiler.contraction.operand import Operand

Pair = tuple[int, int]


class Axis(Record):
    """One spatial axis: ``size`` inputs, ``taps`` weights, ``out`` results.

    Result ``o`` meets tap ``t`` at input ``o * stride + t * dilation - low``, 0 outside the image.
    ``clips``: taps outside the image are left out, so that no copy of inputs has any padding.
    """

    size: int
    taps: int
    out: int
    stride: int
    dilation: int
    low: int
    clips: bool = False

    @property
    def reach(self) -> int:
        """Inputs from the first to the last tap.

        >>> Axis(size=9, taps=3, out=5, stride=1, dilation=2, low=0).reach
        5
        """
        return self.inputs(1)

    @property
    def inside(self) -> bool:
        """No tap ever falls outside the image."""
        return self.low <= 0 and self.inputs(self.out) - self.low <= self.size

    def inputs(self, count: int) -> int:
        """Neighbouring inputs that ``count`` results in a row need."""
        if not self.taps:
            return max((count - 1) * self.stride, 0)
        inputs = max((count - 1) * self.stride + (self.taps - 1) * self.dilation + 1, 0)
        return min(inputs, self.size) if self.clips else inputs


class Extent(Record):
    """How much there is of a problem: all that deciding how to cut it needs."""

    images: int
    groups: int
    filters: int  # of one group, as ``channels``
    channels: int
    flops: int
    row: Axis
    column: Axis


class Problem(Record):
    """``x`` (N, H, W, C), ``w`` (groups, K / groups, C / groups, R, S), ``out`` (N, H', W', K)."""

    x: Operand
    w: Operand
    out: Operand
    row: Axis
    column: Axis

    @property
    def groups(self) -> int:
        return self.w.shape[0]

    @property
    def filters(self) -> int:
        """Output channels of one group."""
        return self.w.shape[1]

    @property
    def channels(self) -> int:
        """Input channels of one group."""
        return self.w.shape[2]

    @property
    def flops(self) -> int:
        """Two for each weight that meets a result."""
        taps = self.row.taps * self.column.taps
        return 2 * math.prod(self.out.shape) * self.channels * taps

    @property
    def extent(self) -> Extent:
        return Extent(
            self.x.shape[0], self.groups, self.filters, self.channels, self.flops,
            self.row, self.column,
        )  # fmt: skip

    @property
    def sizes(self) -> dict[str, int]:
        """The words that kernels of all kinds ask for."""
        row, column = self.row, self.column
        return {
            "images": self.x.shape[0], "channels": self.channels, "filters": self.filters,
            "height": row.size, "width": column.size,
            "out_height": row.out, "out_width": column.out,
            "taps_row": row.taps, "taps_column": column.taps,
            "stride_row": row.stride, "stride_column": column.stride,
            "dilation_row": row.dilation, "dilation_column": column.dilation,
            "low_row": row.low, "low_column": column.low,
        }  # fmt: skip

    @property
    def bytes(self) -> int:
        return sum(math.prod(one.shape) * one.itemsize for one in (self.x, self.w, self.out))


def check(
    who: str,
    x: Operand,
    w: Operand,
    out: Operand,
    stride: Sequence[int],
    padding: Sequence[Pair],
    dilation: Sequence[int],
    groups: int,
) -> list[Axis]:
    """The spatial axes, or ValueError where the shapes do not fit (the lowering's mistake)."""
    rank = len(x.shape) - 2
    fits = (
        len(w.shape) == len(out.shape) == rank + 2
        and len(stride) == len(padding) == len(dilation) == rank
        and x.shape[-1] == w.shape[1] * groups
        and out.shape[-1] == w.shape[0]
        and w.shape[0] % groups == 0
        and x.shape[0] == out.shape[0]
        and x.dtype == w.dtype == out.dtype
    )
    axes = []
    if x.dtype not in ("f32", "f64", "f16", "bf16"):
        raise NotImplementedError(f"{who}: no lowering for {x.dtype}, only for floating point")
    if fits:
        for place in range(rank):
            low, high = padding[place]
            taps, step = w.shape[2 + place], stride[place]
            axis = Axis(x.shape[1 + place], taps, out.shape[1 + place], step, dilation[place], low)
            axes.append(axis)
            fits = fits and (axis.size + low + high - axis.reach) // step + 1 == axis.out
    if not fits:
        raise ValueError(
            f"{who}: x {x.dtype}{x.shape}, w {w.dtype}{w.shape}, out {out.dtype}{out.shape}, "
            f"stride {tuple(stride)}, padding {tuple(padding)}, dilation {tuple(dilation)}, "
            f"groups {groups} do not fit; "
            "needs x (N, *S, C), w (K, C/groups, *taps), out (N, *S', K)"
        )
    return axes


POINT = Axis(size=1, taps=1, out=1, stride=1, dilation=1, low=0)


def flat(operand: Operand) -> Operand:
    """An image or its like with one spatial axis as one with two, the first of size 1."""
    samples, *shape = operand.shape
    first, *strides = operand.strides
    return Operand(operand.ref, operand.dtype, (samples, 1, *shape), (first, 0, *strides))


def grouped(w: Operand, groups: int) -> Operand:
    """Weights (K, C / groups, *taps) as (groups, K / groups, C / groups, R, S)."""
    filters = w.shape[0] // groups
    shape, strides = w.shape[1:], w.strides[1:]
    if len(shape) == 2:
        shape, strides = (shape[0], 1, shape[1]), (strides[0], 0, strides[1])
    return Operand(
        w.ref, w.dtype, (groups, filters, *shape), (filters * w.strides[0], w.strides[0], *strides)
    )
