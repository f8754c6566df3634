"""Hide a random stretch of a spectrogram (SpecAugment, D. Park et al., arXiv:1904.08779)."""

from __future__ import annotations

import rushlight as torch
from rushlight.tensor import Tensor


def _width(size: int, mask_param: int, p: float) -> int:
    if not 0.0 <= p <= 1.0:
        raise ValueError(f"The value of p must be between 0.0 and 1.0 ({p} given).")
    return mask_param if p == 1.0 else min(mask_param, int(size * p))


def _check_axis(ndim: int, axis: int) -> None:
    if axis not in (ndim - 2, ndim - 1):
        raise ValueError(
            f"Only Frequency and Time masking are supported (axis {ndim - 2} and axis {ndim - 1} "
            f"supported; {axis} given)."
        )


def mask_along_axis(
    specgram: Tensor, mask_param: int, mask_value: float | Tensor, axis: int, p: float = 1.0
) -> Tensor:
    """``mask_value`` in up to ``mask_param`` neighbours along one of the last two axes.

    The same ones in all of (*, F, T); ``p`` bounds their share of the axis.
    """
    if specgram.ndim < 2:
        raise ValueError(
            "Spectrogram must have at least two dimensions (time and frequency) "
            f"({specgram.ndim} given)."
        )
    _check_axis(specgram.ndim, axis)
    size = specgram.shape[axis]
    width = _width(size, mask_param, p)
    if width < 1:
        return specgram
    length = torch.rand(1) * width
    start = int(torch.rand(1) * (size - length))
    end = start + int(length)
    place = torch.arange(size)
    hidden = (place >= start) & (place < end)
    return specgram.masked_fill(
        hidden[:, None] if axis == specgram.ndim - 2 else hidden, mask_value
    )


def mask_along_axis_iid(
    specgrams: Tensor, mask_param: int, mask_value: float | Tensor, axis: int, p: float = 1.0
) -> Tensor:
    """As ``mask_along_axis``, another stretch for each spectrogram of (*, F, T)."""
    if specgrams.ndim < 3:
        raise ValueError(
            f"Spectrogram must have at least three dimensions ({specgrams.ndim} given)."
        )
    _check_axis(specgrams.ndim, axis)
    size = specgrams.shape[axis]
    width = _width(size, mask_param, p)
    if width < 1:
        return specgrams
    batch, dtype = specgrams.shape[:-2], specgrams.dtype
    length = torch.rand(batch, dtype=dtype) * width
    first = torch.rand(batch, dtype=dtype) * (size - length)
    start = first.long()[..., None]
    end = start + length.long()[..., None]
    place = torch.arange(size)
    hidden = (place >= start) & (place < end)  # (*, size)
    along = hidden[..., None] if axis == specgrams.ndim - 2 else hidden[..., None, :]
    return specgrams.masked_fill(along, mask_value)
