"""Convolutions and their transposes."""

from __future__ import annotations

import math
from typing import Any

from rushlight.nn import functional as F
from rushlight.nn import init
from rushlight.nn.modules.addresses import names_elsewhere
from rushlight.nn.modules.module import Module
from rushlight.nn.modules.sizes import repeated
from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, empty

__getattr__, __dir__ = names_elsewhere(__name__)

Size = int | tuple[int, ...]


class _ConvNd(Module):
    """What all convolutions share: sizes, weights, their first values, printing."""

    __constants__ = [  # noqa: RUF012  scripts read and extend it
        "stride", "padding", "dilation", "groups", "padding_mode", "output_padding",
        "in_channels", "out_channels", "kernel_size",
    ]  # fmt: skip
    bias: Tensor | None

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: str | tuple[int, ...],
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError("groups must be a positive integer")
        if in_channels % groups != 0:
            raise ValueError("in_channels must be divisible by groups")
        if out_channels % groups != 0:
            raise ValueError("out_channels must be divisible by groups")
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"Invalid padding string {padding!r}, should be 'valid' or 'same'")
            if padding == "same" and any(step != 1 for step in stride):
                raise ValueError("padding='same' is not supported for strided convolutions")
        modes = {"zeros", "reflect", "replicate", "circular"}
        if padding_mode not in modes:
            raise ValueError(
                f"padding_mode must be one of {modes}, but got padding_mode='{padding_mode}'"
            )
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._pad_widths()
        channels = (
            (in_channels, out_channels // groups)
            if transposed
            else (out_channels, in_channels // groups)
        )
        self.weight = Parameter(empty((*channels, *kernel_size), device=device, dtype=dtype))
        if bias:
            self.bias = Parameter(empty(out_channels, device=device, dtype=dtype))
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _pad_widths(self) -> list[int]:
        """The padding as ``F.pad`` takes it: (before, after) pairs, last axis first."""
        widths: list[int] = []
        for axis in range(len(self.kernel_size) - 1, -1, -1):
            if isinstance(self.padding, str):
                total = self.dilation[axis] * (self.kernel_size[axis] - 1)
                before = total // 2 if self.padding == "same" else 0
                widths += [before, total - before if self.padding == "same" else 0]
            else:
                # Too few widths are an error of the call, not of the construction.
                widths += [self.padding[min(axis, len(self.padding) - 1)]] * 2
        return widths

    def reset_parameters(self) -> None:
        """Draw new values: uniform in +-1/sqrt(fan in)."""
        init.kaiming_uniform_(self.weight, a=math.sqrt(5))
        if self.bias is not None:
            fan_in, _ = init._calculate_fan_in_and_fan_out(self.weight)
            if fan_in != 0:
                bound = 1 / math.sqrt(fan_in)
                init.uniform_(self.bias, -bound, bound)

    def extra_repr(self) -> str:
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}"
        text += f", stride={self.stride}"
        if self.padding != (0,) * len(self.padding):
            text += f", padding={self.padding}"
        if self.dilation != (1,) * len(self.dilation):
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * len(self.output_padding):
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def _padded(self, input: Tensor) -> tuple[Tensor, Any]:
        """(input, padding) where a padding mode other than zeros is applied beforehand."""
        if self.padding_mode == "zeros":
            return input, self.padding
        widths = self._reversed_padding_repeated_twice
        return F.pad(input, widths, mode=self.padding_mode), 0


class _Forward(_ConvNd):
    """A convolution over ``axes`` axes that is not transposed."""

    axes: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: str | Size = 0,
        dilation: Size = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        axes = self.axes
        super().__init__(
            in_channels,
            out_channels,
            repeated(kernel_size, axes),
            repeated(stride, axes),
            padding if isinstance(padding, str) else repeated(padding, axes),
            repeated(dilation, axes),
            False,
            (0,) * axes,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )


class Conv1d(_Forward):
    """Slide ``weight`` over one axis. Shape (N, C, L) -> (N, K, L'), or without N."""

    axes = 1

    def forward(self, input: Tensor) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input)
        return F.conv1d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv2d(_Forward):
    """Slide ``weight`` over two axes. Shape (N, C, H, W) -> (N, K, H', W'), or without N.

    H' = (H + 2 * padding - dilation * (kernel_size - 1) - 1) // stride + 1, and W' alike.
    """

    axes = 2

    def forward(self, input: Tensor) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input)
        return F.conv2d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Conv3d(_Forward):
    """Slide ``weight`` over three axes. Shape (N, C, D, H, W) -> (N, K, D', H', W').

    >>> import rushlight as torch
    >>> torch.nn.Conv3d(1, 4, 3, padding=1)(torch.zeros(2, 1, 5, 6, 7)).shape
    torch.Size([2, 4, 5, 6, 7])
    """

    axes = 3

    def forward(self, input: Tensor) -> Tensor:
        padding: Any = self.padding
        if self.padding_mode != "zeros":
            input, padding = self._padded(input)
        return F.conv3d(
            input, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class _ConvTransposeNd(_ConvNd):
    """The gradient of a convolution with respect to its input, as a layer."""

    axes: int

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Size,
        stride: Size = 1,
        padding: Size = 0,
        output_padding: Size = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Size = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f'Only "zeros" padding mode is supported for {type(self).__name__}')
        axes = self.axes
        super().__init__(
            in_channels,
            out_channels,
            repeated(kernel_size, axes),
            repeated(stride, axes),
            repeated(padding, axes),
            repeated(dilation, axes),
            True,
            repeated(output_padding, axes),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input: Tensor, output_size: Any) -> tuple[int, ...]:
        """The output padding that gives ``output_size`` (the spatial sizes, or all of them)."""
        if output_size is None:
            return self.output_padding
        axes = self.axes
        wanted = tuple(output_size)
        if len(wanted) == input.dim():
            wanted = wanted[-axes:]
        if len(wanted) != axes:
            raise ValueError(
                f"ConvTranspose{axes}D: for {input.dim()}D input, output_size must have {axes} or "
                f"{input.dim()} elements (got {len(wanted)})"
            )
        result = []
        for axis, size in enumerate(wanted):
            least = (
                (input.size(axis - axes) - 1) * self.stride[axis]
                - 2 * int(self.padding[axis])
                + self.dilation[axis] * (self.kernel_size[axis] - 1)
                + 1
            )
            if not least <= size <= least + self.stride[axis] - 1:
                raise ValueError(
                    f"requested an output size of {wanted}, but axis {axis} can only have from "
                    f"{least} to {least + self.stride[axis] - 1} (for an input of "
                    f"{tuple(input.shape)[-axes:]})"
                )
            result.append(size - least)
        return tuple(result)


class ConvTranspose1d(_ConvTransposeNd):
    """Transposed convolution over one axis. Shape (N, C, L) -> (N, K, L')."""

    axes = 1

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose1d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose2d(_ConvTransposeNd):
    """Transposed convolution over two axes. Shape (N, C, H, W) -> (N, K, H', W')."""

    axes = 2

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose2d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip


class ConvTranspose3d(_ConvTransposeNd):
    """Transposed convolution over three axes. Shape (N, C, D, H, W) -> (N, K, D', H', W')."""

    axes = 3

    def forward(self, input: Tensor, output_size: Any = None) -> Tensor:
        return F.conv_transpose3d(
            input, self.weight, self.bias, self.stride, self.padding,
            self._output_padding(input, output_size), self.groups, self.dilation,
        )  # fmt: skip
