"""torch.fft: the functions of tensor/functions/fft.py and frequencies.py under their names.

>>> import rushlight as torch
>>> torch.fft.fft(torch.tensor([1.0, 2.0, 3.0, 4.0]))
tensor([10.+0.j, -2.+2.j, -2.+0.j, -2.-2.j])
"""

from __future__ import annotations

from rushlight.tensor.functions import frequencies as frequencies  # it adds its names to FFT
from rushlight.tensor.functions.fft import FFT

globals().update(FFT)

__all__ = [*FFT]
