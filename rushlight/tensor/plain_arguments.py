"""Arguments that are not as a generated function takes them, turned into what it takes."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import get_default_dtype
from rushlight.base.hot import hot
from rushlight.tensor.tensor import Tensor


def complex_number(value: complex, arguments: tuple[Any, ...]) -> Tensor:
    """A complex Python number as a 0-d tensor, which counts as much in promotion: as exact as the
    tensors among ``arguments`` are."""
    tensors = [each for each in arguments if isinstance(each, Tensor)]
    exact = any(each.dtype.name in ("float64", "complex128") for each in tensors)
    kind = np.complex128 if exact or get_default_dtype().name == "float64" else np.complex64
    return Tensor._from_array(np.asarray(value, kind))


@hot
def holds_array(value: Any) -> bool:
    """Whether ``value`` or something in it is a tensor or an array: no constant of a plan."""
    if isinstance(value, (tuple, list)):
        return any(map(holds_array, value))
    return isinstance(value, (Tensor, np.ndarray, np.generic))


def plain_constant(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        plain = tuple(map(plain_constant, value))
        same = isinstance(value, tuple) and all(a is b for a, b in zip(plain, value, strict=True))
        return value if same else plain
    if isinstance(value, (np.generic,)):
        return value.item()
    if isinstance(value, (np.ndarray, Tensor)):
        one = value.numel() == 1 if isinstance(value, Tensor) else value.size == 1
        return value.item() if one else plain_constant(value.tolist())
    if isinstance(value, range):
        return tuple(value)
    return value


def within_reach(number: Any, arguments: tuple[Any, ...]) -> Any:
    """``number`` as a plan takes it: whole numbers have 64 bits.

    From 2**63 to 2**64 they are unsigned, as in PyTorch: among tensors of whole numbers they wrap,
    among others they count in full. OverflowError beyond.
    """
    if type(number) is not int or -(2**63) <= number < 2**63:
        return number
    if not 0 <= number < 2**64:
        raise OverflowError("int too big to convert")
    dtypes = [each.dtype for each in arguments if isinstance(each, Tensor)]
    whole = not any(kind.is_floating_point or kind.is_complex for kind in dtypes)
    return number - 2**64 if whole else float(number)
