"""torch.nn.utils.fusion: batch normalisation folded into the layer before it, for evaluation."""

from __future__ import annotations

import copy
from typing import Any

from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, ones_like, rsqrt, zeros_like

__all__ = [
    "fuse_conv_bn_eval", "fuse_conv_bn_weights", "fuse_linear_bn_eval", "fuse_linear_bn_weights",
]  # fmt: skip


def _check_eval(layer: Any, bn: Any) -> None:
    if layer.training or bn.training:
        raise AssertionError("Fusion only for eval!")


def fuse_conv_bn_eval(conv: Any, bn: Any, transpose: bool = False) -> Any:
    """A copy of ``conv`` that does what conv and then ``bn`` do; both in evaluation mode."""
    _check_eval(conv, bn)
    fused = copy.deepcopy(conv)
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused.weight, fused.bias = fuse_conv_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias,
        transpose,
    )  # fmt: skip
    return fused


def fuse_conv_bn_weights(
    conv_w: Tensor, conv_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None, transpose: bool = False,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight and bias of the fused convolution; the channels of the output are axis 0, or 1."""
    bias: Any = zeros_like(bn_rm, dtype=conv_w.dtype) if conv_b is None else conv_b
    gain: Any = ones_like(bn_rm) if bn_w is None else bn_w
    shift: Any = zeros_like(bn_rm) if bn_b is None else bn_b
    scale = gain * rsqrt(bn_rv + bn_eps)
    shape = [1] * conv_w.ndim
    shape[1 if transpose else 0] = -1
    weight = (conv_w * scale.reshape(shape)).to(conv_w.dtype)
    fused = ((bias - bn_rm) * scale + shift).to(bias.dtype)
    return (
        Parameter(weight.detach(), conv_w.requires_grad),
        Parameter(fused.detach(), bias.requires_grad),
    )


def fuse_linear_bn_eval(linear: Any, bn: Any) -> Any:
    """A copy of ``linear`` that does what linear and then ``bn`` do; both in evaluation mode."""
    _check_eval(linear, bn)
    fused = copy.deepcopy(linear)
    if not (linear.out_features == bn.num_features or bn.num_features == 1):
        raise AssertionError(
            "To fuse, linear.out_features == bn.num_features or bn.num_features == 1, got "
            f"linear.out_features={linear.out_features} and bn.num_features={bn.num_features}"
        )
    if bn.running_mean is None or bn.running_var is None:
        raise AssertionError("bn.running_mean and bn.running_var must not be None")
    fused.weight, fused.bias = fuse_linear_bn_weights(
        fused.weight, fused.bias, bn.running_mean, bn.running_var, bn.eps, bn.weight, bn.bias
    )
    return fused


def fuse_linear_bn_weights(
    linear_w: Tensor, linear_b: Tensor | None, bn_rm: Tensor, bn_rv: Tensor, bn_eps: float,
    bn_w: Tensor | None, bn_b: Tensor | None,
) -> tuple[Parameter, Parameter]:  # fmt: skip
    """Weight (out, in) and bias (out,) of the fused linear layer."""
    bias: Any = zeros_like(bn_rm, dtype=linear_w.dtype) if linear_b is None else linear_b
    gain: Any = ones_like(bn_rm) if bn_w is None else bn_w
    shift: Any = zeros_like(bn_rm) if bn_b is None else bn_b
    scale = gain * rsqrt(bn_rv + bn_eps)
    weight = linear_w * scale.unsqueeze(-1).to(linear_w.dtype)
    fused = ((bias - bn_rm) * scale + shift).to(bias.dtype)
    return (
        Parameter(weight.detach(), linear_w.requires_grad),
        Parameter(fused.detach(), bias.requires_grad),
    )
