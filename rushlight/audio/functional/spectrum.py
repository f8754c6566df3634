"""Short-time spectra: a windowed piece of the signal every few samples, and its frequencies."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor, from_numpy


def spectrogram(
    waveform: Tensor,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    power: float | None,
    normalized: bool | str,
    center: bool = True,
    pad_mode: str = "reflect",
    onesided: bool = True,
    return_complex: bool | None = None,
) -> Tensor:
    """|spectrum| ** power of each frame: (*, L) -> (*, n_fft // 2 + 1, frames); complex for None.

    Frame t is ``window`` times the samples around t * hop_length (from there on with
    ``center=False``); the signal is extended by ``pad`` zeros at both ends first, and by half a
    frame in ``pad_mode``. ``normalized`` divides by the window's norm (True, "window") or by
    sqrt(n_fft) ("frame_length").

    >>> tone = torch.sin(torch.arange(1600) * 2 * torch.pi * 0.125)
    >>> s = spectrogram(tone, 0, torch.hann_window(400), 400, 200, 400, 2.0, False)
    >>> s.shape, int(s[:, 4].argmax())
    (torch.Size([201, 9]), 50)
    """
    if return_complex is not None:
        warn("spectrogram: return_complex has no effect; power=None asks for a complex result")
    by_frame, by_window = _norms(normalized)
    if pad > 0:
        waveform = nn_functional.pad(waveform, (pad, pad), "constant")
    shape = waveform.shape
    if power is None:
        found = torch.stft(
            waveform.reshape(-1, shape[-1]), n_fft, hop_length, win_length, window, center,
            pad_mode, by_frame, onesided, return_complex=True,
        )  # fmt: skip
        found = found / window.square().sum().sqrt() if by_window else found
        return found.reshape(*shape[:-1], *found.shape[-2:])
    real, imaginary = _stft(
        waveform.reshape(-1, shape[-1]), n_fft, hop_length, win_length, window, center, pad_mode,
        onesided,
    )  # fmt: skip
    scale = 1.0
    if by_frame:
        scale = n_fft**-0.5
    squares = (real.square() + imaginary.square()) * (scale * scale)
    if by_window:
        squares = squares / window.square().sum()
    result = squares if power == 2.0 else _root(squares).pow(power)
    return result.transpose(-1, -2).reshape(*shape[:-1], result.shape[-1], result.shape[-2])


def inverse_spectrogram(
    spectrogram: Tensor,
    length: int | None,
    pad: int,
    window: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    normalized: bool | str,
    center: bool = True,
    pad_mode: str = "reflect",
    onesided: bool = True,
) -> Tensor:
    """The signal of a complex spectrogram (``power=None``): (*, frequencies, frames) -> (*, L).

    The arguments are those that made it; ``length`` is the signal's, without ``pad``. Raises
    ValueError for a spectrogram that is not complex.

    >>> tone, window = torch.sin(torch.arange(1600) * 0.1), torch.hann_window(400)
    >>> s = spectrogram(tone, 0, window, 400, 200, 400, None, False)
    >>> again = inverse_spectrogram(s, 1600, 0, window, 400, 200, 400, False)
    >>> torch.allclose(again, tone, atol=1e-5)
    True
    """
    by_frame, by_window = _norms(normalized)
    if not spectrogram.is_complex():
        raise ValueError("Expected `spectrogram` to be complex dtype.")
    if by_window:
        spectrogram = spectrogram * window.square().sum().sqrt()
    shape = spectrogram.shape
    found = torch.istft(
        spectrogram.reshape(-1, *shape[-2:]), n_fft, hop_length, win_length, window, center,
        by_frame, onesided, length=None if length is None else length + 2 * pad,
    )  # fmt: skip
    if length is not None and pad > 0:
        found = found[:, pad:-pad]
    return found.reshape(*shape[:-2], found.shape[-1])


def _root(squares: Tensor) -> Tensor:
    """The square root, with a gradient of zero where there is nothing: as abs of complex has."""
    there = squares > 0
    return torch.where(there, torch.where(there, squares, 1.0).sqrt(), 0.0)


def _norms(normalized: bool | str) -> tuple[bool, bool]:
    """(by sqrt(n_fft), by the window's norm)."""
    if isinstance(normalized, bool):
        return False, normalized
    if not isinstance(normalized, str):
        raise TypeError(f"normalized: a bool or str is needed, got {type(normalized).__name__}")
    if normalized not in ("frame_length", "window"):
        raise ValueError(f"Invalid normalized parameter: {normalized}")
    return normalized == "frame_length", normalized == "window"


def _stft(
    signal: Tensor,
    n_fft: int,
    hop_length: int,
    win_length: int,
    window: Tensor,
    center: bool,
    pad_mode: str,
    onesided: bool,
) -> tuple[Tensor, Tensor]:
    """Real and imaginary part (N, frames, frequencies) of the short-time Fourier transform."""
    if not 0 < win_length <= n_fft or hop_length <= 0 or window.shape != (win_length,):
        raise RuntimeError(
            f"stft: 0 < win_length <= n_fft, hop_length > 0 and a window (win_length,) are needed; "
            f"got n_fft={n_fft}, hop_length={hop_length}, win_length={win_length} and a window "
            f"{tuple(window.shape)}"
        )
    if center:
        half = n_fft // 2
        signal = nn_functional.pad(signal[:, None], (half, half), pad_mode)[:, 0]
    if signal.shape[-1] < n_fft:
        raise RuntimeError(
            f"stft: expected 0 < n_fft <= {signal.shape[-1]} (the padded signal), got n_fft={n_fft}"
        )
    if win_length < n_fft:
        left = (n_fft - win_length) // 2
        window = nn_functional.pad(window, (left, n_fft - win_length - left))
    frames = signal.unfold(-1, n_fft, hop_length) * window  # (N, frames, n_fft)
    waves = _waves(n_fft, n_fft // 2 + 1 if onesided else n_fft)
    cosine, sine = (from_numpy(part).to(signal.dtype) for part in waves)
    return frames @ cosine, -(frames @ sine)


@lru_cache(maxsize=8)
def _waves(n_fft: int, count: int) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of 2 pi t k / n_fft, (n_fft, count); angles reduced before they are rounded."""
    steps = np.outer(np.arange(n_fft), np.arange(count)) % n_fft
    angles = steps * (2 * np.pi / n_fft)
    return np.cos(angles), np.sin(angles)
