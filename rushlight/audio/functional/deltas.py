"""How features change over time."""

from __future__ import annotations

import rushlight as torch
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor


def compute_deltas(specgram: Tensor, win_length: int = 5, mode: str = "replicate") -> Tensor:
    """The slope at each time of a line through its neighbours: (*, F, T) -> (*, F, T).

    sum of n * (c[t + n] - c[t - n]) over 2 * sum of n**2, n from 1 to (win_length - 1) // 2.

    >>> compute_deltas(torch.arange(6.0)[None, None])[0, 0, 2:4]
    tensor([1., 1.])
    """
    if win_length < 3:
        raise ValueError(f"Window length should be greater than or equal to 3. Found {win_length}")
    reach = (win_length - 1) // 2
    shape = specgram.shape
    flat = specgram.reshape(1, -1, shape[-1])
    padded = nn_functional.pad(flat, (reach, reach), mode=mode)
    kernel = torch.arange(-reach, reach + 1, dtype=specgram.dtype).repeat(flat.shape[1], 1, 1)
    total = reach * (reach + 1) * (2 * reach + 1) / 3
    slopes = nn_functional.conv1d(padded, kernel, groups=flat.shape[1]) / total
    return slopes.reshape(shape)
