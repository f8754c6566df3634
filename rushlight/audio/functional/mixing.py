"""Signals folded with each other, noise on top of them, played faster."""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.audio.functional.filtering import lfilter
from rushlight.audio.functional.resampling import resample
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor

MODES = ["full", "valid", "same"]


def check_mode(mode: str) -> None:
    """Raise ValueError unless ``mode`` says which part of a convolution is wanted."""
    if mode not in MODES:
        raise ValueError(f"Unrecognized mode value '{mode}'. Please specify one of {MODES}.")


def _check_pair(x: Tensor, y: Tensor, mode: str) -> None:
    if x.ndim != y.ndim:
        raise ValueError(f"The operands must be the same dimension (got {x.ndim} and {y.ndim}).")
    if any(m != n and 1 not in (m, n) for m, n in zip(x.shape[:-1], y.shape[:-1], strict=True)):
        raise ValueError(
            f"Leading dimensions of x and y are not broadcastable (got {x.shape} and {y.shape})."
        )
    check_mode(mode)


def _part(whole: Tensor, m: int, n: int, mode: str) -> Tensor:
    """Of a convolution of m and n samples: all, where they overlap fully, or m in the middle."""
    if mode == "full":
        return whole
    length = abs(m - n) + 1 if mode == "valid" else m
    start = (whole.shape[-1] - length) // 2
    return whole[..., start : start + length]


def fftconvolve(x: Tensor, y: Tensor, mode: str = "full") -> Tensor:
    """``convolve`` through spectra: quicker for two long signals."""
    _check_pair(x, y, mode)
    m, n = x.shape[-1], y.shape[-1]
    product = torch.fft.rfft(x, n=m + n - 1) * torch.fft.rfft(y, n=m + n - 1)
    return _part(torch.fft.irfft(product, n=m + n - 1), m, n, mode)


def convolve(x: Tensor, y: Tensor, mode: str = "full") -> Tensor:
    """The convolution along the last axis: (*, M), (*, N) -> (*, M + N - 1).

    "valid" gives the |M - N| + 1 samples where both overlap fully, "same" M in the middle. Raises
    ValueError for another mode, or leading axes that do not broadcast.

    >>> convolve(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0, 100.0]))
    tensor([  1.,  12., 120., 200.])
    """
    _check_pair(x, y, mode)
    m, n = x.shape[-1], y.shape[-1]
    long, short = (x, y) if m >= n else (y, x)
    batch = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    rows = long.broadcast_to((*batch, long.shape[-1])).reshape(-1, long.shape[-1])
    taps = short.broadcast_to((*batch, short.shape[-1])).reshape(-1, 1, short.shape[-1])
    whole = nn_functional.conv1d(
        rows, taps.flip(-1), groups=rows.shape[0], padding=short.shape[-1] - 1
    )
    return _part(whole.reshape(*batch, -1), m, n, mode)


def add_noise(
    waveform: Tensor, noise: Tensor, snr: Tensor, lengths: Tensor | None = None
) -> Tensor:
    """``waveform`` (*, L) with ``noise`` (*, L), ``snr`` (*) decibels softer.

    ``lengths`` (*) says how many samples count for how loud each is. Raises ValueError for shapes
    that do not fit.
    """
    ranks = {waveform.ndim - 1, noise.ndim - 1, snr.ndim}
    if len(ranks | ({lengths.ndim} if lengths is not None else set())) != 1:
        raise ValueError("Input leading dimensions don't match.")
    count = waveform.shape[-1]
    if count != noise.shape[-1]:
        raise ValueError(
            "Length dimensions of waveform and noise don't match "
            f"(got {count} and {noise.shape[-1]})."
        )
    heard, over = waveform, noise
    if lengths is not None:
        inside = torch.arange(count) < lengths[..., None]
        heard, over = waveform * inside, noise * inside
    signal, disturbance = (
        torch.linalg.vector_norm(each, ord=2, dim=-1) ** 2 for each in (heard, over)
    )
    have = 10 * (torch.log10(signal) - torch.log10(disturbance))
    return waveform + (10 ** ((have - snr) / 20.0))[..., None] * noise


def speed_rates(orig_freq: int, factor: float) -> tuple[int, int]:
    """Between which rates a signal is resampled to be ``factor`` times as fast."""
    source, target = int(factor * orig_freq), int(orig_freq)
    common = math.gcd(source, target)
    return source // common, target // common


def speed(
    waveform: Tensor, orig_freq: int, factor: float, lengths: Tensor | None = None
) -> tuple[Tensor, Tensor | None]:
    """(the signal ``factor`` times as fast, and higher; its new ``lengths``)."""
    source, target = speed_rates(orig_freq, factor)
    return resample(waveform, source, target), new_lengths(lengths, source, target)


def new_lengths(lengths: Tensor | None, source: int, target: int) -> Tensor | None:
    """How long signals of ``lengths`` are at another rate."""
    if lengths is None:
        return None
    return torch.ceil(lengths * target / source).to(lengths.dtype)


def preemphasis(waveform: Tensor, coeff: float = 0.97) -> Tensor:
    """x[t] - coeff * x[t - 1]: high frequencies up.

    >>> preemphasis(torch.tensor([1.0, 1.0, 0.0]), 0.5)
    tensor([ 1.0000,  0.5000, -0.5000])
    """
    return torch.cat([waveform[..., :1], waveform[..., 1:] - coeff * waveform[..., :-1]], -1)


def deemphasis(waveform: Tensor, coeff: float = 0.97) -> Tensor:
    """Undo ``preemphasis``; the result is kept in -1 to 1."""
    a, b = (torch.tensor(row, dtype=waveform.dtype) for row in ([1.0, -coeff], [1.0, 0.0]))
    return lfilter(waveform, a, b)
