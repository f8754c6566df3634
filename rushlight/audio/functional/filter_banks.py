"""Frequencies in bands: mel and linear triangles, and the cosine transform of their loudness."""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.tensor import Tensor

# M. Slaney, Auditory Toolbox (1998): linear up to 1 kHz, logarithmic above.
LINEAR_STEP = 200.0 / 3
BREAK_HZ = 1000.0
BREAK_MEL = BREAK_HZ / LINEAR_STEP
LOG_STEP = math.log(6.4) / 27.0


def _check_scale(mel_scale: str) -> None:
    if mel_scale not in ("slaney", "htk"):
        raise ValueError('mel_scale should be one of "htk" or "slaney".')


def _to_mel(hertz: float, mel_scale: str) -> float:
    if mel_scale == "htk":
        return 2595.0 * math.log10(1.0 + hertz / 700.0)
    if hertz < BREAK_HZ:
        return hertz / LINEAR_STEP
    return BREAK_MEL + math.log(hertz / BREAK_HZ) / LOG_STEP


def _to_hertz(mels: Tensor, mel_scale: str) -> Tensor:
    if mel_scale == "htk":
        return 700.0 * (10.0 ** (mels / 2595.0) - 1.0)
    upper = BREAK_HZ * torch.exp(LOG_STEP * (mels - BREAK_MEL))
    return torch.where(mels >= BREAK_MEL, upper, LINEAR_STEP * mels)


def _triangles(frequencies: Tensor, corners: Tensor) -> Tensor:
    """(frequencies, corners - 2): from 0 at one corner up to 1 at the next and down again."""
    widths = corners[1:] - corners[:-1]
    ahead = corners[None, :] - frequencies[:, None]
    rising = -ahead[:, :-2] / widths[:-1]
    falling = ahead[:, 2:] / widths[1:]
    return torch.minimum(rising, falling).clamp(min=0.0)


def melscale_fbanks(
    n_freqs: int,
    f_min: float,
    f_max: float,
    n_mels: int,
    sample_rate: int,
    norm: str | None = None,
    mel_scale: str = "htk",
) -> Tensor:
    """Triangles at equal distances in mel, to multiply a spectrum with: (n_freqs, n_mels).

    ``norm="slaney"`` gives each the same area. Warns if a triangle falls between two frequencies.

    >>> melscale_fbanks(5, 0.0, 4000.0, 2, 8000).argmax(0).tolist()
    [1, 2]
    """
    if norm is not None and norm != "slaney":
        raise ValueError('norm must be one of None or "slaney"')
    _check_scale(mel_scale)
    ends = _to_mel(f_min, mel_scale), _to_mel(f_max, mel_scale)
    corners = _to_hertz(torch.linspace(*ends, n_mels + 2), mel_scale)
    banks = _triangles(torch.linspace(0, sample_rate // 2, n_freqs), corners)
    if norm is not None:
        banks = banks * (2.0 / (corners[2:] - corners[:-2]))
    if bool((banks.amax(0) == 0.0).any()):
        warn(
            "At least one mel filterbank has all zero values. "
            f"The value for `n_mels` ({n_mels}) may be set too high. "
            f"Or, the value for `n_freqs` ({n_freqs}) may be set too low."
        )
    return banks


def linear_fbanks(
    n_freqs: int, f_min: float, f_max: float, n_filter: int, sample_rate: int
) -> Tensor:
    """Triangles at equal distances in hertz: (n_freqs, n_filter)."""
    frequencies = torch.linspace(0, sample_rate // 2, n_freqs)
    return _triangles(frequencies, torch.linspace(f_min, f_max, n_filter + 2))


def create_dct(n_mfcc: int, n_mels: int, norm: str | None) -> Tensor:
    """The cosine transform DCT-II as a matrix (n_mels, n_mfcc); "ortho" makes it orthonormal."""
    if norm is not None and norm != "ortho":
        raise ValueError('norm must be either "ortho" or None')
    place = torch.arange(float(n_mels)) + 0.5
    waves = torch.arange(float(n_mfcc))[:, None]
    matrix = torch.cos(math.pi / n_mels * place * waves)
    if norm is None:
        return (matrix * 2.0).t()
    first = torch.where(waves == 0, 1.0 / math.sqrt(2.0), 1.0)
    return (matrix * first * math.sqrt(2.0 / n_mels)).t()
