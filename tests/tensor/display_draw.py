"""Tensors to print, drawn at random: shared by the tests and by ``tools/freeze_display.py``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

FLOATS = ("float32", "float32", "float64", "float16", "bfloat16")
OTHERS = ("int64", "int32", "int16", "int8", "uint8", "bool", "complex64", "complex128")


def numpy_dtype(name: str) -> np.dtype[Any]:
    """The NumPy type of a dtype name; bfloat16 travels as float32 and is rounded by the caller."""
    return np.dtype("float32" if name == "bfloat16" else name)


def draw_array(rng: np.random.Generator) -> tuple[np.ndarray[Any, Any], str]:
    """Any shape, dtype and magnitude, with zeros, infinities and nans mixed in now and then."""
    shape = tuple(int(n) for n in rng.choice([0, 1, 2, 3, 5, 8, 30], size=rng.integers(0, 5)))
    if rng.random() < 0.1:
        shape = (int(rng.choice([1001, 1500])),)
    spread = rng.choice([0, 0, 1, 2, 6])
    scale = 10.0 ** rng.uniform(-8, 10) * 10.0 ** rng.uniform(-spread, spread, shape)
    values = np.asarray(rng.standard_normal(shape) * scale)
    kind = rng.integers(0, 4)
    if kind == 0:
        values = np.asarray(np.round(values))
    elif kind == 1:
        values = np.asarray(rng.integers(-20, 20, shape), np.float64)
    if rng.random() < 0.25:
        which = rng.choice(6, shape, p=[0.5, 0.1, 0.1, 0.1, 0.1, 0.1])
        values = np.asarray(np.choose(which, [values, 0.0, -0.0, math.nan, math.inf, -math.inf]))
    name = str(rng.choice(FLOATS if rng.random() < 0.6 else OTHERS))
    with np.errstate(all="ignore"):
        if name == "bool":
            return np.asarray(values > 0), name
        if np.dtype(numpy_dtype(name)).kind in "iu":
            low = 0 if name == "uint8" else -100
            finite = np.nan_to_num(values, nan=0, posinf=7, neginf=low)
            return np.asarray(finite.clip(low, 100).astype(name)), name
        if name.startswith("complex"):
            other = np.asarray(rng.permutation(values.ravel()).reshape(shape)) * 1e3
            return np.asarray(values.astype(name) + np.complex128(1j) * other).astype(name), name
        return np.asarray(values.astype(numpy_dtype(name))), name


def draw_options(rng: np.random.Generator) -> dict[str, Any]:
    """Arguments for ``set_printoptions``, mostly none."""
    if rng.random() < 0.6:
        return {}
    choices: dict[str, list[Any]] = {
        "precision": [0, 2, 6],
        "threshold": [5, 50],
        "edgeitems": [0, 1, 2, 4],
        "linewidth": [20, 40, 120],
        "profile": ["short", "default"],
        "sci_mode": [True, False],
    }
    return {
        key: values[rng.integers(len(values))]
        for key, values in choices.items()
        if rng.random() < 0.4
    }
