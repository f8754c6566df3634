"""torch.nn.functional's maximum pools with ``return_indices``, and p-norm pools."""

from __future__ import annotations

import math
from typing import Any

from rushlight.tensor.functions.register import public, torch_form
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def _max_pool(rank: int) -> Any:
    plain, both = map(function, (f"_max_pool{rank}d", f"max_pool{rank}d_with_indices"))

    def pool(
        input: Tensor, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1,
        ceil_mode: bool = False, return_indices: bool = False,
    ) -> Any:  # fmt: skip
        pooled = both if return_indices else plain
        return pooled(input, kernel_size, stride, padding, dilation, ceil_mode)

    pool.__name__ = pool.__qualname__ = f"max_pool{rank}d"
    pool.__doc__ = (
        f"The largest in each window of the last {rank} axes; ``return_indices``: and its place in "
        "the flattened plane."
    )
    return public(functional=True, asks=False)(pool)


max_pool1d, max_pool2d, max_pool3d = map(_max_pool, (1, 2, 3))


def _adaptive_max_pool(rank: int) -> Any:
    name = f"adaptive_max_pool{rank}d"

    def pool(input: Tensor, output_size: Any, return_indices: bool = False) -> Any:
        if not return_indices:
            return function(f"_{name}")(input, output_size)
        return function(f"{name}_with_indices")(input, output_size)

    pool.__name__ = pool.__qualname__ = name
    pool.__doc__ = "The largest of each of output_size bins an axis; None keeps an axis as it is."
    return public(torch=False, functional=True)(pool)


adaptive_max_pool1d, adaptive_max_pool2d, adaptive_max_pool3d = map(_adaptive_max_pool, (1, 2, 3))


def _both(input: Tensor, output_size: Any) -> tuple[Tensor, Tensor]:
    """(values, places): ``F.adaptive_max_pool1d_with_indices``."""
    return function("adaptive_max_pool1d_with_indices")(input, output_size)  # type: ignore[no-any-return]


_both.__name__ = "adaptive_max_pool1d"
torch_form(_both)


def _lp_pool(rank: int) -> Any:
    def pool(
        input: Tensor, norm_type: float, kernel_size: Any, stride: Any = None,
        ceil_mode: bool = False,
    ) -> Tensor:  # fmt: skip
        taps = (kernel_size,) * rank if isinstance(kernel_size, int) else tuple(kernel_size)
        powers = function("pow")(input, norm_type)
        mean: Any = function(f"avg_pool{rank}d")(powers, kernel_size, stride, 0, ceil_mode)
        total = function("sign")(mean) * function("relu")(function("abs")(mean)) * math.prod(taps)
        out: Tensor = function("pow")(total, 1.0 / norm_type)
        return out

    pool.__name__ = pool.__qualname__ = f"lp_pool{rank}d"
    pool.__doc__ = "The p-norm of each window."
    return public(torch=False, functional=True)(pool)


lp_pool1d, lp_pool2d, lp_pool3d = map(_lp_pool, (1, 2, 3))
