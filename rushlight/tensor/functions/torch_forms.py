"""``torch.dropout``, ``torch.batch_norm`` and others whose arguments stand in another order than in
``torch.nn.functional``; names that are one line of another operation."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import bool_
from rushlight.tensor.functions import dropout as drops
from rushlight.tensor.functions import norm, padding
from rushlight.tensor.functions.activation import into_input
from rushlight.tensor.functions.loss import classification, likelihood
from rushlight.tensor.functions.register import public, torch_form
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

_REDUCTIONS = ("none", "mean", "sum")


@torch_form
def clone(input: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own; gradient flows through."""
    return input.clone(memory_format=memory_format)  # type: ignore[attr-defined, no-any-return]


@torch_form
def dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Each element zeroed with probability p while training, the others divided by 1 - p."""
    return drops.dropout(input, p, train)


@torch_form
def dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``dropout``, written into its input."""
    return drops.dropout(input, p, train, inplace=True)


@torch_form
def alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """Dropout that keeps mean and variance under SELU."""
    return drops.alpha_dropout(input, p, train)


@torch_form
def alpha_dropout_(input: Tensor, p: float, train: bool) -> Tensor:
    """``alpha_dropout``, written into its input."""
    return drops.alpha_dropout(input, p, train, inplace=True)


@torch_form
def feature_alpha_dropout(input: Tensor, p: float, train: bool) -> Tensor:
    """``alpha_dropout`` of whole channels."""
    return drops.feature_alpha_dropout(input, p, train)


@torch_form
def batch_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, training: bool, momentum: float, eps: float, cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """Each channel of (N, C, *) to mean 0, variance 1, times weight plus bias."""
    return norm.batch_norm(input, running_mean, running_var, weight, bias, training, momentum, eps)


@torch_form
def instance_norm(
    input: Tensor, weight: Tensor | None, bias: Tensor | None, running_mean: Tensor | None,
    running_var: Tensor | None, use_input_stats: bool, momentum: float, eps: float,
    cudnn_enabled: bool,
) -> Tensor:  # fmt: skip
    """Each channel of each sample to mean 0, variance 1, times weight plus bias."""
    return norm.instance_norm(
        input, running_mean, running_var, weight, bias, use_input_stats, momentum, eps
    )


@torch_form
def embedding(
    weight: Tensor, indices: Tensor, padding_idx: int = -1, scale_grad_by_freq: bool = False,
    sparse: bool = False,
) -> Tensor:  # fmt: skip
    """Rows of ``weight`` (V, D) by index: (*) -> (*, D)."""
    place = None if padding_idx < 0 else padding_idx
    return padding.embedding(
        indices, weight, place, scale_grad_by_freq=scale_grad_by_freq, sparse=sparse
    )


@torch_form
def binary_cross_entropy_with_logits(
    input: Tensor, target: Tensor, weight: Tensor | None = None, pos_weight: Tensor | None = None,
    reduction: int = 0,
) -> Tensor:  # fmt: skip
    """Binary cross-entropy of sigmoid(input); ``reduction`` 0, 1, 2: none, mean, sum."""
    return classification.binary_cross_entropy_with_logits(
        input, target, weight, reduction=_REDUCTIONS[reduction], pos_weight=pos_weight
    )


@torch_form
def kl_div(
    input: Tensor, target: Tensor, reduction: int = 0, *, log_target: bool = False
) -> Tensor:
    """target * (log target - input); ``reduction`` 0, 1, 2: none, mean, sum."""
    if reduction == 1:
        return likelihood.kl_div(input, target, reduction="none", log_target=log_target).mean()  # type: ignore[attr-defined, no-any-return]
    return likelihood.kl_div(input, target, reduction=_REDUCTIONS[reduction], log_target=log_target)


@torch_form
def celu_(input: Tensor, alpha: float = 1.0) -> Tensor:
    """``celu``, written into its input."""
    return into_input("celu", input, alpha)


@torch_form
def selu_(input: Tensor) -> Tensor:
    """``selu``, written into its input."""
    return into_input("selu", input)


@torch_form
def threshold_(input: Tensor, threshold: float, value: float) -> Tensor:
    """``threshold``, written into its input."""
    return into_input("threshold", input, threshold, value)


@torch_form
def rrelu_(
    input: Tensor, lower: float = 1.0 / 8, upper: float = 1.0 / 3, training: bool = False
) -> Tensor:
    """``rrelu``, written into its input."""
    return drops.rrelu(input, lower, upper, training, inplace=True)


@torch_form
def detach_(input: Tensor) -> Tensor:
    """Cut from the graph."""
    return input.detach_()  # type: ignore[attr-defined, no-any-return]


@torch_form
def as_strided_(input: Tensor, size: Any, stride: Any, storage_offset: Any = None) -> Tensor:
    """The tensor becomes its own ``as_strided``."""
    return input.as_strided_(size, stride, storage_offset)  # type: ignore[attr-defined, no-any-return]


@torch_form
def index_put_(input: Tensor, indices: Any, values: Tensor, accumulate: bool = False) -> Tensor:
    """``index_put``, written into its input."""
    return input.index_put_(indices, values, accumulate)  # type: ignore[attr-defined, no-any-return]


@torch_form
def is_same_size(input: Tensor, other: Tensor) -> bool:
    """Whether the shapes are equal."""
    return input.shape == other.shape


@torch_form
def is_inference(input: Tensor) -> bool:
    """Whether the tensor was made in ``inference_mode``."""
    return input._made_in_inference()


@public(method=True)
def positive(input: Tensor) -> Tensor:
    """The tensor itself. RuntimeError for bool."""
    if input.dtype is bool_:
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


@public(method=True)
def hardshrink(input: Tensor, lambd: float = 0.5) -> Tensor:
    """x where |x| > lambd, else 0."""
    made: Tensor = function("hardshrink")(input, lambd)
    return made
