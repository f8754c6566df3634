"""Slower and higher: spectra stretched in time, and signals found for spectra without phase."""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.audio.functional.resampling import resample
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor


def phase_vocoder(complex_specgrams: Tensor, rate: float, phase_advance: Tensor) -> Tensor:
    """(*, F, T) complex -> (*, F, ceil(T / rate)): ``rate`` times as fast, as high as before.

    ``phase_advance`` (F, 1) is how far each frequency turns from frame to frame. The method: J.
    Flanagan and R. Golden, "Phase Vocoder", 1966.
    """
    if rate == 1.0:
        return complex_specgrams
    shape = complex_specgrams.shape
    frames = complex_specgrams.reshape(-1, *shape[-2:])
    at = torch.arange(0, shape[-1], rate, dtype=frames.real.dtype)
    padded = nn_functional.pad(frames, [0, 2])
    before, after = padded[..., at.long()], padded[..., (at + 1).long()]
    turned = after.angle() - before.angle() - phase_advance
    turned = turned - 2 * math.pi * torch.round(turned / (2 * math.pi)) + phase_advance
    phase = torch.cumsum(torch.cat([frames[..., :1].angle(), turned[..., :-1]], -1), -1)
    share = at % 1.0
    stretched = torch.polar(share * after.abs() + (1 - share) * before.abs(), phase)
    return stretched.reshape(*shape[:-2], *stretched.shape[1:])


def griffinlim(
    specgram: Tensor,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    power: float,
    n_iter: int,
    momentum: float,
    length: int | None,
    rand_init: bool,
) -> Tensor:
    """A signal (*, L) whose spectrogram is near ``specgram`` (*, F, T), |spectrum| ** power.

    Phases are drawn, or 0 without ``rand_init``, and made consistent ``n_iter`` times (D. Griffin
    and J. Lim, 1984; with ``momentum``: N. Perraudin et al., 2013). Raises ValueError for a
    momentum outside [0, 1).
    """
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must be in range [0, 1). Found: {momentum}")
    share = momentum / (1 + momentum)
    shape = specgram.shape
    size = specgram.reshape(-1, *shape[-2:]).pow(1 / power)
    kind = torch.complex128 if size.dtype == torch.float64 else torch.complex64
    turns = torch.rand(size.shape, dtype=kind) if rand_init else torch.ones(size.shape, dtype=kind)

    def signal(turns: Tensor) -> Tensor:
        return torch.istft(size * turns, n_fft, hop_length, win_length, window, length=length)

    previous = None
    for _ in range(n_iter):
        found = torch.stft(
            signal(turns), n_fft, hop_length, win_length, window, return_complex=True
        )
        turns = found if previous is None else found - previous * share
        turns = turns / (turns.abs() + 1e-16)
        previous = found
    result = signal(turns)
    return result.reshape(*shape[:-2], result.shape[-1])


def stretched(
    waveform: Tensor, rate: float, n_fft: int, win_length: int, hop_length: int, window: Tensor
) -> Tensor:
    """(*, L) -> (N, L / rate): ``rate`` times as fast."""
    rows = waveform.reshape(-1, waveform.shape[-1])
    spectrum = torch.stft(rows, n_fft, hop_length, win_length, window, return_complex=True)
    advance = torch.linspace(0, math.pi * hop_length, spectrum.shape[-2])[:, None]
    moved = phase_vocoder(spectrum, rate, advance)
    length = round(rows.shape[-1] / rate)
    return torch.istft(moved, n_fft, hop_length, win_length, window, length=length)


def pitch_shift(
    waveform: Tensor,
    sample_rate: int,
    n_steps: int,
    bins_per_octave: int = 12,
    n_fft: int = 512,
    win_length: int | None = None,
    hop_length: int | None = None,
    window: Tensor | None = None,
) -> Tensor:
    """(*, L) -> (*, L): ``n_steps`` (of ``bins_per_octave``) higher, as fast as before."""
    width = n_fft if win_length is None else win_length
    rate = 2.0 ** (-float(n_steps) / bins_per_octave)
    slow = stretched(
        waveform, rate, n_fft, width, n_fft // 4 if hop_length is None else hop_length,
        torch.hann_window(width) if window is None else window,
    )  # fmt: skip
    shifted = resample(slow, int(sample_rate / rate), sample_rate)
    count = waveform.shape[-1]
    missing = max(count - shifted.shape[-1], 0)
    return nn_functional.pad(shifted[..., :count], [0, missing]).reshape(waveform.shape)
