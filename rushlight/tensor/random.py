"""Random tensors: PyTorch's CPU streams, drawn on the host when the call is made.

The mt19937 stream is sequential, so the numbers are made at once and enter the trace as data; a
plan never holds any of them. ``manual_seed(s)`` gives the numbers PyTorch gives.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.limits import DIGITS
from rushlight.base.shape import broadcast_shapes
from rushlight.engine.trace import local
from rushlight.ops.arrangement import inverse, order_of
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import legacy_name
from rushlight.ops.view.sizes import one_size, whole_sizes
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import drawing
from rushlight.tensor.argument_kinds import asks, is_whole, require_tensor
from rushlight.tensor.arithmetic_now import computed
from rushlight.tensor.arrange import relaid
from rushlight.tensor.device import require_cpu
from rushlight.tensor.drawing import fractional_kind, made_as, made_of, require_real
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.memory_format import require_format, strides_in
from rushlight.tensor.out import write_out
from rushlight.tensor.random_samples import for_each, per_sample
from rushlight.tensor.random_whole import whole_numbers
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def shape_of(size: tuple[Any, ...], who: str = "empty") -> tuple[int, ...]:
    shape = whole_sizes(who, size)
    if shape and min(shape) < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def _wanting(made: Tensor, requires_grad: bool) -> Tensor:
    if requires_grad:
        made.requires_grad = True
    return made


def _drawn_for(
    out: Tensor, shape: tuple[int, ...], draw: Callable[..., Buffer], kind: DType,
    generator: Generator | None,
) -> Tensor:  # fmt: skip
    """What ``draw`` puts into ``out``: in the order of its memory, where it keeps its strides."""
    source, count = source_of(generator), math.prod(shape)
    if tuple(out.shape) != shape or out._current_layout().contiguous:
        return made_of(draw(source, count, kind), kind, shape)
    # Normals are drawn one by one into what is not row-major, in blocks into what is.
    singly = {} if draw is drawing.uniform else {"contiguous": False}
    return made_as(out, draw(source, count, kind, **singly), kind)


def _sampler(name: str, kernel: str, draw: Callable[..., Buffer], doc: str) -> Any:
    def sample(
        *sizes: Any, size: Any = None, generator: Generator | None = None,
        out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        require_cpu(device)
        shape = shape_of(one_size(name, sizes, size), name)
        kind = fractional_kind(dtype or (out.dtype if out is not None else None), kernel)
        if local.trace.abstract:
            return per_sample(
                lambda batch: sample(*batch, *shape, generator=generator, dtype=kind)
            ).requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
        if out is not None:
            return write_out(name, out, _drawn_for(out, shape, draw, kind, generator))
        memory = draw(source_of(generator), math.prod(shape), kind)
        return _wanting(made_of(memory, kind, shape), requires_grad)

    sample.__name__ = sample.__qualname__ = name
    sample.__doc__ = doc
    return takes_dtype(sample)


rand = _sampler("rand", "check_uniform_bounds", drawing.uniform, "Uniform numbers in [0, 1).")
randn = _sampler("randn", "normal_kernel_cpu", drawing.normal, "Normal numbers, mean 0, std 1.")


@takes_dtype
def randint(
    low: Any = None, high: Any = None, size: Any = None, *, generator: Generator | None = None,
    out: Tensor | None = None, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers in [low, high) (int64); ``randint(high, size)`` starts at 0."""
    require_cpu(device)
    if size is None:
        if not isinstance(high, (tuple, list)):
            raise TypeError("randint() received an invalid combination of arguments: needs a size")
        low, high, size = 0, low, high
    if high is None:  # randint(10, size=(2, 3))
        low, high = None, low
    if high is None:
        raise TypeError('randint() missing 1 required positional arguments: "high"')
    low = 0 if low is None else low
    for name, bound in (("low", low), ("high", high)):
        if not is_whole(bound):
            raise TypeError(f"randint(): argument '{name}' must be int, not {type(bound).__name__}")
    kind = dtype or (dtypes.int64 if out is None else out.dtype)
    shape = shape_of((size,))
    if local.trace.abstract:
        return per_sample(
            lambda sizes: randint(low, high, (*sizes, *shape), generator=generator, dtype=kind)
        )
    memory = whole_numbers(source_of(generator), math.prod(shape), kind, int(low), int(high))
    made = _wanting(made_of(memory, kind, shape), requires_grad)
    return made if out is None else write_out("randint", out, made)


@takes_dtype
def randperm(
    n: int, *, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """0 to n - 1 in random order (int64)."""
    require_cpu(device)
    if not is_whole(n):
        raise TypeError(
            f"randperm(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    n = int(n)  # of a tensor its number
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    kind = dtype or dtypes.int64
    require_real(kind, "randperm")
    # PyTorch does not look at bfloat16, where most numbers come several times.
    limited = kind.is_floating_point and kind is not dtypes.bfloat16
    most = 2 ** DIGITS[kind.name] + 1 if limited else n
    if n > most:
        raise RuntimeError(f"n cannot be greater than {most} for {legacy_name(kind)} type.")
    if local.trace.abstract:
        return per_sample(
            lambda sizes: for_each(sizes, lambda: randperm(n, generator=generator, dtype=dtype))
        )
    memory = Buffer(8 * n)
    source_of(generator).permutation_into(memory.address, n)
    if kind is not dtypes.int64:
        memory = Buffer.copying(memory.array(np.dtype(np.int64), (n,)).astype(kind.np))
    made = _wanting(made_of(memory, kind, (n,)), requires_grad)
    return made if out is None else write_out("randperm", out, made)


def _like(make: Any, kernel: str, draw: Callable[..., Buffer]) -> Any:
    who = f"{make.__name__}_like"

    def like(
        input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
    ) -> Tensor:  # fmt: skip
        require_tensor(who, input)
        require_format(who, memory_format)
        kind = fractional_kind(dtype or input.dtype, kernel)
        if local.trace.abstract:
            drawn: Tensor = make(
                tuple(input.shape), dtype=kind, device=device, generator=generator
            )  # fmt: skip
            return drawn.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
        require_cpu(device)
        meta, lies = input._value.meta, input._current_layout()
        strides = strides_in(lies, memory_format) if memory_format or not lies.contiguous else None
        # Normals that do not lie row-major are drawn one at a time, not in blocks.
        singly = {}
        if strides is not None and draw is drawing.normal:
            singly = {"contiguous": Layout(meta.shape, strides, 0).contiguous}
        memory = draw(source_of(generator), meta.numel, kind, **singly)
        return _wanting(_lying_so(memory, kind, meta.shape, strides), requires_grad)

    like.__name__ = like.__qualname__ = who
    like.__doc__ = f"{make.__name__} with the shape and dtype of ``input``."
    return takes_dtype(like)


def _lying_so(
    memory: Buffer, kind: DType, shape: tuple[int, ...], strides: tuple[int, ...] | None
) -> Tensor:
    """Numbers drawn one after another as a tensor that lies in memory with ``strides`` (None:
    row-major), in the order of that memory."""
    if strides is None:
        return made_of(memory, kind, shape)
    order = order_of(strides)
    drawn = memory.array(kind.np, tuple(shape[axis] for axis in order))
    return relaid(Tensor._from_array(drawn.transpose(inverse(order))), strides)


rand_like = _like(rand, "check_uniform_bounds", drawing.uniform)
randn_like = _like(randn, "normal_kernel_cpu", drawing.normal)


@takes_dtype
def randint_like(
    input: Tensor, low: int | None = None, high: int | None = None, *,
    dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """randint with the shape and dtype of ``input``; one number is ``high``."""
    require_tensor("randint_like", input)
    if low is None:
        if high is None:
            raise TypeError("randint_like() needs high, or low and high")
        low = 0
    if high is None:
        low, high = 0, low
    require_format("randint_like", memory_format)
    drawn = randint(low, high, tuple(input.shape), dtype=dtype or input.dtype, device=device)
    if local.trace.abstract:
        return drawn.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
    strides = strides_in(input._current_layout(), memory_format)
    if strides is None:
        return _wanting(drawn, requires_grad)
    memory = drawn._read_value().buffer
    assert memory is not None
    made = _lying_so(memory, drawn.dtype, input._value.meta.shape, strides)
    return _wanting(made, requires_grad)


@takes_dtype
@asks
def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Tensor | None = None, dtype: DType | None = None, device: Any = None,
    requires_grad: bool = False, layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers; ``mean`` and ``std`` may be tensors that broadcast."""
    drawn_for_each = isinstance(mean, Tensor) or isinstance(std, Tensor)
    if drawn_for_each and not (size is None and dtype is None):
        raise TypeError("normal(): tensors of means or deviations say what size and dtype there is")
    if not isinstance(std, Tensor) and std < 0:
        raise RuntimeError(f"normal expects std >= 0.0, but found std {std:g}")
    if isinstance(std, Tensor) and std.dtype.is_complex:
        raise RuntimeError("normal expects standard deviation to be non-complex")
    if isinstance(std, Tensor) and not local.trace.abstract:
        one = std._value.meta.numel == 1
        if std.item() < 0 if one else (std._array() < 0).any():
            raise RuntimeError("normal expects all elements of std >= 0.0")
    if drawn_for_each:
        shape = broadcast_shapes(
            mean._value.meta.layout.shape if isinstance(mean, Tensor) else (),
            std._value.meta.layout.shape if isinstance(std, Tensor) else (),
        )
        kind = mean.dtype if isinstance(mean, Tensor) else std.dtype
        if out is not None:
            kind = fractional_kind(out.dtype, "normal_kernel_cpu")
            noise = _drawn_for(out, shape, drawing.normal, kind, generator)
        else:
            noise = randn(shape, generator=generator, dtype=kind)
        made = None if out is not None else _known_draw(noise, std, mean)
        if made is None:
            made = function("_stretched_noise")(noise, std, mean)
        return made if out is None else write_out("normal", out, made)
    shape = shape_of((size,) if not isinstance(size, int) else ((size,),))
    kind = fractional_kind(dtype or (out.dtype if out is not None else None), "normal_kernel_cpu")
    if local.trace.abstract:
        return per_sample(
            lambda sizes: normal(mean, std, (*sizes, *shape), generator=generator, dtype=kind)
        )
    draw = partial(drawing.normal, mean=float(mean), std=float(std))
    if out is not None:
        return write_out("randn", out, _drawn_for(out, shape, draw, kind, generator))
    memory = draw(source_of(generator), math.prod(shape), kind)
    return _wanting(made_of(memory, kind, shape), requires_grad)


def _known_draw(noise: Tensor, std: Any, mean: Any) -> Tensor | None:
    """noise * std + mean of one number, at once where all is known: a reward, say."""
    if noise._value.meta.numel != 1:
        return None
    wide = computed(operator.mul, noise, std)
    return None if wide is None else computed(operator.add, wide, mean)
