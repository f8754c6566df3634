"""What a signal is like: its centre of frequencies, its pitch, its loudness, its mean taken out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight.audio.functional.biquads import highpass_biquad, treble_biquad
from rushlight.audio.functional.spectrum import spectrogram
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor


def spectral_centroid(
    waveform: Tensor,
    sample_rate: int,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
) -> Tensor:
    """The mean frequency in Hertz of each frame, by amplitude: (*, L) -> (*, frames)."""
    size = spectrogram(waveform, pad, window, n_fft, hop_length, win_length, 1.0, False)
    frequencies = torch.linspace(0, sample_rate // 2, 1 + n_fft // 2)[:, None]
    return (frequencies * size).sum(-2) / size.sum(-2)


def sliding_window_cmn(
    specgram: Tensor,
    cmn_window: int = 600,
    min_cmn_window: int = 100,
    center: bool = False,
    norm_vars: bool = False,
) -> Tensor:
    """Less the mean of the frames around or before: (*, T, F) -> (*, T, F).

    The window is of ``cmn_window`` frames, around the frame with ``center``; at the start it has
    ``min_cmn_window`` at least. ``norm_vars`` divides by the standard deviation too.
    """
    count = specgram.shape[-2]
    starts, ends = zip(
        *(_window(at, count, cmn_window, min_cmn_window, center) for at in range(count)),
        strict=True,
    ) if count else ((), ())  # fmt: skip
    first, last = torch.tensor(starts, dtype=torch.int64), torch.tensor(ends, dtype=torch.int64)
    frames = (last - first)[:, None]

    def over_windows(values: Tensor) -> Tensor:
        sums = nn_functional.pad(values.double().cumsum(-2), (0, 0, 1, 0))
        return sums[..., last, :] - sums[..., first, :]

    total = over_windows(specgram)
    result = specgram - (total / frames).to(specgram.dtype)
    if not norm_vars:
        return result
    variance = over_windows(specgram**2) / frames - total**2 / frames**2
    scaled = result * variance.pow(-0.5).to(specgram.dtype)
    return torch.where(frames == 1, torch.zeros_like(scaled), scaled)


def _window(at: int, count: int, size: int, least: int, center: bool) -> tuple[int, int]:
    """The first frame that counts for frame ``at``, and the one after the last."""
    start = at - size // 2 if center else at - size
    end = start + size if center else at + 1
    if start < 0:
        start, end = 0, end - start
    if not center and end > at:
        end = max(at + 1, least)
    if end > count:
        start, end = max(start - (end - count), 0), count
    return start, end


def loudness(waveform: Tensor, sample_rate: int) -> Tensor:
    """How loud people hear (*, C, L), in LKFS: (*). Up to five channels, ValueError otherwise.

    The formula: ITU-R BS.1770-4, blocks of 0.4 s, those softer than -70 LKFS and those 10 softer
    than the mean left out.
    """
    if waveform.shape[-2] > 5:
        raise ValueError("Only up to 5 channels are supported.")
    block = round(0.4 * sample_rate)
    heard = treble_biquad(waveform, sample_rate, 4.0, 1500.0, 1 / math.sqrt(2))
    heard = highpass_biquad(heard, sample_rate, 38.0, 0.5)
    energy = heard.square().unfold(-1, block, round(block * 0.25)).mean(-1)  # (*, C, blocks)
    weights = torch.tensor([1.0, 1.0, 1.0, 1.41, 1.41], dtype=waveform.dtype)[: energy.shape[-2]]

    def level(energies: Tensor, dim: int) -> Tensor:
        shaped = weights[:, None] if dim == -2 else weights
        return -0.691 + 10 * torch.log10((shaped * energies).sum(dim))

    def mean_where(kept: Tensor) -> Tensor:
        kept = kept.unsqueeze(-2)
        return (kept * energy).sum(-1) / torch.count_nonzero(kept, dim=-1)

    of_blocks = level(energy, -2)
    loud = of_blocks > -70.0
    gate = level(mean_where(loud), -1) - 10
    return level(mean_where(loud & (of_blocks > gate.unsqueeze(-1))), -1)


def detect_pitch_frequency(
    waveform: Tensor,
    sample_rate: int,
    frame_time: float = 10 ** (-2),
    win_length: int = 30,
    freq_low: int = 85,
    freq_high: int = 3400,
) -> Tensor:
    """The pitch in Hertz of each frame of ``frame_time`` seconds: (*, L) -> (*, frames).

    The lag at which a frame is most like what follows, smoothed by a median over ``win_length``.
    """
    lags = math.ceil(sample_rate / freq_low)
    size = math.ceil(sample_rate * frame_time)
    shape = waveform.shape
    frames = math.ceil(shape[-1] / size)
    rows = nn_functional.pad(waveform.reshape(-1, shape[-1]), (0, lags + frames * size - shape[-1]))
    pieces = rows.unfold(-1, size, 1)  # (N, starts, size)
    starts = torch.arange(frames) * size
    here = pieces[:, starts][:, :, None]
    later = pieces[:, starts[:, None] + torch.arange(1, lags + 1)]  # (N, frames, lags, size)
    tiny = 1e-9
    likeness = (here * later).sum(-1)
    for each in (here, later):
        likeness = likeness / (tiny + torch.linalg.vector_norm(each, ord=2, dim=-1)).pow(2)
    shortest = math.ceil(sample_rate / freq_high)
    best, place = likeness[..., shortest:].max(-1)
    # A lag of half as long is as good: an octave higher rather than lower.
    half, nearer = likeness[..., shortest : lags // 2].max(-1)
    lag = torch.where(half > 0.99 * best, nearer, place) + shortest + 1
    before = (win_length - 1) // 2
    padded = torch.cat([lag[:, :1].expand(-1, before), lag], -1)
    smooth = padded.unfold(-1, win_length, 1).median(-1)[0]
    return (sample_rate / (tiny + smooth.float())).reshape(*shape[:-1], -1)


def edit_distance(seq1: Sequence[Any], seq2: Sequence[Any]) -> int:
    """How many elements to insert, delete or replace to turn one into the other (Levenshtein).

    >>> edit_distance("kitten", "sitting")
    3
    """
    row = list(range(len(seq2) + 1))
    for i, first in enumerate(seq1, 1):
        diagonal, row[0] = row[0], i
        for j, second in enumerate(seq2, 1):
            changed = diagonal + (first != second)
            diagonal, row[j] = row[j], min(changed, row[j - 1] + 1, row[j] + 1)
    return row[-1]


def frechet_distance(mu_x: Tensor, sigma_x: Tensor, mu_y: Tensor, sigma_y: Tensor) -> Tensor:
    """How far two normal distributions (D,), (D, D) are apart (D. Dowson and B. Landau, 1982)."""
    if mu_x.ndim != 1 or sigma_x.ndim != 2:
        raise ValueError(
            "Input mu_x must be one-dimensional and sigma_x two-dimensional; got "
            f"{mu_x.ndim} and {sigma_x.ndim}."
        )
    if mu_x.shape != mu_y.shape or sigma_x.shape != sigma_y.shape:
        raise ValueError("Both distributions must be of the same shapes.")
    if sigma_x.shape != (*mu_x.shape, *mu_x.shape):
        raise ValueError("Each of sigma_x's dimensions must match mu_x's size.")
    shared = torch.linalg.eigvals(sigma_x @ sigma_y).sqrt().real.sum()
    return (mu_x - mu_y).square().sum() + sigma_x.trace() + sigma_y.trace() - 2 * shared
