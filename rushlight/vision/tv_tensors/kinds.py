"""Image, Video and Mask: tensors with a class of their own.

Operations on them give plain tensors, unless ``set_return_type("TVTensor")`` says otherwise;
``clone``, ``to``, ``detach`` and ``requires_grad_`` keep the class, and ``wrap`` gives it back.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from rushlight.base.dtype import dtype as Dtype
from rushlight.tensor import Tensor, as_tensor
from rushlight.tensor.overrides import DisableTorchFunctionSubclass
from rushlight.vision.pillow import is_image
from rushlight.vision.transforms.convert import pil_to_tensor


class TVTensor(Tensor):
    """Base of the kinds."""

    # What a kind knows beside its values.
    _facts: ClassVar[tuple[str, ...]] = ()
    _named: ClassVar[bool] = True  # in print

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Asked while ``set_return_type("TVTensor")`` holds: the result is of this kind too."""
        result = super().__torch_function__(func, types, args, kwargs)  # type: ignore[misc]
        like = next((each for each in args if isinstance(each, cls)), None)
        if result is not NotImplemented and like is not None and cls._facts:
            for each in result if isinstance(result, (tuple, list)) else (result,):
                if isinstance(each, cls) and each is not like:
                    for name in cls._facts:
                        setattr(each, name, getattr(like, name))
        return result

    @classmethod
    def _of_kind(cls, tensor: Tensor) -> Self:
        """The same memory under this class."""
        with DisableTorchFunctionSubclass():
            # Not tensor.detach(): a kind's own would wrap its result, here.
            held = tensor.requires_grad
            other = tensor.view(tensor.shape) if held else Tensor.detach(tensor)
        other.__class__ = cls
        return other  # type: ignore[return-value]

    @classmethod
    def wrap(cls, tensor: Tensor, like: Self, **kwargs: Any) -> Self:
        """``tensor`` as what ``like`` is."""
        return cls._of_kind(tensor)

    def _shown(self) -> str:
        """As a tensor prints, with what the kind knows."""
        with DisableTorchFunctionSubclass():
            values = super().__repr__()
        facts = ", ".join(f"{name}={getattr(self, name)}" for name in self._facts)
        return f"{values[:-1]}, {facts})"

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

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._shown()


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

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._shown()


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
