"""torch.utils.swap_tensors: two tensors that change places."""

from __future__ import annotations

import weakref
from typing import Any

from rushlight.tensor import Tensor

_SLOTS = ("_edge", "_layout", "_seen", "_storage", "_value")


def swap_tensors(t1: Tensor, t2: Tensor) -> None:
    """Everything that is ``t1`` becomes ``t2`` and the reverse, whoever holds them.

    Raises RuntimeError where weak references would follow the wrong one.

    >>> import rushlight as torch
    >>> a, b = torch.zeros(2), torch.ones(3)
    >>> held = a
    >>> swap_tensors(a, b)
    >>> held
    tensor([1., 1., 1.])
    """
    for name, tensor in (("t1", t1), ("t2", t2)):
        if weakref.getweakrefs(tensor):
            raise RuntimeError(f"Cannot swap {name} because it has weakref associated with it")
    ours, theirs = _parts(t1), _parts(t2)
    t1.__class__, t2.__class__ = t2.__class__, t1.__class__
    _set(t1, theirs)
    _set(t2, ours)


def _parts(tensor: Tensor) -> tuple[dict[str, Any], dict[str, Any]]:
    slots = {name: getattr(tensor, name) for name in _SLOTS if hasattr(tensor, name)}
    return slots, tensor.__dict__.copy()


def _set(tensor: Any, parts: tuple[dict[str, Any], dict[str, Any]]) -> None:
    slots, rest = parts
    for name, value in slots.items():
        setattr(tensor, name, value)
    tensor.__dict__.clear()
    tensor.__dict__.update(rest)
