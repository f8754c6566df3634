"""Samples louder and softer, coarser, at another rate."""

from __future__ import annotations

import math
from collections.abc import Callable

import rushlight as torch
from rushlight.audio import functional as F
from rushlight.audio.functional.resampling import apply_kernel, sinc_kernel
from rushlight.base.dtype import dtype as Dtype
from rushlight.nn import Module
from rushlight.tensor import Tensor


class MuLawEncoding(Module):
    """Samples in -1 to 1 to numbers below ``quantization_channels``."""

    def __init__(self, quantization_channels: int = 256) -> None:
        super().__init__()
        self.quantization_channels = quantization_channels

    def forward(self, x: Tensor) -> Tensor:
        """int64 of the same shape."""
        return F.mu_law_encoding(x, self.quantization_channels)


class MuLawDecoding(Module):
    """Numbers below ``quantization_channels`` back to samples in -1 to 1."""

    def __init__(self, quantization_channels: int = 256) -> None:
        super().__init__()
        self.quantization_channels = quantization_channels

    def forward(self, x_mu: Tensor) -> Tensor:
        """Floats of the same shape."""
        return F.mu_law_decoding(x_mu, self.quantization_channels)


class Resample(Module):
    """(*, L) -> (*, ceil(L * new_freq / orig_freq)); the filters are made once.

    >>> Resample(16000, 8000)(torch.zeros(1, 16000)).shape
    torch.Size([1, 8000])
    """

    def __init__(
        self,
        orig_freq: int = 16000,
        new_freq: int = 16000,
        resampling_method: str = "sinc_interp_hann",
        lowpass_filter_width: int = 6,
        rolloff: float = 0.99,
        beta: float | None = None,
        *,
        dtype: Dtype | None = None,
    ) -> None:
        super().__init__()
        self.orig_freq = orig_freq
        self.new_freq = new_freq
        self.gcd = math.gcd(int(orig_freq), int(new_freq))
        self.resampling_method = resampling_method
        self.lowpass_filter_width = lowpass_filter_width
        self.rolloff = rolloff
        self.beta = beta
        if orig_freq != new_freq:
            kernel, self.width = sinc_kernel(
                orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta, dtype
            )
            self.register_buffer("kernel", kernel)

    def forward(self, waveform: Tensor) -> Tensor:
        """The signal at the new rate."""
        if self.orig_freq == self.new_freq:
            return waveform
        return apply_kernel(waveform, self.orig_freq, self.new_freq, self.kernel, self.width)


class Vol(Module):
    """The signal times ``gain`` ("amplitude"), or by "db" or "power"; clipped to -1 to 1."""

    def __init__(self, gain: float, gain_type: str = "amplitude") -> None:
        super().__init__()
        self.gain = gain
        self.gain_type = gain_type
        if gain_type in ("amplitude", "power") and gain < 0:
            raise ValueError("If gain_type = amplitude or power, gain must be positive.")

    def forward(self, waveform: Tensor) -> Tensor:
        """The louder or softer signal."""
        if self.gain_type == "amplitude":
            waveform = waveform * self.gain
        elif self.gain_type == "db":
            waveform = F.gain(waveform, self.gain)
        elif self.gain_type == "power":
            waveform = F.gain(waveform, 10 * math.log10(self.gain))
        return waveform.clamp(-1, 1)


# How loud it is on the way from silence (0) to full (1), and on the way down.
_RISING: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda t: t,
    "exponential": lambda t: torch.pow(2.0, t - 1) * t,
    "logarithmic": lambda t: torch.log10(0.1 + t) + 1,
    "quarter_sine": lambda t: torch.sin(t * math.pi / 2),
    "half_sine": lambda t: torch.sin(t * math.pi - math.pi / 2) / 2 + 0.5,
}
_FALLING: dict[str, Callable[[Tensor], Tensor]] = {
    "linear": lambda t: 1 - t,
    "exponential": lambda t: torch.pow(2.0, -t) * (1 - t),
    "logarithmic": lambda t: torch.log10(1.1 - t) + 1,
    "quarter_sine": lambda t: torch.sin(t * math.pi / 2 + math.pi / 2),
    "half_sine": lambda t: torch.sin(t * math.pi + math.pi / 2) / 2 + 0.5,
}


class Fade(Module):
    """Fade in over the first samples and out over the last.

    ``fade_shape`` is linear, exponential, logarithmic, quarter_sine or half_sine.

    >>> Fade(fade_in_len=3, fade_out_len=2)(torch.ones(6))
    tensor([0.0000, 0.5000, 1.0000, 1.0000, 1.0000, 0.0000])
    """

    def __init__(
        self, fade_in_len: int = 0, fade_out_len: int = 0, fade_shape: str = "linear"
    ) -> None:
        super().__init__()
        if fade_shape not in _RISING:
            raise ValueError(f"fade_shape must be one of {sorted(_RISING)}, got {fade_shape!r}")
        self.fade_in_len = fade_in_len
        self.fade_out_len = fade_out_len
        self.fade_shape = fade_shape

    def forward(self, waveform: Tensor) -> Tensor:
        """The faded signal, (*, L)."""
        length = waveform.shape[-1]
        rising = _RISING[self.fade_shape](torch.linspace(0, 1, self.fade_in_len))
        falling = _FALLING[self.fade_shape](torch.linspace(0, 1, self.fade_out_len))
        start = torch.cat((rising, torch.ones(length - self.fade_in_len))).clamp(0, 1)
        end = torch.cat((torch.ones(length - self.fade_out_len), falling)).clamp(0, 1)
        return start * end * waveform
