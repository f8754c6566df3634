"""Nested sequences that hold tensors or NumPy's numbers: their dtype and their plain numbers.

A tensor counts as one number where a number stands beside it or before it, so it must have one
element; where a sequence stands before it, it is a row of numbers itself.
"""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype, promote
from rushlight.tensor.tensor import Tensor

_TYPED = (Tensor, np.ndarray, np.generic)
_PLAIN = frozenset({int, float, bool})
_ROWS = frozenset({list, tuple})


def holds_typed(data: Any) -> bool:
    """Whether something in nested lists and tuples has a dtype of its own."""
    kinds = set(map(type, data))
    if kinds <= _PLAIN:
        return False
    if any(issubclass(kind, _TYPED) for kind in kinds):
        return True
    if not any(issubclass(kind, (list, tuple)) for kind in kinds):
        return False
    return any(isinstance(each, (list, tuple)) and holds_typed(each) for each in data)


def promoted(data: Any) -> DType | None:
    """The dtype that holds all numbers of nested sequences; None for what is no number."""
    if isinstance(data, Tensor):
        return data.dtype
    if isinstance(data, (np.ndarray, np.generic)):
        try:
            return dtypes.from_numpy(data.dtype)
        except TypeError:
            return None
    if isinstance(data, (list, tuple)):
        if data and set(map(type, data)) <= _ROWS:  # all their numbers at once
            return promoted(list(chain.from_iterable(data)))
        found: DType | None = None
        met: set[type] = set()  # kinds of numbers: another of them changes nothing
        for each in data:
            if type(each) in met:
                continue
            kind = promoted(each)
            if kind is None:
                return None
            found = kind if found is None else promote(found, kind)
            if isinstance(each, (np.generic, int, float)):
                met.add(type(each))
        return get_default_dtype() if found is None else found
    if isinstance(data, bool):
        return dtypes.bool_
    if isinstance(data, int):
        return dtypes.int64
    if isinstance(data, float):
        return get_default_dtype()
    return get_default_dtype().to_complex() if isinstance(data, complex) else None


def _depth(data: Any) -> int:
    """How many axes the first elements of nested sequences open."""
    depth = 0
    while isinstance(data, (list, tuple)) and data:
        depth, data = depth + 1, data[0]
    return depth + (data.ndim if isinstance(data, np.ndarray) else 0)


def plain(data: Any) -> Any:
    """The same nested sequences with numbers for tensors. ValueError for one of more elements."""
    return _plain(data, _depth(data))


def _opens(data: Any) -> bool:
    """Whether nested sequences hold tensors, or are of mixed depth."""
    kinds = set(map(type, data))
    if kinds and kinds <= _ROWS:
        return _opens(list(chain.from_iterable(data)))
    return any(issubclass(kind, (Tensor, list, tuple)) for kind in kinds)


def _plain(data: Any, depth: int) -> Any:
    if isinstance(data, Tensor):
        if depth and data.ndim == depth:
            return data._array()
        if depth or data._value.meta.numel != 1:
            raise ValueError("only one element tensors can be converted to Python scalars")
        return data.item()
    if isinstance(data, (list, tuple)):
        if not _opens(data):
            return data
        return [_plain(each, depth - 1) for each in data]
    return data
