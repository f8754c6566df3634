"""Back from spectrograms: to frequencies, and to a signal."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio.transforms.spectral import Window, hann
from rushlight.nn import Module
from rushlight.tensor import Tensor

_DRIVERS = ["gels", "gelsy", "gelsd", "gelss"]


class GriffinLim(Module):
    """(*, n_fft // 2 + 1, frames) -> (*, L): a signal that has about this spectrogram.

    ``functional.griffinlim`` with a window made once. Raises ValueError for a momentum outside
    [0, 1).
    """

    def __init__(
        self,
        n_fft: int = 400,
        n_iter: int = 32,
        win_length: int | None = None,
        hop_length: int | None = None,
        window_fn: Window = hann,
        power: float = 2.0,
        wkwargs: dict[str, Any] | None = None,
        momentum: float = 0.99,
        length: int | None = None,
        rand_init: bool = True,
    ) -> None:
        super().__init__()
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in the range [0, 1). Found: {momentum}")
        self.n_fft = n_fft
        self.n_iter = n_iter
        self.win_length = win_length if win_length is not None else n_fft
        self.hop_length = hop_length if hop_length is not None else self.win_length // 2
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))
        self.length = length
        self.power = power
        self.momentum = momentum
        self.rand_init = rand_init

    def forward(self, specgram: Tensor) -> Tensor:
        """The signal."""
        return F.griffinlim(
            specgram, self.window, self.n_fft, self.hop_length, self.win_length, self.power,
            self.n_iter, self.momentum, self.length, self.rand_init,
        )  # fmt: skip


class InverseMelScale(Module):
    """(*, n_mels, T) -> (*, n_stft, T): frequencies, none negative, that give these mel bands.

    The smallest of all that do, by least squares. Raises ValueError for another number of bands.
    """

    def __init__(
        self,
        n_stft: int,
        n_mels: int = 128,
        sample_rate: int = 16000,
        f_min: float = 0.0,
        f_max: float | None = None,
        norm: str | None = None,
        mel_scale: str = "htk",
        driver: str = "gels",
    ) -> None:
        super().__init__()
        self.n_stft = n_stft
        self.n_mels = n_mels
        self.sample_rate = sample_rate
        self.f_max = f_max or float(sample_rate // 2)
        self.f_min = f_min
        self.norm = norm
        self.mel_scale = mel_scale
        self.driver = driver
        if f_min > self.f_max:
            raise ValueError(f"Require f_min: {f_min} <= f_max: {self.f_max}")
        if driver not in _DRIVERS:
            raise ValueError(f"driver must be one of {_DRIVERS}. Found {driver}.")
        banks = F.melscale_fbanks(n_stft, f_min, self.f_max, n_mels, sample_rate, norm, mel_scale)
        self.register_buffer("fb", banks)

    def forward(self, melspec: Tensor) -> Tensor:
        """The spectrogram."""
        shape = melspec.shape
        if shape[-2] != self.n_mels:
            raise ValueError(f"Expected an input with {self.n_mels} mel bins. Found: {shape[-2]}")
        packed = melspec.reshape(-1, *shape[-2:])
        found = torch.linalg.lstsq(self.fb.transpose(-1, -2)[None], packed, driver=self.driver)
        return torch.relu(found.solution).reshape(*shape[:-2], -1, shape[-1])
