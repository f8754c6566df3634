"""torch.signal.windows: the functions of tensor/functions/windows.py under their names.

>>> import rushlight as torch
>>> torch.signal.windows.hann(5)
tensor([0.0000, 0.5000, 1.0000, 0.5000, 0.0000])
"""

from __future__ import annotations

from rushlight.tensor.functions.windows import WINDOWS

globals().update(WINDOWS)

__all__ = [*WINDOWS]
