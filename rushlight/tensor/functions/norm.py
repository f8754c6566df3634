"""torch.nn.functional's normalisations over the ops of ops/norm/."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.base.dtype import bfloat16, float16, float32
from rushlight.tensor.functions.register import public
from rushlight.tensor.out import write_out
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


@public(torch=False, functional=True)
def batch_norm(
    input: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None = None, bias: Tensor | None = None, training: bool = False,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of (N, C, *) to mean 0, variance 1, times weight plus bias.

    In training by the batch, whose statistics move the running ones; else by the running ones.
    """
    if input.shape == (0,):  # no channels at all: PyTorch lets it pass
        return function("clone")(input)  # type: ignore[no-any-return]
    if not training:
        if running_mean is None or running_var is None:
            missing = "running_mean" if running_mean is None else "running_var"
            raise RuntimeError(f"{missing} must be defined in evaluation mode")
        out: Tensor = function("_batch_norm_eval")(
            input, weight, bias, running_mean, running_var, eps
        )
        return out
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    shape = input.shape
    if not input.numel() and input.ndim > 1:  # type: ignore[attr-defined]
        running_mean = running_var = None  # nothing to learn from nothing
    count = shape[0]
    for size in shape[2:]:
        count *= size
    if count == 1:
        raise ValueError(
            f"Expected more than 1 value per channel when training, got input size {shape}"
        )
    results = function("_batch_norm")(
        input, weight, bias, running_mean, running_var, float(momentum), eps
    )
    if running_mean is not None and running_var is not None:
        running_mean._replace_(results[3])
        running_var._replace_(results[4])
    return results[0]


@public(torch=False, functional=True)
def instance_norm(
    input: Tensor, running_mean: Tensor | None = None, running_var: Tensor | None = None,
    weight: Tensor | None = None, bias: Tensor | None = None, use_input_stats: bool = True,
    momentum: float = 0.1, eps: float = 1e-5,
) -> Tensor:  # fmt: skip
    """Each channel of each sample of (N, C, *) to mean 0, variance 1, times weight plus bias."""
    n, channels = input.shape[:2]
    if (running_mean is None) != (running_var is None):
        raise ValueError("running_mean and running_var must either both be None or neither be None")
    for name, given in (
        ("running_mean", running_mean), ("running_var", running_var), ("weight", weight),
        ("bias", bias),
    ):  # fmt: skip
        if given is not None and given.numel() != channels:  # type: ignore[attr-defined]
            raise RuntimeError(
                f"{name} should contain {channels} elements not {given.numel()}"  # type: ignore[attr-defined]
            )
    if not use_input_stats:
        if running_mean is None or running_var is None:
            raise RuntimeError(
                "Expected running_mean and running_var to be defined when use_input_stats is false"
            )
        return batch_norm(input, running_mean, running_var, weight, bias, False, momentum, eps)
    per_plane = 1
    for size in input.shape[2:]:
        per_plane *= size
    if per_plane == 1:
        raise ValueError(
            f"Expected more than 1 spatial element when training, got input size {input.shape}"
        )
    if n == 0 and (running_mean is not None or weight is not None):
        raise IndexError("select(): index 0 out of range for tensor of size [0] at dimension 0")
    if not input.numel():  # type: ignore[attr-defined]
        running_mean = running_var = None
    kinds = {input.dtype, float32} if input.dtype in (float16, bfloat16) else {input.dtype}
    for each in (weight, bias, running_mean, running_var):
        if each is not None and each.dtype not in kinds and input.is_floating_point():  # type: ignore[attr-defined]
            raise RuntimeError("mixed dtype (CPU): all inputs must share same datatype.")
    merged = input.reshape(1, n * channels, *input.shape[2:])
    if input.dtype in (float16, bfloat16) and n:
        return _half_instance_norm(
            input, merged, running_mean, running_var, weight, bias, float(momentum), eps
        )
    results = function("_batch_norm")(merged, None, None, None, None, float(momentum), eps)
    if running_mean is not None and running_var is not None:
        _move(merged, running_mean, running_var, n, momentum)
    out: Any = results[0].reshape(*input.shape)
    shape = (1, channels, *(1,) * (input.ndim - 2))
    if weight is not None:
        out = out * weight.reshape(shape)
    if bias is not None:
        out = out + bias.reshape(shape)
    kept: Tensor = out.to(input.dtype)  # half precision beside float32 weights stays as it is
    return kept


def _half_instance_norm(
    input: Tensor, merged: Tensor, running_mean: Tensor | None, running_var: Tensor | None,
    weight: Tensor | None, bias: Tensor | None, momentum: float, eps: float,
) -> Tensor:  # fmt: skip
    """As PyTorch has it: a batch norm of all planes, which rounds its statistics to halves."""
    n = input.shape[0]
    repeated = [
        None if each is None else each.repeat(n)
        for each in (weight, bias, running_mean, running_var)
    ]
    results = function("_batch_norm")(merged, *repeated, momentum, eps)
    if running_mean is not None and running_var is not None:
        for running, planes in zip((running_mean, running_var), results[3:], strict=True):
            running._replace_(function("mean")(planes.detach().reshape(n, -1), 0))
    out: Tensor = results[0].reshape(*input.shape)
    return out


def _move(
    merged: Tensor, running_mean: Tensor, running_var: Tensor, n: int, momentum: float
) -> None:
    """Running statistics move towards the mean of the samples' statistics."""
    x = merged.detach()
    axes = (0, *range(2, x.ndim))
    mean, var = function("mean"), function("var")
    for running, values in ((running_mean, mean(x, axes)), (running_var, var(x, axes))):
        average: Any = mean(values.reshape(n, -1), 0)
        old: Any = running.detach()
        running._replace_(old * (1 - momentum) + average * momentum)


@public(functional=True)
def layer_norm(
    input: Tensor, normalized_shape: Sequence[int], weight: Tensor | None = None,
    bias: Tensor | None = None, eps: float = 1e-5, cudnn_enable: bool = True,
) -> Tensor:  # fmt: skip
    """The last axes to mean 0, variance 1, times weight plus bias."""
    if isinstance(normalized_shape, int):
        raise TypeError(
            "layer_norm(): argument 'normalized_shape' (position 2) must be tuple of ints, not int"
        )
    shape = tuple(normalized_shape)
    out: Tensor = function("_layer_norm")(input, shape, weight, bias, eps)[0]
    return out


@public(functional=True)
def group_norm(
    input: Tensor, num_groups: int, weight: Tensor | None = None, bias: Tensor | None = None,
    eps: float = 1e-5, cudnn_enabled: bool = True,
) -> Tensor:  # fmt: skip
    """Each group of channels of (N, C, *) to mean 0, variance 1, times weight plus bias."""
    if input.ndim < 2:
        raise RuntimeError(
            f"Expected at least 2 dimensions for input tensor but received {input.ndim}"
        )
    count = input.shape[0] * (input.shape[1] // max(num_groups, 1))
    for size in input.shape[2:]:
        count *= size
    if input.shape[0] and count == 1:
        raise ValueError(
            "Expected more than 1 value per channel when training, got input size "
            f"{[input.shape[0] * input.shape[1] // num_groups, num_groups, *input.shape[2:]]}"
        )
    out: Tensor = function("_group_norm")(input, num_groups, weight, bias, eps)[0]
    return out


@public(torch=False, functional=True)
def normalize(
    input: Tensor, p: float = 2.0, dim: Any = 1, eps: float = 1e-12, out: Tensor | None = None
) -> Tensor:
    """input / max(its p-norm along ``dim``, eps)."""
    # Halves step by step: PyTorch rounds after each, where this would be one rounding.
    if input.dtype.is_complex or input.dtype in (float16, bfloat16):
        size: Any = function("_vector_norm")(input, float(p), dim, True)
        made: Tensor = function("div")(input, function("clamp")(size, min=eps))
    else:
        made = function("_normalize")(input, float(p), dim, eps)
    return made if out is None else write_out("normalize", out, made)
