"""Rooms, noise and emphasis: signals folded with others, and with others on top."""

from __future__ import annotations

from rushlight.audio import functional as F
from rushlight.audio.functional.mixing import check_mode
from rushlight.nn import Module
from rushlight.tensor import Tensor


class AddNoise(Module):
    """``waveform`` with noise, so many decibels softer: ``functional.add_noise``."""

    def forward(
        self, waveform: Tensor, noise: Tensor, snr: Tensor, lengths: Tensor | None = None
    ) -> Tensor:
        """(*, L)."""
        return F.add_noise(waveform, noise, snr, lengths)


class Convolve(Module):
    """The convolution of two signals: "full", "valid" or "same"."""

    def __init__(self, mode: str = "full") -> None:
        check_mode(mode)
        super().__init__()
        self.mode = mode

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(*, M), (*, N) -> (*, M + N - 1) if full."""
        return F.convolve(x, y, mode=self.mode)


class FFTConvolve(Convolve):
    """As ``Convolve``, through spectra."""

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """(*, M), (*, N) -> (*, M + N - 1) if full."""
        return F.fftconvolve(x, y, mode=self.mode)


class Preemphasis(Module):
    """x[t] - coeff * x[t - 1]."""

    def __init__(self, coeff: float = 0.97) -> None:
        super().__init__()
        self.coeff = coeff

    def forward(self, waveform: Tensor) -> Tensor:
        """The same shape."""
        return F.preemphasis(waveform, coeff=self.coeff)


class Deemphasis(Module):
    """``Preemphasis`` undone."""

    def __init__(self, coeff: float = 0.97) -> None:
        super().__init__()
        self.coeff = coeff

    def forward(self, waveform: Tensor) -> Tensor:
        """The same shape."""
        return F.deemphasis(waveform, coeff=self.coeff)
