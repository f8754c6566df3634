"""The one place that imports ml_dtypes, and only when NumPy has to hold a bfloat16: 7 ms."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np


def numpy_dtype() -> np.dtype[Any]:
    """NumPy's dtype of bfloat16, which ml_dtypes adds.

    >>> numpy_dtype().itemsize
    2
    """
    made: np.dtype[Any] = np.dtype(importlib.import_module("ml_dtypes").bfloat16)
    return made
