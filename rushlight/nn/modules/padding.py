"""Padding with a constant, by reflection, replication or around."""

from __future__ import annotations

from rushlight.nn import functional as F
from rushlight.nn.modules.module import Module
from rushlight.nn.modules.sizes import repeated
from rushlight.tensor import Tensor


class _Pad(Module):
    """``padding``: (before, after) of the last axis, then of the one before it."""

    __constants__ = ["padding"]  # noqa: RUF012
    axes: int
    mode: str

    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__()
        self.padding = repeated(padding, 2 * self.axes)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, self.mode)

    def extra_repr(self) -> str:
        return f"{self.padding}"


class _ConstantPadNd(_Pad):
    __constants__ = ["padding", "value"]  # noqa: RUF012

    def __init__(self, padding: int | tuple[int, ...], value: float) -> None:
        Module.__init__(self)
        self.value = value
        self.padding = repeated(padding, 2 * self.axes)

    def forward(self, input: Tensor) -> Tensor:
        return F.pad(input, self.padding, "constant", self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ConstantPad1d(_ConstantPadNd):
    """Pad the last axis with ``value``."""

    axes = 1


class ConstantPad2d(_ConstantPadNd):
    """Pad the last two axes with ``value``."""

    axes = 2


class ConstantPad3d(_ConstantPadNd):
    """Pad the last three axes with ``value``."""

    axes = 3


class _ZeroPad:
    def __init__(self, padding: int | tuple[int, ...]) -> None:
        super().__init__(padding, 0.0)  # type: ignore[call-arg]

    def extra_repr(self) -> str:
        """The paddings."""
        return f"{self.padding}"  # type: ignore[attr-defined]


class ZeroPad1d(_ZeroPad, ConstantPad1d):
    """Pad the last axis with zeros."""


class ZeroPad2d(_ZeroPad, ConstantPad2d):
    """Pad the last two axes with zeros."""


class ZeroPad3d(_ZeroPad, ConstantPad3d):
    """Pad the last three axes with zeros."""


class _ReflectionPadNd(_Pad):
    mode = "reflect"


class _ReplicationPadNd(_Pad):
    mode = "replicate"


class _CircularPadNd(_Pad):
    mode = "circular"

    def _check_input_dim(self, input: Tensor) -> None:
        if input.dim() - self.axes not in (1, 2):
            raise ValueError(
                f"expected {self.axes + 1}D or {self.axes + 2}D input (got {input.dim()}D input)"
            )

    def forward(self, input: Tensor) -> Tensor:
        self._check_input_dim(input)
        return super().forward(input)


class ReflectionPad1d(_ReflectionPadNd):
    """Pad the last axis with its mirror image, the edge not repeated."""

    axes = 1


class ReflectionPad2d(_ReflectionPadNd):
    """Pad the last two axes with their mirror image, the edge not repeated."""

    axes = 2


class ReplicationPad1d(_ReplicationPadNd):
    """Pad the last axis with its edge."""

    axes = 1


class ReplicationPad2d(_ReplicationPadNd):
    """Pad the last two axes with their edges."""

    axes = 2


class CircularPad1d(_CircularPadNd):
    """Pad the last axis with its other end."""

    axes = 1


class CircularPad2d(_CircularPadNd):
    """Pad the last two axes with their other ends."""

    axes = 2


class ReflectionPad3d(_ReflectionPadNd):
    """Pad the last three axes with their mirror image, the edge not repeated."""

    axes = 3


class ReplicationPad3d(_ReplicationPadNd):
    """Pad the last three axes with their edges."""

    axes = 3


class CircularPad3d(_CircularPadNd):
    """Pad the last three axes with their other ends."""

    axes = 3
