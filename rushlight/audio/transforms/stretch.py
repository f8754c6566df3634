"""Recordings slower, faster, higher and lower."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio.functional.mixing import new_lengths, speed_rates
from rushlight.audio.transforms.level import Resample
from rushlight.audio.transforms.spectral import Window, hann
from rushlight.base.warn import warn
from rushlight.nn import Module, ModuleList
from rushlight.tensor import Tensor


class TimeStretch(Module):
    """(*, F, T) complex -> (*, F, ceil(T / rate)): faster or slower, as high as before.

    The rate is ``fixed_rate`` or given each time; ValueError if it is neither.
    """

    def __init__(
        self, hop_length: int | None = None, n_freq: int = 201, fixed_rate: float | None = None
    ) -> None:
        super().__init__()
        self.fixed_rate = fixed_rate
        hop = hop_length if hop_length is not None else n_freq - 1
        self.register_buffer("phase_advance", torch.linspace(0, math.pi * hop, n_freq)[..., None])

    def forward(self, complex_specgrams: Tensor, overriding_rate: float | None = None) -> Tensor:
        """The stretched spectrogram."""
        if not torch.is_complex(complex_specgrams):
            warn(
                "The input to TimeStretch must be complex type. Providing non-complex tensor "
                "produces invalid results."
            )
        rate = self.fixed_rate if overriding_rate is None else overriding_rate
        if rate is None:
            raise ValueError(
                "If no fixed_rate is specified, must pass a valid rate to the forward method."
            )
        return F.phase_vocoder(complex_specgrams, rate, self.phase_advance)


class PitchShift(Module):
    """(*, L) -> (*, L): higher by ``n_steps`` of an octave's ``bins_per_octave``."""

    def __init__(
        self,
        sample_rate: int,
        n_steps: int,
        bins_per_octave: int = 12,
        n_fft: int = 512,
        win_length: int | None = None,
        hop_length: int | None = None,
        window_fn: Window = hann,
        wkwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__()
        self.n_steps = n_steps
        self.bins_per_octave = bins_per_octave
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length if win_length is not None else n_fft
        self.hop_length = hop_length if hop_length is not None else self.win_length // 4
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))

    def forward(self, waveform: Tensor) -> Tensor:
        """The signal, as long as before."""
        return F.pitch_shift(
            waveform, self.sample_rate, self.n_steps, self.bins_per_octave, self.n_fft,
            self.win_length, self.hop_length, self.window,
        )  # fmt: skip


class Speed(Module):
    """(*, L) -> (the signal ``factor`` times as fast, and higher; its new lengths or None)."""

    def __init__(self, orig_freq: int, factor: float) -> None:
        super().__init__()
        self.orig_freq = orig_freq
        self.factor = factor
        self.source_sample_rate, self.target_sample_rate = speed_rates(orig_freq, factor)
        self.resampler = Resample(self.source_sample_rate, self.target_sample_rate)

    def forward(
        self, waveform: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The signal and its lengths."""
        changed = new_lengths(lengths, self.source_sample_rate, self.target_sample_rate)
        return self.resampler(waveform), changed


class SpeedPerturbation(Module):
    """One of ``factors``, drawn for each call, as ``Speed`` (T. Ko et al., Interspeech 2015)."""

    def __init__(self, orig_freq: int, factors: Sequence[float]) -> None:
        super().__init__()
        self.speeders = ModuleList([Speed(orig_freq, factor) for factor in factors])

    def forward(
        self, waveform: Tensor, lengths: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """The signal and its lengths."""
        drawn = int(torch.randint(len(self.speeders), ()))
        return self.speeders[drawn](waveform, lengths)
