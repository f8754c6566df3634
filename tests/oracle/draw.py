"""What a step of a random program is, and questions the writers of steps ask about tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Any, Protocol

import numpy as np


@dataclass
class Draw:
    """A step: its text, the tensor it makes, whose memory that looks into, what it writes to."""

    text: str
    out: str = ""
    group: str = ""
    exact: bool = False
    writes: str = ""
    gone: str = ""
    at_once: bool = True  # what it raises does not depend on numbers


class Names(Protocol):
    """What a writer of steps knows: the program so far."""

    rng: Random
    session: Any  # what the names hold
    live: list[str]
    arrays: list[str]
    group: dict[str, str]  # whose memory each name looks into
    count: int

    def name(self) -> str: ...
    def tensor(self, name: str) -> Any: ...
    def pick(self, wanted: Callable[[Any], bool] | None = None) -> str | None: ...
    def shape(self) -> tuple[int, ...]: ...
    def kind(self) -> str: ...
    def number(self, kind: str = "") -> str: ...
    def dim(self, tensor: Any) -> int: ...
    def fitting(self, name: str) -> str: ...
    def is_exact(self, *names: str) -> bool: ...


def kind_of(tensor: Any) -> str:
    return str(tensor.dtype).removeprefix("torch.")


def overlaps(tensor: Any) -> bool:
    """Whether two elements share a place: PyTorch does not say what writes to such a tensor do."""
    places = np.zeros(tuple(tensor.shape), np.int64)
    for axis, step in enumerate(tensor.stride()):
        places += np.arange(tensor.shape[axis]).reshape(-1, *(1,) * (tensor.ndim - axis - 1)) * step
    return np.unique(places).size != places.size
