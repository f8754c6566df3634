"""Filters of order two by what they are to do (R. Bristow-Johnson, "Audio EQ Cookbook").

Frequencies, Q and gains are numbers, or tensors to be trained.
"""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.audio.functional.filtering import biquad
from rushlight.tensor import Tensor

# Sample rate -> (zeros, poles) of the curve that records are cut with (RIAA).
_RECORDS = {
    44100: ((-0.2014898, 0.9233820), (0.7083149, 0.9924091)),
    48000: ((-0.1766069, 0.9321590), (0.7396325, 0.9931330)),
    88200: ((-0.1168735, 0.9648312), (0.8590646, 0.9964002)),
    96000: ((-0.1141486, 0.9676817), (0.8699137, 0.9966946)),
}
# Sample rate -> (frequency, slope, decibels) of the curve that undoes a disc's pre-emphasis.
_DISCS = {44100: (5283, 0.4845, -9.477), 48000: (5356, 0.479, -9.62)}


def _turn(waveform: Tensor, sample_rate: int, frequency: Any, q: Any) -> tuple[Tensor, Tensor]:
    """cos(w) and sin(w) / (2 Q) at a frequency's w, in the waveform's dtype."""
    angle = 2 * math.pi * torch.as_tensor(frequency, dtype=waveform.dtype) / sample_rate
    return torch.cos(angle), torch.sin(angle) / 2 / torch.as_tensor(q, dtype=waveform.dtype)


def _root_gain(waveform: Tensor, gain: Any) -> Tensor:
    """The square root of the amplitude that ``gain`` decibels are."""
    return torch.exp(torch.as_tensor(gain, dtype=waveform.dtype) / 40 * math.log(10))


def lowpass_biquad(waveform: Tensor, sample_rate: int, cutoff_freq: Any, Q: Any = 0.707) -> Tensor:
    """Keep what is below ``cutoff_freq``."""
    c, alpha = _turn(waveform, sample_rate, cutoff_freq, Q)
    return biquad(waveform, (1 - c) / 2, 1 - c, (1 - c) / 2, 1 + alpha, -2 * c, 1 - alpha)


def highpass_biquad(waveform: Tensor, sample_rate: int, cutoff_freq: Any, Q: Any = 0.707) -> Tensor:
    """Keep what is above ``cutoff_freq``."""
    c, alpha = _turn(waveform, sample_rate, cutoff_freq, Q)
    return biquad(waveform, (1 + c) / 2, -1 - c, (1 + c) / 2, 1 + alpha, -2 * c, 1 - alpha)


def bandpass_biquad(
    waveform: Tensor,
    sample_rate: int,
    central_freq: Any,
    Q: Any = 0.707,
    const_skirt_gain: bool = False,
) -> Tensor:
    """Keep what is around ``central_freq``; its own gain is 1, or Q with ``const_skirt_gain``."""
    c, alpha = _turn(waveform, sample_rate, central_freq, Q)
    top = _turn(waveform, sample_rate, central_freq, 1.0)[1] if const_skirt_gain else alpha
    return biquad(waveform, top, 0.0, -top, 1 + alpha, -2 * c, 1 - alpha)


def bandreject_biquad(
    waveform: Tensor, sample_rate: int, central_freq: Any, Q: Any = 0.707
) -> Tensor:
    """Take out what is around ``central_freq``."""
    c, alpha = _turn(waveform, sample_rate, central_freq, Q)
    return biquad(waveform, 1.0, -2 * c, 1.0, 1 + alpha, -2 * c, 1 - alpha)


def allpass_biquad(waveform: Tensor, sample_rate: int, central_freq: Any, Q: Any = 0.707) -> Tensor:
    """Turn phases around ``central_freq``; all stays as loud as it was."""
    c, alpha = _turn(waveform, sample_rate, central_freq, Q)
    return biquad(waveform, 1 - alpha, -2 * c, 1 + alpha, 1 + alpha, -2 * c, 1 - alpha)


def band_biquad(
    waveform: Tensor,
    sample_rate: int,
    central_freq: Any,
    Q: Any = 0.707,
    noise: bool = False,
) -> Tensor:
    """A resonance at ``central_freq``, for tones or with ``noise`` for noise."""
    frequency = torch.as_tensor(central_freq, dtype=waveform.dtype)
    width = frequency / torch.as_tensor(Q, dtype=waveform.dtype)
    c = torch.cos(2 * math.pi * frequency / sample_rate)
    a2 = torch.exp(-2 * math.pi * width / sample_rate)
    a1 = -4 * a2 / (1 + a2) * c
    if noise:
        top = torch.sqrt(((1 + a2) * (1 + a2) - a1 * a1) * (1 - a2) / (1 + a2))
    else:
        top = torch.sqrt(1 - a1 * a1 / (4 * a2)) * (1 - a2)
    return biquad(waveform, top, 0.0, 0.0, 1.0, a1, a2)


def equalizer_biquad(
    waveform: Tensor, sample_rate: int, center_freq: Any, gain: Any, Q: Any = 0.707
) -> Tensor:
    """``gain`` decibels more around ``center_freq``."""
    c, alpha = _turn(waveform, sample_rate, center_freq, Q)
    root = _root_gain(waveform, gain)
    return biquad(
        waveform, 1 + alpha * root, -2 * c, 1 - alpha * root,
        1 + alpha / root, -2 * c, 1 - alpha / root,
    )  # fmt: skip


def _shelf(waveform: Tensor, c: Any, alpha: Any, root: Any, side: int) -> Tensor:
    """root ** 2 times louder above (side 1) or below (side -1) the frequency of ``c``."""
    slope = 2 * root**0.5 * alpha
    less, more = side * (root - 1) * c, side * (root + 1) * c
    a0 = root + 1 - less + slope
    return biquad(
        waveform,
        root * (root + 1 + less + slope) / a0,
        -2 * side * root * (root - 1 + more) / a0,
        root * (root + 1 + less - slope) / a0,
        1.0,
        2 * side * (root - 1 - more) / a0,
        (root + 1 - less - slope) / a0,
    )


def bass_biquad(
    waveform: Tensor, sample_rate: int, gain: Any, central_freq: Any = 100, Q: Any = 0.707
) -> Tensor:
    """``gain`` decibels more below ``central_freq``."""
    c, alpha = _turn(waveform, sample_rate, central_freq, Q)
    return _shelf(waveform, c, alpha, _root_gain(waveform, gain), -1)


def treble_biquad(
    waveform: Tensor, sample_rate: int, gain: Any, central_freq: Any = 3000, Q: Any = 0.707
) -> Tensor:
    """``gain`` decibels more above ``central_freq``."""
    c, alpha = _turn(waveform, sample_rate, central_freq, Q)
    return _shelf(waveform, c, alpha, _root_gain(waveform, gain), 1)


def deemph_biquad(waveform: Tensor, sample_rate: int) -> Tensor:
    """Undo a compact disc's pre-emphasis. Raises ValueError for other rates than 44100, 48000."""
    if sample_rate not in _DISCS:
        raise ValueError("Sample rate must be 44100 (audio-CD) or 48000 (DAT)")
    frequency, slope, decibels = _DISCS[sample_rate]
    angle = 2 * math.pi * frequency / sample_rate
    root = 10 ** (decibels / 40)
    alpha = math.sin(angle) / 2 * math.sqrt((root + 1 / root) * (1 / slope - 1) + 2)
    return _shelf(waveform, math.cos(angle), alpha, root, 1)


def riaa_biquad(waveform: Tensor, sample_rate: int) -> Tensor:
    """Undo the curve that records are cut with, 1 at 1 kHz. Raises ValueError for other rates."""
    if sample_rate not in _RECORDS:
        raise ValueError("Sample rate must be 44.1k, 48k, 88.2k, or 96k")
    above, below = ((1.0, -(p + q), p * q) for p, q in _RECORDS[sample_rate])
    turn = 2 * math.pi * 1000 / sample_rate
    at = [complex(math.cos(k * turn), -math.sin(k * turn)) for k in range(3)]
    top, bottom = (abs(sum(x * y for x, y in zip(row, at, strict=True))) for row in (above, below))
    return biquad(waveform, *(each * bottom / top for each in above), *below)
