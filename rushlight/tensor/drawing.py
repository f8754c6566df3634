"""Random real and complex numbers in memory of their own.

Of complex ones both parts are drawn one after another from the real stream. A normal one has
variance 1 all told, so each part has one half.
"""

from __future__ import annotations

import math

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32, get_default_dtype
from rushlight.engine.value import concrete
from rushlight.runtime.buffer import Buffer
from rushlight.runtime.generator import Generator
from rushlight.tensor.kinds import type_name
from rushlight.tensor.memory_format import laid_out
from rushlight.tensor.tensor import Tensor, mark_made


def real_kind(dtype: DType | None, who: str) -> DType:
    """The floating dtype to draw in. NotImplementedError for any other."""
    kind = dtype or get_default_dtype()
    if not kind.is_floating_point:
        raise NotImplementedError(f"\"{who}\" not implemented for '{type_name(kind)}'")
    return kind


def require_real(kind: DType, who: str) -> None:
    """NotImplementedError for complex numbers."""
    if kind.is_complex:
        raise NotImplementedError(f"\"{who}\" not implemented for '{type_name(kind)}'")


def fractional_kind(dtype: DType | None, who: str) -> DType:
    """The floating or complex dtype to draw in. NotImplementedError for any other."""
    return dtype if dtype is not None and dtype.is_complex else real_kind(dtype, who)


def uniform(
    source: Generator, count: int, kind: DType, low: float = 0.0, high: float = 1.0
) -> Buffer:
    """``count`` numbers, real or with both parts in [low, high)."""
    real = kind
    if kind.is_complex:
        count, real = 2 * count, kind.to_real()
    if real is not float32:
        return Buffer.copying(source.uniform(count, real.np, low, high))
    memory = Buffer(4 * count)
    source.uniform_into(memory.address, count, low, high)
    return memory


def normal(
    source: Generator, count: int, kind: DType, mean: float = 0.0, std: float = 1.0,
    contiguous: bool = True,
) -> Buffer:  # fmt: skip
    """``count`` numbers, real or complex, of variance std**2."""
    real = kind
    if kind.is_complex:
        count, real, std = 2 * count, kind.to_real(), std / math.sqrt(2)
    if real is not float32:
        return Buffer.copying(source.normal(count, real.np, mean, std, contiguous))
    memory = Buffer(4 * count)
    source.normal_into(memory.address, count, mean, std, contiguous)
    return memory


def exponential(source: Generator, count: int, kind: DType, rate: float) -> Buffer:
    """``count`` waiting times."""
    if kind is not float32:
        return Buffer.copying(source.exponential(count, kind.np, rate))
    memory = Buffer(4 * count)
    source.exponential_into(memory.address, count, rate)
    return memory


def made_of(memory: Buffer, kind: DType, shape: tuple[int, ...]) -> Tensor:
    """A new tensor of what was drawn, row-major."""
    return Tensor._of(mark_made(concrete(memory, shape, kind)))


def made_as(tensor: Tensor, memory: Buffer, kind: DType) -> Tensor:
    """What was drawn one after another, in the order in which ``tensor`` lies in memory."""
    if tensor._current_layout().contiguous:
        return made_of(memory, kind, tensor._value.meta.shape)
    drawn = memory.array(kind.np, (tensor._value.meta.numel,))
    return Tensor._from_array(laid_out(tensor, drawn))
