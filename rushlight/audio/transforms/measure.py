"""What a signal is like, as modules: centre of frequencies, loudness, linear cepstrum."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio.transforms.spectral import AmplitudeToDB, Spectrogram, Window, hann
from rushlight.nn import Module
from rushlight.tensor import Tensor


class SpectralCentroid(Module):
    """(*, L) -> (*, frames): the mean frequency of each frame in Hertz."""

    def __init__(
        self,
        sample_rate: int,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: Window = hann,
        wkwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length if win_length is not None else n_fft
        self.hop_length = hop_length if hop_length is not None else self.win_length // 2
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))
        self.pad = pad

    def forward(self, waveform: Tensor) -> Tensor:
        """The frequencies."""
        return F.spectral_centroid(
            waveform, self.sample_rate, self.pad, self.window, self.n_fft, self.hop_length,
            self.win_length,
        )  # fmt: skip


class SlidingWindowCmn(Module):
    """(*, T, F) -> (*, T, F): each frame less the mean of those around or before."""

    def __init__(
        self,
        cmn_window: int = 600,
        min_cmn_window: int = 100,
        center: bool = False,
        norm_vars: bool = False,
    ) -> None:
        super().__init__()
        self.cmn_window = cmn_window
        self.min_cmn_window = min_cmn_window
        self.center = center
        self.norm_vars = norm_vars

    def forward(self, specgram: Tensor) -> Tensor:
        """The same shape."""
        return F.sliding_window_cmn(
            specgram, self.cmn_window, self.min_cmn_window, self.center, self.norm_vars
        )


class Loudness(Module):
    """(*, C, L) -> (*): how loud people hear it, in LKFS (ITU-R BS.1770-4)."""

    def __init__(self, sample_rate: int) -> None:
        super().__init__()
        self.sample_rate = sample_rate

    def forward(self, wavefrom: Tensor) -> Tensor:
        """The loudness."""
        return F.loudness(wavefrom, self.sample_rate)


class LFCC(Module):
    """(*, L) -> (*, n_lfcc, frames): as ``MFCC``, over bands of equal width.

    Raises ValueError for more coefficients than ``n_fft``.
    """

    def __init__(
        self,
        sample_rate: int = 16000,
        n_filter: int = 128,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_lfcc: int = 40,
        dct_type: int = 2,
        norm: str = "ortho",
        log_lf: bool = False,
        speckwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if dct_type != 2:
            raise ValueError(f"DCT type not supported: {dct_type}")
        self.sample_rate = sample_rate
        self.f_min = f_min
        self.f_max = f_max if f_max is not None else float(sample_rate // 2)
        self.n_filter = n_filter
        self.n_lfcc = n_lfcc
        self.dct_type = dct_type
        self.norm = norm
        self.top_db = 80.0
        self.amplitude_to_DB = AmplitudeToDB("power", self.top_db)
        self.Spectrogram = Spectrogram(**(speckwargs or {}))
        n_fft = self.Spectrogram.n_fft
        if n_lfcc > n_fft:
            raise ValueError("Cannot select more LFCC coefficients than # fft bins")
        bands = F.linear_fbanks(n_fft // 2 + 1, f_min, self.f_max, n_filter, sample_rate)
        self.register_buffer("filter_mat", bands)
        self.register_buffer("dct_mat", F.create_dct(n_lfcc, n_filter, norm))
        self.log_lf = log_lf

    def forward(self, waveform: Tensor) -> Tensor:
        """The coefficients."""
        bands = (self.Spectrogram(waveform).transpose(-1, -2) @ self.filter_mat).transpose(-1, -2)
        level = torch.log(bands + 1e-6) if self.log_lf else self.amplitude_to_DB(bands)
        return (level.transpose(-1, -2) @ self.dct_mat).transpose(-1, -2)
