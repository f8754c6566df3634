"""Arguments that are not as a generated function takes them, turned into what it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import get_default_dtype
from rushlight.tensor.tensor import Tensor


def complex_number(value: complex, arguments: tuple[Any, ...]) -> Tensor:
    """A complex Python number as a 0-d tensor, which counts as much in promotion: as exact as the
    tensors among ``arguments`` are."""
    tensors = [each for each in arguments if isinstance(each, Tensor)]
    exact = any(each.dtype.name in ("float64", "complex128") for each in tensors)
    kind = np.complex128 if exact or get_default_dtype().name == "float64" else np.complex64
    return Tensor._from_array(np.asarray(value, kind))


def plain_constant(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        plain = tuple(map(plain_constant, value))
        same = isinstance(value, tuple) and all(a is b for a, b in zip(plain, value, strict=True))
        return value if same else plain
    if isinstance(value, (np.generic,)):
        return value.item()
    if isinstance(value, np.ndarray):
        return plain_constant(value.tolist())
    if isinstance(value, Tensor):
        return plain_constant(value.tolist())
    if isinstance(value, range):
        return tuple(value)
    return value
