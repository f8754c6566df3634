"""torch.nn.grad: the gradients of convolutions as functions of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.autograd import enable_grad, grad
from rushlight.nn import functional as F
from rushlight.tensor import Tensor, zeros


def _of_input(rank: int) -> Callable[..., Tensor]:
    def conv_input(
        input_size: Any, weight: Tensor, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        with enable_grad():
            x = zeros(tuple(input_size), dtype=weight.dtype, requires_grad=True)
            out = getattr(F, f"conv{rank}d")(x, weight, None, stride, padding, dilation, groups)
        found: Tensor = grad(out, x, grad_output)[0]
        return found

    conv_input.__name__ = conv_input.__qualname__ = f"conv{rank}d_input"
    conv_input.__doc__ = f"The gradient of conv{rank}d with respect to its input of input_size."
    return conv_input


def _of_weight(rank: int) -> Callable[..., Tensor]:
    def conv_weight(
        input: Tensor, weight_size: Any, grad_output: Tensor, stride: Any = 1, padding: Any = 0,
        dilation: Any = 1, groups: int = 1,
    ) -> Tensor:  # fmt: skip
        with enable_grad():
            w = zeros(tuple(weight_size), dtype=input.dtype, requires_grad=True)
            out = getattr(F, f"conv{rank}d")(input, w, None, stride, padding, dilation, groups)
        found: Tensor = grad(out, w, grad_output)[0]
        return found

    conv_weight.__name__ = conv_weight.__qualname__ = f"conv{rank}d_weight"
    conv_weight.__doc__ = f"The gradient of conv{rank}d with respect to its weight of weight_size."
    return conv_weight


conv1d_input, conv2d_input, conv3d_input = map(_of_input, (1, 2, 3))
conv1d_weight, conv2d_weight, conv3d_weight = map(_of_weight, (1, 2, 3))
