"""torch.nn.functional's inverse maximum pools, and pools over windows at random places."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import int64
from rushlight.ops.legacy_names import legacy_name
from rushlight.tensor.functions.register import public
from rushlight.tensor.random import rand
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _spread(value: Any, rank: int) -> tuple[int, ...]:
    return (int(value),) * rank if isinstance(value, (int, float)) else tuple(value)


# Unpooling


def _unpooled_size(
    input: Tensor, rank: int, window: tuple[int, ...], step: tuple[int, ...],
    padding: tuple[int, ...], output_size: Any,
) -> tuple[int, ...]:  # fmt: skip
    usual = tuple(
        (size - 1) * s + w - 2 * p
        for size, s, w, p in zip(input.shape[-rank:], step, window, padding, strict=True)
    )
    if output_size is None:
        return usual
    wanted = tuple(int(each) for each in output_size)
    if len(wanted) == rank + 2:
        wanted = wanted[2:]
    if len(wanted) != rank:
        raise ValueError(
            f"output_size should be a sequence containing {rank} or {rank + 2} elements, but it "
            f"has a length of '{len(wanted)}'"
        )
    for axis, (size, least, s) in enumerate(zip(wanted, usual, step, strict=True)):
        if not least - s < size < least + s:
            raise ValueError(
                f'invalid output_size "{wanted}" (dim {axis} must be between {least - s} and '
                f"{least + s})"
            )
    return wanted


def _max_unpool(rank: int) -> Any:
    name = f"max_unpool{rank}d"

    def unpool(
        input: Tensor, indices: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0,
        output_size: Any = None,
    ) -> Tensor:  # fmt: skip
        window = _spread(kernel_size, rank)
        step = window if stride is None else _spread(stride, rank)
        if input.ndim < rank:
            raise IndexError("tuple index out of range")
        if input.ndim not in (rank + 1, rank + 2):
            raise RuntimeError(
                f"Input to max_unpooling{rank}d should be a {rank + 1}d or {rank + 2}d Tensor, but "
                f"got a tensor with {input.ndim} dimensions."
            )
        if indices.dtype is not int64:
            raise RuntimeError(
                f"elements in indices should be type int64 but got: {legacy_name(indices.dtype)}"
            )
        if indices.shape != input.shape:
            raise RuntimeError(
                "Expected shape of indices to be same as that of the input tensor "
                f"({list(input.shape)}) but got indices tensor with shape: {list(indices.shape)}"
            )
        if 0 in input.shape[input.ndim - rank - 1 :]:
            raise RuntimeError(
                f"{name}(): Expected input to have non-zero size for non-batch dimensions, but got "
                f"{list(input.shape)}"
            )
        size = _unpooled_size(input, rank, window, step, _spread(padding, rank), output_size)
        out: Tensor = function("_max_unpool")(input, indices, size)
        return out

    unpool.__name__ = unpool.__qualname__ = name
    unpool.__doc__ = f"What max_pool{rank}d kept, written back at ``indices``; zeros elsewhere."
    return public(torch=False, functional=True)(unpool)


max_unpool1d, max_unpool2d, max_unpool3d = map(_max_unpool, (1, 2, 3))


# Fractional pooling

_AXES = {2: ("height", "width"), 3: ("time", "height", "width")}


def _fractional_size(
    who: str, input: Tensor, rank: int, output_size: Any, output_ratio: Any
) -> tuple[int, ...]:
    if output_size is None and output_ratio is None:
        raise ValueError(f"{who} requires specifying either an output_size or an output_ratio")
    if output_size is not None:
        return _spread(output_size, rank)
    ratios = (output_ratio,) * rank if isinstance(output_ratio, float) else tuple(output_ratio)
    return tuple(int(size * ratio) for size, ratio in zip(input.shape[-rank:], ratios, strict=True))


def _fractional(
    rank: int, input: Tensor, kernel_size: Any, output_size: Any, output_ratio: Any, samples: Any
) -> tuple[Tensor, Tensor]:
    who = f"fractional_max_pool{rank}d"
    window = _spread(kernel_size, rank)
    if input.ndim not in (rank + 1, rank + 2):
        # Of too few axes PyTorch's sizes are out of range, of too many the kernel has no loop.
        wrong = IndexError if input.ndim <= rank else RuntimeError
        raise wrong(
            f"{who}(): Expected {rank + 1}D or {rank + 2}D tensor, but got: {list(input.shape)}"
        )
    size = _fractional_size(who, input, rank, output_size, output_ratio)
    for axis, extent, taps, count in zip(
        _AXES[rank], input.shape[-rank:], window, size, strict=True
    ):
        # Over three axes the windows must leave one place free, as PyTorch has it.
        if count + taps - 1 > extent - (rank == 3):
            raise RuntimeError(
                f"{who}(): pool {axis} {taps} too large relative to input {axis} {extent}"
            )
    batched = input.ndim == rank + 2
    x = input if batched else function("unsqueeze")(input, 0)
    if samples is None:
        samples = rand(*x.shape[:2], rank, dtype=input.dtype)
    # The columns of an image's samples stand for W, H; those of a volume's for D, H, W.
    order = (1, 0) if rank == 2 else (0, 1, 2)
    draws = [function("select")(samples, 2, place).reshape(-1) for place in order]
    values, places = function("_fractional_max_pool")(x, window, size, draws)
    if batched:
        return values, places
    squeeze = function("squeeze")
    return squeeze(values, 0), squeeze(places, 0)


def _fractional_max_pool(rank: int) -> Any:
    name = f"fractional_max_pool{rank}d"

    def pool(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        found = _fractional(rank, input, kernel_size, output_size, output_ratio, _random_samples)
        return found if return_indices else found[0]

    def both(
        input: Tensor, kernel_size: Any, output_size: Any = None, output_ratio: Any = None,
        return_indices: bool = False, _random_samples: Tensor | None = None,
    ) -> Any:  # fmt: skip
        return _fractional(rank, input, kernel_size, output_size, output_ratio, _random_samples)

    pool.__name__ = pool.__qualname__ = name
    both.__name__ = both.__qualname__ = f"{name}_with_indices"
    pool.__doc__ = "The largest of windows at random places; ``return_indices``: and their places."
    both.__doc__ = "(the largest of windows at random places, their places)."
    public(torch=False, functional=True)(both)
    return public(torch=False, functional=True)(pool)


fractional_max_pool2d, fractional_max_pool3d = map(_fractional_max_pool, (2, 3))
