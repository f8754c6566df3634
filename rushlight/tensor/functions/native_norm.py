"""torch.native_layer_norm and its kin: normalised values with the statistics they rest on."""

from __future__ import annotations

from typing import Any

from rushlight.tensor.functions.register import public
from rushlight.tensor.kinds import convert
from rushlight.tensor.memory_format import lies_in, suggested_format
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public()
def native_layer_norm(
    input: Tensor, normalized_shape: Any, weight: Tensor | None, bias: Tensor | None, eps: float
) -> tuple[Tensor, Tensor, Tensor]:
    """(layer_norm, mean, 1 / standard deviation); the statistics keep the axes as 1."""
    shape = (normalized_shape,) if isinstance(normalized_shape, int) else tuple(normalized_shape)
    out, mean, spread = function("_layer_norm")(input, shape, weight, bias, eps)
    kept = tuple(input.shape[: input.ndim - len(shape)]) + (1,) * len(shape)
    # As in PyTorch no gradient goes through the statistics of this one.
    told = [_told(each.detach(), input, weight, kept) for each in (mean, spread)]
    return out, told[0], told[1]


def _told(statistic: Tensor, input: Tensor, weight: Tensor | None, shape: Any) -> Tensor:
    """In float32 where halves meet parameters of float32, else in the input's dtype."""
    mixed = weight is not None and weight.dtype is not input.dtype
    made = statistic if mixed else convert(statistic, input.dtype)
    return made.reshape(shape)


@public()
def native_group_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, N: int, C: int, HxW: int,
    group: int, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(group_norm, mean, 1 / standard deviation) of (N, C, *), the statistics (N, group)."""
    layout = input._current_layout()
    if not lies_in(layout, suggested_format(layout)):
        raise RuntimeError(
            "native_group_norm: Expected X.is_contiguous(memory_format) to be true, but got false: "
            f"X has shape {list(input.shape)} and strides {list(layout.strides)}; "
            "X.contiguous() has what it needs"
        )
    out, mean, spread = function("_group_norm")(input, group, weight, bias, eps)
    shape = (N, group)
    return out, _told(mean, input, weight, shape), _told(spread, input, weight, shape)


@public(out=True)
def native_batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float,
) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """(batch_norm, mean, 1 / standard deviation); in training the running statistics move."""
    if not training:
        out = function("_batch_norm_eval")(input, weight, bias, running_mean, running_var, eps)
        none = function("_full")((0,), 0.0, input.dtype)
        return out, none, function("clone")(none)
    results = function("_batch_norm")(
        input, weight, bias, running_mean, running_var, float(momentum), eps
    )
    if running_mean is not None and running_var is not None:
        running_mean._replace_(results[3])  # type: ignore[attr-defined]
        running_var._replace_(results[4])  # type: ignore[attr-defined]
    shape = (input.shape[1],)
    mean, spread = (_told(each.detach(), input, weight, shape) for each in results[1:3])
    return results[0], mean, spread
