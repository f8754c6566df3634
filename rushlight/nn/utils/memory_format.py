"""torch.nn.utils.convert_conv2d_weight_memory_format: the strides of convolutions' weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.nn.modules.conv import Conv2d, Conv3d, ConvTranspose2d, ConvTranspose3d

__all__ = ["convert_conv2d_weight_memory_format", "convert_conv3d_weight_memory_format"]


def _converter(kinds: tuple[type[Any], ...]) -> Callable[[Any, Any], Any]:
    def convert(module: Any, memory_format: Any) -> Any:
        if isinstance(module, kinds):
            module.weight.data = (
                module.weight.detach().clone().contiguous(memory_format=memory_format)
            )
        for child in module.children():
            convert(child, memory_format)
        return module

    return convert


_two_axes = _converter((Conv2d, ConvTranspose2d))
_three_axes = _converter((Conv3d, ConvTranspose3d))


def convert_conv2d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Give the weights of every Conv2d and ConvTranspose2d this memory format. Returns module."""
    return _two_axes(module, memory_format)


def convert_conv3d_weight_memory_format(module: Any, memory_format: Any) -> Any:
    """Give the weights of every Conv3d and ConvTranspose3d this memory format. Returns module."""
    return _three_axes(module, memory_format)
