"""Unpooling: what a maximum pool kept, back at its places."""

from __future__ import annotations

from typing import Any

from rushlight.nn import functional as F
from rushlight.nn.modules.module import Module
from rushlight.nn.modules.sizes import repeated
from rushlight.tensor import Tensor

Size = int | tuple[int, ...]


class _MaxUnpoolNd(Module):
    axes: int

    def __init__(self, kernel_size: Size, stride: Size | None = None, padding: Size = 0) -> None:
        super().__init__()
        self.kernel_size = repeated(kernel_size, self.axes)
        self.stride = repeated(kernel_size if stride is None else stride, self.axes)
        self.padding = repeated(padding, self.axes)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"


class MaxUnpool1d(_MaxUnpoolNd):
    """Shape (N, C, L'), its places in L -> (N, C, L): zeros elsewhere."""

    axes = 1

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool1d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool2d(_MaxUnpoolNd):
    """Shape (N, C, H', W'), its places in H W -> (N, C, H, W): zeros elsewhere.

    >>> import rushlight as torch
    >>> pool = torch.nn.MaxPool2d(2, return_indices=True)
    >>> x = torch.tensor([[[[1., 2.], [4., 3.]]]])
    >>> torch.nn.MaxUnpool2d(2)(*pool(x))
    tensor([[[[0., 0.],
              [4., 0.]]]])
    """

    axes = 2

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool2d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )


class MaxUnpool3d(_MaxUnpoolNd):
    """Shape (N, C, D', H', W'), its places in D H W -> (N, C, D, H, W): zeros elsewhere."""

    axes = 3

    def forward(self, input: Tensor, indices: Tensor, output_size: Any = None) -> Tensor:
        return F.max_unpool3d(
            input, indices, self.kernel_size, self.stride, self.padding, output_size
        )
