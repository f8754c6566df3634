"""Image, Video and Mask: tensors with a class of their own.

Operations on them give plain tensors; ``clone``, ``to``, ``detach`` and ``requires_grad_`` keep the
class, and ``wrap`` gives it back.
"""

from __future__ import annotations

from typing import Any, Self

from rushlight.base.dtype import dtype as Dtype
from rushlight.tensor import Tensor, as_tensor
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms.convert import pil_to_tensor


class TVTensor(Tensor):
    """Base of the kinds."""

    @classmethod
    def _of_kind(cls, tensor: Tensor) -> Self:
        """The same memory under this class."""
        other = tensor.view(tensor.shape) if tensor.requires_grad else tensor.detach()
        if isinstance(tensor, TVTensor):
            other = Tensor.detach(tensor)
        other.__class__ = cls
        return other  # type: ignore[return-value]

    @classmethod
    def wrap(cls, tensor: Tensor, like: Self, **kwargs: Any) -> Self:
        """``tensor`` as what ``like`` is."""
        return cls._of_kind(tensor)

    def clone(self, *args: Any, **kwargs: Any) -> Self:
        """A copy of the same kind."""
        return self.wrap(super().clone(*args, **kwargs), self)

    def detach(self) -> Self:
        """The same values without gradient, of the same kind."""
        return self.wrap(Tensor.detach(self), self)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Another dtype, the same kind."""
        return self.wrap(super().to(*args, **kwargs), self)


def tensor_of(data: Any, dtype: Dtype | None, device: Any, requires_grad: bool | None) -> Tensor:
    """What a kind is made of: a tensor, a nested list or a PIL image."""
    values = as_tensor(pil_to_tensor(data) if is_image(data) else data, dtype=dtype, device=device)
    wanted = bool(requires_grad)
    return values.detach().requires_grad_() if wanted and not values.requires_grad else values


class Image(TVTensor):
    """(..., C, H, W); two dimensions become one channel. Raises ValueError for fewer."""

    def __new__(
        cls, data: Any, *, dtype: Dtype | None = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Self:  # fmt: skip
        values = tensor_of(data, dtype, device, requires_grad)
        if values.ndim < 2:
            raise ValueError(f"Tensor must be 2D or higher, got {values.ndim}D tensor.")
        return cls._of_kind(values.unsqueeze(0) if values.ndim == 2 else values)

    def __repr__(self) -> str:
        return "Image" + repr(Tensor.detach(self)).removeprefix("tensor")[:-1] + ", )"


class Video(TVTensor):
    """(..., T, C, H, W). Raises ValueError for fewer dimensions."""

    def __new__(
        cls, data: Any, *, dtype: Dtype | None = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Self:  # fmt: skip
        values = tensor_of(data, dtype, device, requires_grad)
        if values.ndim < 4:
            raise ValueError(f"Tensor must be at least 4D, got {values.ndim}D tensor.")
        return cls._of_kind(values)


class Mask(TVTensor):
    """(H, W) or (N, H, W): classes, or one mask for each of N objects."""

    def __new__(
        cls, data: Any, *, dtype: Dtype | None = None, device: Any = None,
        requires_grad: bool | None = None,
    ) -> Self:  # fmt: skip
        return cls._of_kind(tensor_of(data, dtype, device, requires_grad))


def wrap(wrappee: Tensor, *, like: Any, **kwargs: Any) -> Any:
    """``wrappee`` as what ``like`` is, with its format and size unless others are given."""
    kind = type(like)
    return kind.wrap(wrappee, like, **kwargs) if isinstance(like, TVTensor) else wrappee
