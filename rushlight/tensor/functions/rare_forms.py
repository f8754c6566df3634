"""``torch.put``, ``torch.range``, ``torch.fill_`` and other functions that are mostly methods."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.base.dtype import bool_, get_default_dtype, int32, int64
from rushlight.base.dtype import dtype as DType
from rushlight.base.shape import normalize_dim
from rushlight.base.warn import warn
from rushlight.tensor.from_data import from_numpy
from rushlight.tensor.functions import dropout as drops
from rushlight.tensor.functions.grid import affine_grid, grid_sample
from rushlight.tensor.functions.linalg import norms
from rushlight.tensor.functions.padding import shrink_rows
from rushlight.tensor.functions.register import public, torch_form
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public()
def put(input: Tensor, index: Tensor, source: Tensor, accumulate: bool = False) -> Tensor:
    """``input`` with ``source`` at the places ``index`` of its elements in row-major order."""
    made: Tensor = input.clone().put_(index, source, accumulate)
    return made


@public()
def range(
    start: Any = 0, end: Any = None, step: Any = 1, *, out: Any = None,
    dtype: DType | None = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """``start``, ``start + step`` and so on, ``end`` included: the older ``arange``, in floats."""
    warn(
        "torch.range is deprecated and will be removed in a future release because its behavior is "
        "inconsistent with Python's range builtin. Instead, use torch.arange, which produces "
        "values in [start, end)."
    )
    if end is None:
        raise TypeError('range() missing 1 required positional arguments: "end"')
    if step == 0:
        raise RuntimeError("step must be nonzero")
    if (end - start) * step < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    kind = dtype or (get_default_dtype() if out is None else out.dtype)
    steps = np.arange(math.floor((end - start) / step) + 1)
    made: Tensor = from_numpy((start + step * steps).astype(kind.np))
    if out is not None:
        return write_out("range", out, made)
    return made.requires_grad_(requires_grad)  # type: ignore[attr-defined, no-any-return]


@public()
def detach(input: Tensor) -> Tensor:
    """``input`` outside the graph, on the same memory."""
    made: Tensor = input.detach()
    return made


@torch_form
def fill_(input: Tensor, value: Any) -> Tensor:
    """``value`` written everywhere into ``input``."""
    made: Tensor = input.fill_(value)
    return made


@torch_form
def zero_(input: Tensor) -> Tensor:
    """0 written everywhere into ``input``."""
    made: Tensor = input.zero_()
    return made


@torch_form
def embedding_renorm_(input: Tensor, indices: Tensor, max_norm: float, norm_type: float) -> Tensor:
    """Rows of ``input`` (V, D) at ``indices`` that are longer than ``max_norm``, scaled to it."""
    input._writable("embedding_renorm_")
    if indices.dtype not in (int32, int64):
        raise RuntimeError(
            "embedding_renorm_: indices must be torch.int64 or torch.int32, but got "
            f"{indices.dtype}"
        )
    if input.ndim != 2:
        raise RuntimeError(
            f"embedding_renorm_: input must have 2 axes, (V, D), but has {input.ndim}"
        )
    shrink_rows(indices, input, max_norm, norm_type)
    return input


@torch_form
def resize_as_(input: Tensor, the_template: Tensor, *, memory_format: Any = None) -> Tensor:
    """``input`` resized, in place, to the shape of ``the_template``."""
    made: Tensor = input.resize_(the_template.shape, memory_format=memory_format)
    return made


@public()
def get_device(input: Tensor) -> int:
    """The number of the device: -1, the CPU."""
    return -1


@public()
def is_signed(input: Tensor) -> bool:
    """Whether the dtype has negative numbers."""
    return input.dtype.is_signed


@public()
def is_distributed(input: Tensor) -> bool:
    """False."""
    return False


@public()
def slice_copy(
    input: Tensor, dim: int = 0, start: int | None = None, end: int | None = None, step: int = 1
) -> Tensor:
    """``input[start:end:step]`` along ``dim``, copied."""
    axis = normalize_dim(dim, input.ndim)
    made: Tensor = input[(slice(None),) * axis + (slice(start, end, step),)].clone()
    return made


@public()
def vander(x: Tensor, N: int | None = None, increasing: bool = False) -> Tensor:
    """The powers of x, from N - 1 down to 0 (or up): (n) -> (n, N). N: n unless given."""
    if x.ndim != 1:
        raise RuntimeError("x must be a one-dimensional tensor.")
    count = x.shape[0] if N is None else N
    if count < 0:
        raise RuntimeError("N must be non-negative.")
    wide = x.long() if x.dtype is bool_ or not x.dtype.is_signed else x
    ones = function("fill")(x.new_empty((x.shape[0], min(count, 1)), dtype=wide.dtype), 1)
    if count > 1:
        powers = wide.unsqueeze(-1).expand(x.shape[0], count - 1).cumprod(-1)
        ones = function("cat")((ones, powers), -1)
    made: Tensor = ones if increasing else ones.flip(-1)
    return made


@public(out=True)
def nuclear_norm(input: Tensor, dim: Any = (-2, -1), keepdim: bool = False) -> Tensor:
    """The sum of the singular values of each matrix."""
    return norms.matrix_norm(input, "nuc", dim, keepdim)


@torch_form
def feature_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``feature_dropout``, written into its input."""
    made: Tensor = input.copy_(drops.feature_dropout(input, p, train))
    return made


@torch_form
def feature_alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``feature_alpha_dropout``, written into its input."""
    return drops.feature_alpha_dropout(input, p, train, inplace=True)


@public()
def native_dropout(input: Tensor, p: float, train: bool | None) -> tuple[Tensor, Tensor]:
    """``dropout`` and its mask: True where an element was kept."""
    ones = function("fill")(input.detach(), 1)
    kept = drops.dropout(ones, p, train is not False)
    return input * kept, kept != 0


@public(out=True)
def frobenius_norm(input: Tensor, dim: Any, keepdim: bool = False) -> Tensor:
    """The root of the sum of squares over ``dim``."""
    return norms.vector_norm(input, 2, dim, keepdim)


_INTERPOLATION = ("bilinear", "nearest", "bicubic")
_PADDING = ("zeros", "border", "reflection")


@public()
def grid_sampler(
    input: Tensor, grid: Tensor, interpolation_mode: int, padding_mode: int, align_corners: bool
) -> Tensor:
    """``F.grid_sample`` with its modes as numbers."""
    mode, padding = _INTERPOLATION[interpolation_mode], _PADDING[padding_mode]
    return grid_sample(input, grid, mode, padding, align_corners)


@public()
def affine_grid_generator(theta: Tensor, size: Sequence[int], align_corners: bool) -> Tensor:
    """``F.affine_grid``."""
    return affine_grid(theta, size, align_corners)


@public()
def convolution(
    input: Tensor, weight: Tensor, bias: Tensor | None, stride: Sequence[int],
    padding: Sequence[int], dilation: Sequence[int], transposed: bool,
    output_padding: Sequence[int], groups: int,
) -> Tensor:  # fmt: skip
    """Any convolution, transposed or not, of as many axes as the sizes given."""
    name = f"conv{'_transpose' if transposed else ''}{len(stride)}d"
    sizes = [tuple(each) for each in (stride, padding, dilation, output_padding)]
    if transposed:
        order = (sizes[0], sizes[1], sizes[3], groups, sizes[2])
    else:
        order = (sizes[0], sizes[1], sizes[2], groups)  # type: ignore[assignment]
    made: Tensor = function(name)(input, weight, bias, *order)
    return made


@public()
def cond(
    pred: Any, true_fn: Callable[..., Any], false_fn: Callable[..., Any], operands: Any = ()
) -> Any:
    """``true_fn(*operands)`` where ``pred`` is true, else ``false_fn(*operands)``."""
    return (true_fn if bool(pred) else false_fn)(*operands)


@public()
def while_loop(
    cond_fn: Callable[..., Any], body_fn: Callable[..., Any], carried_inputs: Any
) -> tuple[Any, ...]:
    """``body_fn(*carried)`` again and again while ``cond_fn(*carried)`` is true."""
    carried = tuple(carried_inputs)
    while bool(cond_fn(*carried)):
        carried = tuple(body_fn(*carried))
    return carried
