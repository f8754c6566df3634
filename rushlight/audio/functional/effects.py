"""What makes a recording sound otherwise: contrast, overdrive, dither (as the program SoX does)."""

from __future__ import annotations

import math

import rushlight as torch
from rushlight.audio.functional.filtering import lfilter
from rushlight.tensor import Tensor

_BITS = 16  # that ``dither`` quantises to


def contrast(waveform: Tensor, enhancement_amount: float = 75.0) -> Tensor:
    """Sound louder than it is; ``enhancement_amount`` is 0 to 100, ValueError otherwise."""
    if not 0 <= enhancement_amount <= 100:
        raise ValueError("Allowed range of values for enhancement_amount : 0-100")
    angle = waveform * (math.pi / 2)
    return torch.sin(angle + enhancement_amount / 750.0 * torch.sin(angle * 4))


def dcshift(waveform: Tensor, shift: float, limiter_gain: float | None = None) -> Tensor:
    """``waveform + shift`` in -1 to 1; peaks are pressed together where there is a limiter."""
    moved = (waveform + shift).clamp(-1, 1)
    if limiter_gain is None or shift == 0:
        return moved
    side = 1.0 if shift > 0 else -1.0
    edge = 1.0 - (abs(shift) - limiter_gain)
    above = side * waveform  # the same on both sides, mirrored
    pressed = (above - edge) * limiter_gain / (1 - edge) + edge + abs(shift)
    return torch.where(above > edge, side * pressed.clamp(max=edge), moved)


def overdrive(waveform: Tensor, gain: float = 20, colour: float = 20) -> Tensor:
    """Distortion of an amplifier; ``colour`` adds even harmonics."""
    loud = waveform * 10 ** (gain / 20) + colour / 200
    bent = torch.where(loud.abs() > 1, loud.sign() * (2 / 3), loud - loud**3 * (1 / 3))
    # What does not change is taken out.
    passed = lfilter(
        bent, torch.tensor([1.0, -0.995], dtype=bent.dtype),
        torch.tensor([1.0, -1.0], dtype=bent.dtype), clamp=False,
    )  # fmt: skip
    return (waveform * 0.5 + passed * 0.75).clamp(-1, 1)


def dither(waveform: Tensor, density_function: str = "TPDF", noise_shaping: bool = False) -> Tensor:
    """16 bits with a little added before rounding: "TPDF" (a triangle), "RPDF" or "GPDF".

    ``noise_shaping`` adds each sample's error to the next.
    """
    rows = waveform.reshape(-1, waveform.shape[-1])
    rounded = torch.round(rows * (2 ** (_BITS - 1) - 2) + _added(rows, density_function))
    result = rounded / 2 ** (_BITS - 1)
    if noise_shaping:
        error = result - rows
        result = result + torch.cat((torch.zeros_like(error[:, :1]), error[:, :-1]), 1)
    return result.reshape(waveform.shape)


def _added(rows: Tensor, density_function: str) -> Tensor:
    """What is added: a triangle over time, or one number out of the samples themselves."""
    channels, last = rows.shape[0] - 1, rows.shape[1] - 1
    # Drawn for a triangle too.
    channel = int(torch.randint(channels, (1,))) if channels > 0 else 0
    time = int(torch.randint(last, (1,))) if last > 0 else 0
    if density_function == "RPDF":
        return rows[channel, time] - 0.5
    if density_function != "GPDF":
        return torch.bartlett_window(last + 1, dtype=rows.dtype)
    total = rows[channel, time]
    for _ in range(6):
        channel = int(torch.randint(channels, (1,)))
        total = total + rows[channel, int(torch.randint(last, (1,)))]
    return total
