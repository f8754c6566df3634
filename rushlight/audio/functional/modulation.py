"""A recording mixed with itself, a moment later, the moment swaying: phaser and flanger (as SoX).

Each sample needs the one before: they are worked out on the host, one time after the other.
"""

from __future__ import annotations

import math

import numpy as np

from rushlight.tensor import Tensor
from rushlight.tensor.modes import is_grad_enabled
from rushlight.utils.data.arrays import Array, array_of, wrap

MOST_CHANNELS = 4
HALF = 0.5


def _values(waveform: Tensor, who: str) -> Array:
    """NotImplementedError where a gradient would be lost."""
    if waveform.requires_grad and is_grad_enabled():
        raise NotImplementedError(f"{who} of a waveform with gradient: detach() it")
    values = array_of(waveform.detach())
    assert values is not None
    return values


def _swaying(count: int, low: float, high: float, start: float, sinusoidal: bool) -> Array:
    """One period of a wave between ``low`` and ``high``, from the part ``start`` of it on."""
    place = (np.arange(count) + int(start * count + HALF)) % count
    if sinusoidal:
        wave = (np.sin(place / count * 2 * math.pi) + 1) / 2
    else:
        ramp = place * 2.0 / count
        wave = np.choose(4 * place // count, (ramp + 0.5, 1.5 - ramp, 1.5 - ramp, ramp - 1.5))
    return np.asarray(wave * (high - low) + low)


def phaser(
    waveform: Tensor, sample_rate: int, gain_in: float = 0.4, gain_out: float = 0.74,
    delay_ms: float = 3.0, decay: float = 0.4, mod_speed: float = 0.5, sinusoidal: bool = True,
) -> Tensor:  # fmt: skip
    """(..., T): each sample plus ``decay`` of a result up to ``delay_ms`` before, between -1 and 1.

    The distance sways ``mod_speed`` times a second, as a sine or (``sinusoidal=False``) a triangle.
    """
    values = _values(waveform, "phaser")
    longest = int(delay_ms * 0.001 * sample_rate + HALF)
    period = int(sample_rate / mod_speed + HALF)
    wave = _swaying(period, 1.0, float(longest), 0.25, sinusoidal)
    back = longest + 1 - np.trunc(wave + HALF).astype(np.int64)
    times = (values * gain_in).reshape(-1, values.shape[-1]).T  # (T, rows)
    result = times.copy()
    # Before the first sample there is silence.
    late = np.zeros((longest + len(times), times.shape[1]), times.dtype)
    for i, sample in enumerate(times):
        result[i] = sample + late[longest + i - back[i % period]]
        late[longest + i] = result[i] * decay
    louder = np.clip(result * gain_out, -1, 1)
    return wrap(np.ascontiguousarray(louder.T).reshape(values.shape))


def flanger(
    waveform: Tensor, sample_rate: int, delay: float = 0.0, depth: float = 2.0, regen: float = 0.0,
    width: float = 71.0, speed: float = 0.5, phase: float = 25.0, modulation: str = "sinusoidal",
    interpolation: str = "linear",
) -> Tensor:  # fmt: skip
    """(..., C, T): the sound and ``width`` percent of it ``delay`` to ``delay + depth`` ms later.

    The distance sways ``speed`` times a second ("sinusoidal" or "triangular"), each channel
    ``phase`` percent of a period behind the one before; ``regen`` percent are fed back. Between
    samples it is read "linear" or "quadratic". Raises ValueError for other words and for more than
    four channels.
    """
    if modulation not in ("sinusoidal", "triangular"):
        raise ValueError(f"flanger: modulation is sinusoidal or triangular, not {modulation!r}")
    if interpolation not in ("linear", "quadratic"):
        raise ValueError(f"flanger: interpolation is linear or quadratic, not {interpolation!r}")
    values = _values(waveform, "flanger")
    channels, length = values.shape[-2:]
    if channels > MOST_CHANNELS:
        raise ValueError(f"flanger: at most {MOST_CHANNELS} channels, not {channels}")
    back, wet = regen / 100, width / 100
    dry = 1.0 / (1 + wet)
    wet = wet / (1 + wet) * (1 - abs(back))
    held = int((delay / 1000 + depth / 1000) * sample_rate + HALF) + 2
    period = int(sample_rate / speed)
    low = float(math.floor(delay / 1000 * sample_rate + HALF))
    wave = _swaying(period, low, held - 2.0, 0.75, modulation == "sinusoidal").astype(np.float32)
    which = np.arange(channels)
    shift = (np.float32(phase / 100) * (which * period).astype(np.float32) + np.float32(HALF)).astype(np.int64)  # fmt: skip  # noqa: E501
    times = np.moveaxis(values.reshape(-1, channels, length), -1, 0)  # (T, rows, C)
    result = np.empty_like(times)
    line = np.zeros((held, *times.shape[1:]), times.dtype)
    last = np.zeros(times.shape[1:], times.dtype)
    for i, sample in enumerate(times):
        distance = wave[(i + shift) % period]
        whole = np.floor(distance)
        part = distance - whole
        line[i % held] = sample + last * back
        places = i - whole.astype(np.int64)
        first, second, third = (line[(places - k) % held, :, which].T for k in range(3))
        if interpolation == "linear":
            last = first + (second - first) * part
        else:
            third, second = third - first, second - first
            bend = third * 0.5 - second
            slope = second * 2 - third * 0.5
            last = first + (bend * part + slope) * part
        result[i] = sample * dry + last * wet
    moved = np.moveaxis(np.clip(result, -1, 1), 0, -1)
    return wrap(np.ascontiguousarray(moved).reshape(values.shape))
