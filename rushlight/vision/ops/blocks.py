"""Layers that many networks share: convolution with norm and activation, gates, perceptrons."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence
from typing import Any

import rushlight as torch
from rushlight import nn
from rushlight.base.warn import warn
from rushlight.tensor import Tensor

Layer = Callable[..., nn.Module]
Size = int | Sequence[int]


def _same_padding(kernel: Size, dilation: Size) -> Any:
    """What keeps the size at stride 1: an int, or a tuple where either argument is one."""
    if isinstance(kernel, int) and isinstance(dilation, int):
        return (kernel - 1) // 2 * dilation
    axes = len(kernel) if not isinstance(kernel, int) else len(dilation)  # type: ignore[arg-type]
    kernels = (kernel,) * axes if isinstance(kernel, int) else tuple(kernel)
    dilations = (dilation,) * axes if isinstance(dilation, int) else tuple(dilation)
    return tuple((k - 1) // 2 * d for k, d in zip(kernels, dilations, strict=True))


class ConvNormActivation(nn.Sequential):
    """A convolution, a norm, an activation; either of the last two may be None.

    ``padding=None`` keeps the size at stride 1; ``bias=None`` means: only without a norm.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Size | str | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: Size = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
        conv_layer: Layer = nn.Conv2d,
    ) -> None:
        layers = [
            conv_layer(
                in_channels,
                out_channels,
                kernel_size,
                stride,
                _same_padding(kernel_size, dilation) if padding is None else padding,
                dilation=dilation,
                groups=groups,
                bias=norm_layer is None if bias is None else bias,
            )
        ]
        if norm_layer is not None:
            layers.append(norm_layer(out_channels))
        if activation_layer is not None:
            layers.append(activation_layer(**({} if inplace is None else {"inplace": inplace})))
        super().__init__(*layers)
        self.out_channels = out_channels
        if type(self) is ConvNormActivation:
            warn(
                "Don't use ConvNormActivation directly, please use Conv2dNormActivation and "
                "Conv3dNormActivation instead."
            )


class Conv2dNormActivation(ConvNormActivation):
    """Images (N, C, H, W) -> (N, K, H', W').

    >>> Conv2dNormActivation(3, 8, kernel_size=5, stride=2)
    Conv2dNormActivation(
      (0): Conv2d(3, 8, kernel_size=(5, 5), stride=(2, 2), padding=(2, 2), bias=False)
      (1): BatchNorm2d(8, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)
      (2): ReLU(inplace=True)
    )
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Size | str | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm2d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: Size = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer,
            activation_layer, dilation, inplace, bias, nn.Conv2d,
        )  # fmt: skip


class Conv3dNormActivation(ConvNormActivation):
    """Volumes (N, C, D, H, W) -> (N, K, D', H', W')."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size = 3,
        stride: Size = 1,
        padding: Size | str | None = None,
        groups: int = 1,
        norm_layer: Layer | None = nn.BatchNorm3d,
        activation_layer: Layer | None = nn.ReLU,
        dilation: Size = 1,
        inplace: bool | None = True,
        bias: bool | None = None,
    ) -> None:
        super().__init__(
            in_channels, out_channels, kernel_size, stride, padding, groups, norm_layer,
            activation_layer, dilation, inplace, bias, nn.Conv3d,
        )  # fmt: skip


class SqueezeExcitation(nn.Module):
    """Weigh each channel by what the whole image holds: (N, C, H, W) -> (N, C, H, W).

    Hu and others, "Squeeze-and-Excitation Networks", 2018: ``activation`` is their delta,
    ``scale_activation`` their sigma.
    """

    def __init__(
        self,
        input_channels: int,
        squeeze_channels: int,
        activation: Layer = nn.ReLU,
        scale_activation: Layer = nn.Sigmoid,
    ) -> None:
        super().__init__()
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc1 = nn.Conv2d(input_channels, squeeze_channels, 1)
        self.fc2 = nn.Conv2d(squeeze_channels, input_channels, 1)
        self.activation = activation()
        self.scale_activation = scale_activation()

    def _scale(self, input: Tensor) -> Any:
        squeezed = self.activation(self.fc1(self.avgpool(input)))
        return self.scale_activation(self.fc2(squeezed))

    def forward(self, input: Tensor) -> Tensor:
        result: Tensor = self._scale(input) * input
        return result


class MLP(nn.Sequential):
    """Linear layers over the last axis, each but the last with norm, activation and dropout.

    ``(*, in_channels) -> (*, hidden_channels[-1])``
    """

    def __init__(
        self,
        in_channels: int,
        hidden_channels: Sequence[int],
        norm_layer: Layer | None = None,
        activation_layer: Layer | None = nn.ReLU,
        inplace: bool | None = None,
        bias: bool = True,
        dropout: float = 0.0,
    ) -> None:
        given = {} if inplace is None else {"inplace": inplace}
        *hidden, last = hidden_channels
        layers: list[nn.Module] = []
        width = in_channels
        for wide in hidden:
            layers.append(nn.Linear(width, wide, bias=bias))
            if norm_layer is not None:
                layers.append(norm_layer(wide))
            if activation_layer is None:
                raise TypeError("'NoneType' object is not callable: MLP needs an activation_layer")
            layers += [activation_layer(**given), nn.Dropout(dropout, **given)]
            width = wide
        layers += [nn.Linear(width, last, bias=bias), nn.Dropout(dropout, **given)]
        super().__init__(*layers)


class Permute(nn.Module):
    """``torch.permute`` as a layer."""

    def __init__(self, dims: Sequence[int]) -> None:
        super().__init__()
        self.dims = dims

    def forward(self, x: Tensor) -> Any:
        return torch.permute(x, self.dims)


class FrozenBatchNorm2d(nn.Module):
    """Batch norm whose statistics, weight and bias stay what they are: buffers, no parameters.

    (N, C, H, W) -> (N, C, H, W). Reads the state of a BatchNorm2d.
    """

    def __init__(self, num_features: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.eps = eps
        self.register_buffer("weight", torch.ones(num_features))
        self.register_buffer("bias", torch.zeros(num_features))
        self.register_buffer("running_mean", torch.zeros(num_features))
        self.register_buffer("running_var", torch.ones(num_features))

    def _load_from_state_dict(
        self, state_dict: MutableMapping[str, Any], prefix: str, *rest: Any
    ) -> None:
        state_dict.pop(prefix + "num_batches_tracked", None)
        super()._load_from_state_dict(state_dict, prefix, *rest)

    def forward(self, x: Tensor) -> Any:
        weight, bias, mean, variance = (
            each.reshape(1, -1, 1, 1)
            for each in (self.weight, self.bias, self.running_mean, self.running_var)
        )
        scale = weight * (variance + self.eps).rsqrt()
        return x * scale + (bias - mean * scale)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.weight.shape[0]}, eps={self.eps})"
