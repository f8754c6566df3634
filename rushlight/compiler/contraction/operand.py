"""What a contraction reads and writes, and what is done to each result on its way out."""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction.values import SIZES
from rushlight.compiler.launch import Ref


class Operand(Record):
    """An array in memory: any strides (in elements; 0 repeats, negative walks back)."""

    ref: Ref
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.shape) != len(self.strides):
            raise ValueError(
                f"Operand: {len(self.shape)} sizes {self.shape} but {len(self.strides)} strides "
                f"{self.strides}; give one stride for each axis"
            )

    @property
    def itemsize(self) -> int:
        return SIZES[self.dtype]

    def step(self, axis: int) -> int:
        """Bytes from one element to the next along ``axis``."""
        return self.strides[axis] * self.itemsize

    def permute(self, *axes: int) -> Operand:
        return Operand(
            self.ref,
            self.dtype,
            tuple(self.shape[axis] for axis in axes),
            tuple(self.strides[axis] for axis in axes),
        )

    def pick(self, index: int) -> Operand:
        """Element ``index`` of the first axis, which disappears."""
        ref = self.ref.at(index * self.step(0))
        return Operand(ref, self.dtype, self.shape[1:], self.strides[1:])

    def flip(self, axis: int) -> Operand:
        """The same elements, last first along ``axis``."""
        strides = list(self.strides)
        last = max(self.shape[axis] - 1, 0)
        strides[axis] = -strides[axis]
        ref = self.ref.at(last * self.step(axis))
        return Operand(ref, self.dtype, self.shape, tuple(strides))

    def every(self, axis: int, start: int, step: int, count: int) -> Operand:
        """``count`` elements ``start, start + step, ...`` of ``axis``."""
        shape, strides = list(self.shape), list(self.strides)
        shape[axis] = count
        strides[axis] *= step
        ref = self.ref.at(start * self.step(axis))
        return Operand(ref, self.dtype, tuple(shape), tuple(strides))


class Epilogue(Record):
    """What happens to a result in the register, before its only store.

    ``result = activation((sum + bias[n]) * scale[n] + shift[n] + row_bias[m] + residual[m, n])``.
    ``bias``, ``scale`` and ``shift`` have one element for each column (N, or output channels), all
    equally far apart; there is no scale without a shift. ``row_bias`` has one for each row (M),
    ``residual`` is shaped like the output. ``activation``: 'relu', whose results are at most
    ``ceiling`` if there is one (relu6).
    """

    bias: Operand | None = None
    row_bias: Operand | None = None
    activation: str | None = None
    residual: Operand | None = None
    scale: Operand | None = None
    shift: Operand | None = None
    ceiling: float | None = None

    def __post_init__(self) -> None:
        if self.activation not in (None, "relu"):
            raise NotImplementedError(
                f"Epilogue: no activation {self.activation!r}, there is 'relu' (or None)"
            )
        apart = {operand.strides[-1] for operand in self.columns}
        if len(apart) > 1 or (self.scale is None) != (self.shift is None):
            raise ValueError(
                f"Epilogue: steps {sorted(apart)} between the elements of bias, scale and shift; "
                "give one step, and scale and shift together"
            )

    @property
    def columns(self) -> tuple[Operand, ...]:
        """What has one element for each column."""
        found = (self.bias, self.scale, self.shift)
        return tuple(operand for operand in found if operand is not None)

    @property
    def across(self) -> tuple[Operand, ...]:
        """What is read along a row of results."""
        return self.columns if self.residual is None else (*self.columns, self.residual)

    @property
    def column_step(self) -> int:
        """Bytes between the elements of what has one for each column."""
        return self.columns[0].step(-1) if self.columns else 0

    @property
    def empty(self) -> bool:
        return self == Epilogue()


def round_up(size: int, multiple: int) -> int:
    """
    >>> round_up(13, 8)
    16
    """
    return -(-size // multiple) * multiple
