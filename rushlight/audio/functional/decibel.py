"""Loudness in decibels, and back."""

from __future__ import annotations

import rushlight as torch
from rushlight.tensor import Tensor


def amplitude_to_DB(
    x: Tensor,
    multiplier: float,
    amin: float,
    db_multiplier: float,
    top_db: float | None = None,
) -> Tensor:
    """multiplier * (log10(max(x, amin)) - db_multiplier): 10 for power, 20 for amplitude.

    ``top_db`` lifts what lies further below the loudest: of each sample of a batch (*, C, F, T),
    of everything in (C, F, T) and (F, T).

    >>> amplitude_to_DB(torch.tensor([[1.0, 0.1, 1e-9]]), 10.0, 1e-10, 0.0, top_db=50.0)
    tensor([[  0., -10., -50.]])
    """
    decibels = multiplier * torch.log10(x.clamp(min=amin)) - multiplier * db_multiplier
    if top_db is None:
        return decibels
    shape = decibels.shape
    channels = shape[-3] if decibels.ndim > 2 else 1
    packed = decibels.reshape(-1, channels, *shape[-2:])
    loudest = packed.amax(dim=(-3, -2, -1), keepdim=True)
    return torch.maximum(packed, loudest - top_db).reshape(shape)


def DB_to_amplitude(x: Tensor, ref: float, power: float) -> Tensor:
    """ref * (10 ** (x / 10)) ** power: power 1 gives power, 0.5 amplitude.

    >>> DB_to_amplitude(torch.tensor([0.0, 20.0]), ref=1.0, power=0.5)
    tensor([ 1., 10.])
    """
    return ref * torch.pow(torch.pow(10.0, 0.1 * x), power)


def gain(waveform: Tensor, gain_db: float = 1.0) -> Tensor:
    """The signal louder by so many decibels; itself for 0."""
    return waveform if gain_db == 0 else waveform * 10 ** (gain_db / 20)
