"""Random tensors: PyTorch's CPU streams, drawn on the host when the call is made.

The mt19937 stream is sequential, so the numbers are made at once and enter the trace as data; a
plan never holds any of them. ``manual_seed(s)`` gives the numbers PyTorch gives.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.limits import DIGITS, finfo
from rushlight.base.shape import broadcast_shapes
from rushlight.base.warn import warn
from rushlight.engine.trace import local
from rushlight.engine.value import concrete
from rushlight.ops.arrangement import inverse, order_of
from rushlight.ops.layout import Layout
from rushlight.ops.legacy_names import c_name
from rushlight.ops.view.sizes import one_size, whole_sizes
from rushlight.runtime.buffer import Buffer
from rushlight.tensor import random_complex as complexes
from rushlight.tensor.argument_kinds import asks, is_whole, require_tensor
from rushlight.tensor.arithmetic_now import computed
from rushlight.tensor.arrange import relaid
from rushlight.tensor.device import require_cpu
from rushlight.tensor.dtype_argument import takes_dtype
from rushlight.tensor.generator import Generator, source_of
from rushlight.tensor.kinds import convert
from rushlight.tensor.memory_format import laid_out, require_format, strides_in
from rushlight.tensor.out import write_out
from rushlight.tensor.random_complex import fractional_kind, real_kind
from rushlight.tensor.random_samples import for_each, per_sample
from rushlight.tensor.tensor import Tensor, mark_made
from rushlight.tensor.wrap import function


def shape_of(size: tuple[Any, ...], who: str = "empty") -> tuple[int, ...]:
    shape = whole_sizes(who, size)
    if shape and min(shape) < 0:
        raise RuntimeError(
            f"Trying to create tensor with negative dimension {min(shape)}: {list(shape)}"
        )
    return shape


def _made(array: np.ndarray[Any, Any], shape: tuple[int, ...], requires_grad: bool) -> Tensor:
    kind = dtypes.from_numpy(array.dtype)
    tensor = Tensor._of(mark_made(concrete(Buffer.copying(array), shape, kind)))
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def _drawn_for(
    out: Tensor, shape: tuple[int, ...], draw: Callable[..., Any], kind: DType,
    generator: Generator | None,
) -> Tensor:  # fmt: skip
    """What ``draw`` puts into ``out``: in the order of its memory, where it keeps its strides."""
    source, count = source_of(generator), math.prod(shape)
    if tuple(out.shape) != shape or out._current_layout().contiguous:
        return _made(draw(source, count, kind), shape, False)
    # Normals are drawn one by one into what is not row-major, in blocks into what is.
    singly = {} if draw is complexes.uniform else {"contiguous": False}
    return Tensor._from_array(laid_out(out, draw(source, count, kind, **singly)))


def _sampler(name: str, kernel: str, draw: Callable[[Generator, int, Any], Any], doc: str) -> Any:
    def sample(
        *sizes: Any, size: Any = None, generator: Generator | None = None,
        out: Tensor | None = None, dtype: DType | None = None, layout: Any = None,
        device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        require_cpu(device)
        shape, kind = (
            shape_of(one_size(name, sizes, size), name),
            fractional_kind(dtype or (out.dtype if out is not None else None), kernel),
        )
        if local.trace.abstract:
            return per_sample(
                lambda batch: sample(*batch, *shape, generator=generator, dtype=kind)
            ).requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
        if out is not None:
            return write_out(name, out, _drawn_for(out, shape, draw, kind, generator))
        array = draw(source_of(generator), math.prod(shape), kind)
        return _made(array, shape, requires_grad)

    sample.__name__ = sample.__qualname__ = name
    sample.__doc__ = doc
    return takes_dtype(sample)


rand = _sampler("rand", "check_uniform_bounds", complexes.uniform, "Uniform numbers in [0, 1).")
randn = _sampler("randn", "normal_kernel_cpu", complexes.normal, "Normal numbers, mean 0, std 1.")


@lru_cache(maxsize=16)
def _reach(kind: DType) -> tuple[float, float]:
    """The smallest and the largest whole number of a dtype."""
    if kind.is_floating_point:
        return -finfo(kind).max, finfo(kind).max
    if kind is dtypes.bool_:
        return 0, 1
    limits = np.iinfo(kind.np)
    return int(limits.min), int(limits.max)


def _require_range(low: int, high: int | None, kind: DType) -> None:
    """RuntimeError where [low, high) is empty or holds a number beyond the dtype."""
    if high is not None and low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    ends = (("from", low),) if high is None else (("from", low), ("to - 1", high - 1))
    smallest, largest = _reach(kind)
    for name, bound in ends:
        if not smallest <= bound <= largest:
            raise RuntimeError(f"{name} is out of bounds for {c_name(kind)}")
        if kind.is_floating_point:
            digits = DIGITS[kind.name]
            if abs(bound) > 2**digits:
                word = c_name(kind)
                warn(
                    f"{name} is out of bounds [-(2^{digits}), 2^{digits}]. Due to precision "
                    f"limitations {word} can support discrete uniform distribution only within "
                    "this range. This warning will become an error in version 1.7 release, please "
                    "fix the code in advance",
                )


def _representable(low: int, high: int, kind: DType) -> tuple[int, int]:
    """Bounds that rounding to a floating dtype does not push outside of [low, high)."""
    digits = DIGITS[kind.name]
    after = int(kind.np.type(low + 1))
    if after < low:
        low = after + (1 << (abs(low + 1).bit_length() - digits))
    if int(kind.np.type(high - 1)) >= high:
        high -= 1 << (abs(high - 1).bit_length() - digits)
    return low, high


def whole_numbers(
    source: Generator, count: int, kind: DType, low: int, high: int | None
) -> np.ndarray[Any, Any]:
    """Whole numbers in [low, high), or up to the largest the dtype counts to."""
    _require_range(low, high, kind)
    if kind.is_floating_point and high is not None:
        low, high = _representable(low, high, kind)
    return source.random_integers(count, kind.np, low, high)


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
    kind = dtype or dtypes.int64
    shape = shape_of((size,))
    if local.trace.abstract:
        return per_sample(
            lambda sizes: randint(low, high, (*sizes, *shape), generator=generator, dtype=kind)
        )
    array = whole_numbers(source_of(generator), math.prod(shape), kind, int(low), int(high))
    made = _made(array, shape, requires_grad)
    return made if out is None else write_out("randint", out, made)


@takes_dtype
def randperm(
    n: int, *, generator: Generator | None = None, out: Tensor | None = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """0 to n - 1 in random order (int64)."""
    require_cpu(device)
    if n < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {n}: [{n}]")
    if local.trace.abstract:
        return per_sample(
            lambda sizes: for_each(sizes, lambda: randperm(n, generator=generator, dtype=dtype))
        )
    array = source_of(generator).permutation(n).astype((dtype or dtypes.int64).np)
    made = _made(array, (n,), requires_grad)
    return made if out is None else write_out("randperm", out, made)


def _like_input(
    input: Tensor, drawn: np.ndarray[Any, Any], requires_grad: bool, wanted: Any
) -> Tensor:
    """Numbers drawn one after another as a tensor like ``input``, in the order of its memory."""
    require_format("like", wanted)
    shape = tuple(input.shape)
    strides = strides_in(input._current_layout(), wanted)
    if strides is None:
        return _made(drawn, shape, requires_grad)
    order = order_of(strides)
    moved = drawn.reshape([shape[axis] for axis in order]).transpose(inverse(order))
    made = relaid(_made(np.ascontiguousarray(moved), shape, False), strides)
    if requires_grad:
        made.requires_grad = True
    return made


def _like(make: Any, name: str) -> Any:
    def like(
        input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
    ) -> Tensor:  # fmt: skip
        require_tensor(name, input)
        drawn: Tensor = make(
            tuple(input.shape), dtype=dtype or input.dtype, device=device, generator=generator
        )  # fmt: skip
        if local.trace.abstract:
            return drawn.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
        return _like_input(input, drawn._array(), requires_grad, memory_format)

    like.__name__ = like.__qualname__ = name
    like.__doc__ = f"{make.__name__} with the shape and dtype of ``input``."
    return takes_dtype(like)


rand_like, _plain_randn_like = _like(rand, "rand_like"), _like(randn, "randn_like")


@takes_dtype
def randn_like(
    input: Tensor, *, dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None, generator: Generator | None = None,
) -> Tensor:  # fmt: skip
    """randn with the shape and dtype of ``input``."""
    require_tensor("randn_like", input)
    require_format("randn_like", memory_format)
    strides = strides_in(input._current_layout(), memory_format)
    if strides is None or Layout(input.shape, strides, 0).contiguous or local.trace.abstract:
        made: Tensor = _plain_randn_like(
            input, dtype=dtype, device=device, requires_grad=requires_grad, generator=generator
        )
        return made
    require_cpu(device)
    kind = fractional_kind(dtype or input.dtype, "normal_kernel_cpu")
    # A result that does not lie row-major is filled one number at a time, not in blocks.
    count = input._value.meta.numel
    drawn = complexes.normal(source_of(generator), count, kind, contiguous=False)
    return _like_input(input, drawn, requires_grad, memory_format)


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
    drawn = randint(low, high, tuple(input.shape), dtype=dtype or input.dtype, device=device)
    if local.trace.abstract:
        return drawn.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]
    return _like_input(input, drawn._array(), requires_grad, memory_format)


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
            noise = _drawn_for(out, shape, complexes.normal, kind, generator)
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
    draw = partial(complexes.normal, mean=float(mean), std=float(std))
    if out is not None:
        return write_out("randn", out, _drawn_for(out, shape, draw, kind, generator))
    return _made(draw(source_of(generator), math.prod(shape), kind), shape, requires_grad)


def _known_draw(noise: Tensor, std: Any, mean: Any) -> Tensor | None:
    """noise * std + mean of one number, at once where all is known: a reward, say."""
    if noise._value.meta.numel != 1:
        return None
    wide = computed(operator.mul, noise, std)
    return None if wide is None else computed(operator.add, wide, mean)


def require_chance(who: str, p: float) -> None:
    if not 0 <= p <= 1:
        raise RuntimeError(f"{who} expects p to be in [0, 1], but got p={p:g}")


def chances_of(p: Tensor, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """The probabilities for tensors of ``shape``. RuntimeError where one is none."""
    array = p._array()
    flat = (array if array.shape == shape else np.broadcast_to(array, shape)).reshape(-1)
    if not ((flat >= 0) & (flat <= 1)).all():
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    return np.ascontiguousarray(flat)


@asks
def bernoulli(
    input: Tensor, p: float | None = None, *, generator: Generator | None = None,
    out: Tensor | None = None,
) -> Tensor:  # fmt: skip
    """1 with the probability each element says (or ``p``), else 0."""
    kind = input.dtype
    if local.trace.abstract:
        return _bernoulli_of_sample(input, p, generator)
    source = source_of(generator)
    if p is not None:
        require_chance("bernoulli_", p)
        drawn = source.bernoulli(input._value.meta.numel, float(p))
    else:
        real_kind(kind, "bernoulli_tensor_cpu_p_")
        drawn = source.bernoulli_each(chances_of(input, tuple(input.shape)))
    made = _made(drawn.astype(kind.np), tuple(input.shape), False)
    if out is not None:
        return write_out("bernoulli", out, made)
    if input._edge is None or p is not None or not local.trace.grad:
        return made
    result: Tensor = function("_in_place_of")(input, made, "Bernoulli")
    return result


def _bernoulli_of_sample(
    input: Tensor, p: float | None, generator: Generator | None
) -> Tensor:  # fmt: skip
    """``bernoulli`` under ``vmap``, where the chances are not known yet."""
    shape = tuple(input.shape)
    if p is not None:
        kind = input.dtype
        chance = p
        return per_sample(
            lambda sizes: Tensor._from_array(
                source_of(generator)
                .bernoulli(math.prod((*sizes, *shape)), chance)
                .astype(kind.np)
                .reshape((*sizes, *shape))
            )
        )
    wide = dtypes.float64 if input.dtype is dtypes.float64 else dtypes.float32
    uniform = per_sample(lambda sizes: rand(*sizes, *shape, generator=generator, dtype=wide))
    return convert(uniform < input, input.dtype)  # type: ignore[operator, no-any-return]
