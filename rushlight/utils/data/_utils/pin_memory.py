"""``torch.utils.data._utils.pin_memory``: a batch with every tensor in it pinned."""

from __future__ import annotations

import copy
from collections.abc import Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any


def pin_memory(data: Any, device: Any = None) -> Any:
    """``data`` with ``pin_memory()`` called on what has it, also inside dicts, tuples and lists.

    >>> pin_memory({"name": "a", "at": (1, [2])})
    {'name': 'a', 'at': (1, [2])}
    """
    if hasattr(data, "pin_memory"):
        return data.pin_memory()
    if isinstance(data, Mapping):
        pinned = {key: pin_memory(value, device) for key, value in data.items()}
        if isinstance(data, MutableMapping):
            data = copy.copy(data)  # the mapping may carry more than its items
            data.update(pinned)
            return data
        return _remade(data, pinned)
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(pin_memory(value, device) for value in data))
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        values = [pin_memory(value, device) for value in data]
        if isinstance(data, MutableSequence):
            data = copy.copy(data)
            data[:] = values
            return data
        return _remade(data, values)
    return data


def _remade(like: Any, values: Any) -> Any:
    try:
        return type(like)(values)
    except TypeError:  # a range, say, is not made from its values
        return values
