"""What a module's constructor passes on to the functions that make its tensors."""

from __future__ import annotations

from typing import Any

_KEYS = ("device", "dtype", "memory_format")


def factory_kwargs(kwargs: dict[str, Any] | None) -> dict[str, Any]:
    """The keywords of ``kwargs`` for functions such as ``torch.empty``.

    They may stand in ``kwargs`` itself or in a dict under "factory_kwargs". Raises TypeError for
    any other key, and for one that stands in both.

    >>> factory_kwargs({"dtype": "float32", "factory_kwargs": {"device": "cpu"}})
    {'device': 'cpu', 'dtype': 'float32'}
    """
    if kwargs is None:
        return {}
    unexpected = kwargs.keys() - {*_KEYS, "factory_kwargs"}
    if unexpected:
        raise TypeError(f"unexpected kwargs {unexpected}")
    found = dict(kwargs.get("factory_kwargs", {}))
    for key in _KEYS:
        if key in kwargs:
            if key in found:
                raise TypeError(f"{key} specified twice, in **kwargs and in factory_kwargs")
            found[key] = kwargs[key]
    return found
