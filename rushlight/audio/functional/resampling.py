"""Another sample rate: the signal between its samples, by sinc functions cut off softly.

J. O. Smith, "Digital Audio Resampling" (CCRMA, Stanford).
"""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.base.dtype import dtype as Dtype
from rushlight.base.warn import warn
from rushlight.nn import functional as nn_functional
from rushlight.tensor import Tensor

OLD_METHODS = {"sinc_interpolation": "sinc_interp_hann", "kaiser_window": "sinc_interp_kaiser"}
KAISER_BETA = 14.769656459379492


def sinc_kernel(
    orig_freq: float,
    new_freq: float,
    lowpass_filter_width: int,
    rolloff: float,
    resampling_method: str,
    beta: float | None,
    dtype: Dtype | None,
) -> tuple[Tensor, int]:
    """A filter for each phase of the new samples: (phases, 1, taps), and its width in samples."""
    if int(orig_freq) != orig_freq or int(new_freq) != new_freq:
        raise ValueError(
            f"resample: frequencies must be whole numbers, got {orig_freq} and {new_freq}; scale "
            "both to whole numbers of the same ratio (8 and 1 for 44100 to 5512.5)"
        )
    if resampling_method in OLD_METHODS:
        warn(f'"{resampling_method}" is now called "{OLD_METHODS[resampling_method]}"')
        resampling_method = OLD_METHODS[resampling_method]
    if resampling_method not in OLD_METHODS.values():
        raise ValueError(f"Invalid resampling method: {resampling_method}")
    if lowpass_filter_width <= 0:
        raise ValueError("Low pass filter width should be positive.")
    old, new = _reduced(orig_freq, new_freq)
    # Below both limits of Nyquist, and a little more: the filter is not infinitely steep.
    base = min(old, new) * rolloff
    width = math.ceil(lowpass_filter_width * old / base)
    exact = torch.float64 if dtype is None else dtype
    samples = torch.arange(-width, width + old, dtype=exact)[None, None] / old
    # torch.arange's own dtype (int64) divides into float32 here where no dtype is asked for.
    phases = torch.arange(0, -new, -1, dtype=dtype)[:, None, None] / new
    t = ((phases + samples) * base).clamp(-lowpass_filter_width, lowpass_filter_width)
    if resampling_method == "sinc_interp_hann":
        window = torch.cos(t * math.pi / lowpass_filter_width / 2) ** 2
    else:
        steep = torch.tensor(float(KAISER_BETA if beta is None else beta))
        inside = torch.sqrt(1 - (t / lowpass_filter_width) ** 2)
        window = torch.i0(steep * inside) / torch.i0(steep)
    t = t * math.pi
    sinc = torch.where(t == 0, 1.0, t.sin() / torch.where(t == 0, 1.0, t))
    kernel = sinc * window * (base / old)
    return (kernel.to(torch.float32) if dtype is None else kernel), width


def apply_kernel(
    waveform: Tensor, orig_freq: float, new_freq: float, kernel: Tensor, width: int
) -> Tensor:
    """(*, L) -> (*, ceil(L * new / old)), each filter every ``old`` samples."""
    if not waveform.is_floating_point():
        raise TypeError(
            f"Expected floating point type for waveform tensor, but received {waveform.dtype}."
        )
    old, new = _reduced(orig_freq, new_freq)
    shape = waveform.shape
    flat = nn_functional.pad(waveform.reshape(-1, shape[-1]), (width, width + old))
    found = nn_functional.conv1d(flat[:, None], kernel, stride=old)  # (N, new, steps)
    found = found.transpose(1, 2).reshape(found.shape[0], -1)
    length = -(-new * shape[-1] // old)
    return found[:, :length].reshape(*shape[:-1], length)


def _reduced(orig_freq: float, new_freq: float) -> tuple[int, int]:
    common = math.gcd(int(orig_freq), int(new_freq))
    return int(orig_freq) // common, int(new_freq) // common


def resample(
    waveform: Tensor,
    orig_freq: int,
    new_freq: int,
    lowpass_filter_width: int = 6,
    rolloff: float = 0.99,
    resampling_method: str = "sinc_interp_hann",
    beta: float | None = None,
) -> Tensor:
    """The signal at another sample rate: (*, L) -> (*, ceil(L * new_freq / orig_freq)).

    Raises ValueError for rates that are not positive whole numbers, TypeError for whole-number
    samples.

    >>> resample(torch.ones(2, 100), 44100, 22050).shape
    torch.Size([2, 50])
    """
    if orig_freq <= 0.0 or new_freq <= 0.0:
        raise ValueError("Original frequency and desired frequecy should be positive")
    if orig_freq == new_freq:
        return waveform
    kernel, width = sinc_kernel(
        orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta, waveform.dtype
    )
    return apply_kernel(waveform, orig_freq, new_freq, kernel, width)
