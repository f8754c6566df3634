"""KeyPoints: points that know how large their image is."""

from __future__ import annotations

from typing import Any, Self

from rushlight.base.dtype import dtype as Dtype
from rushlight.tensor import Tensor
from rushlight.vision.tv_tensors.kinds import TVTensor, tensor_of


class KeyPoints(TVTensor):
    """(..., 2) points (x, y) in an image of ``canvas_size`` (H, W); one point becomes (1, 2).

    More axes group them: (N, M, 2) are N polygons of M points each. Raises ValueError for another
    last axis.

    >>> KeyPoints([3, 4], canvas_size=(10, 20)).shape
    torch.Size([1, 2])
    """

    canvas_size: tuple[int, int]
    _facts = ("canvas_size",)

    def __new__(
        cls,
        data: Any,
        *,
        canvas_size: tuple[int, int],
        dtype: Dtype | None = None,
        device: Any = None,
        requires_grad: bool | None = None,
    ) -> Self:
        return cls._checked(tensor_of(data, dtype, device, requires_grad), canvas_size)

    @classmethod
    def _checked(cls, values: Tensor, canvas_size: tuple[int, int]) -> Self:
        if values.ndim == 1:
            values = values.unsqueeze(0)
        elif values.shape[-1] != 2:
            raise ValueError(f"Expected a tensor of shape (..., 2), not {values.shape}")
        made = cls._of_kind(values)
        made.canvas_size = canvas_size
        return made

    @classmethod
    def wrap(cls, tensor: Tensor, like: Self, **kwargs: Any) -> Self:
        return cls._checked(tensor, kwargs.get("canvas_size", like.canvas_size))

    def __repr__(self, *, tensor_contents: Any = None) -> str:
        return self._shown()
