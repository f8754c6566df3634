"""The names of nodes: legal, free in the graph, and nobody else's in Python."""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable

_ILLEGAL = re.compile(r"[^0-9a-zA-Z_]+")
_NUMBERED = re.compile(r"(.*)_(\d+)$")
_TAKEN = frozenset(("inf", "nan", "NoneType", "torch", "device"))


def snake_case(text: str) -> str:
    """``callFunction`` as ``call_function``."""
    return re.sub(r"(?<=[a-z])([A-Z])", r"_\1", text).lower()


def candidate_of(target: Callable[..., object] | str) -> str:
    """What a node that calls ``target`` would like to be called."""
    name = target if isinstance(target, str) else target.__name__
    if name.startswith("__") and name.endswith("__"):
        name = name[2:-2]
    return snake_case(name)


def is_valid(name: str) -> bool:
    """Whether a variable may have that name without hiding something of Python's."""
    return not (keyword.iskeyword(name) or hasattr(builtins, name) or name in _TAKEN)


class Namespace:
    """The names given in one graph.

    Example:
        >>> names = Namespace()
        >>> [names.create_name(each) for each in ("relu", "relu", "max", "layer.0.w", "3d")]
        ['relu', 'relu_1', 'max_1', 'layer_0_w', '_3d']
    """

    def __init__(self) -> None:
        self._given: set[str] = set()
        self._counts: dict[str, int] = {}

    def create_name(self, candidate: str) -> str:
        """``candidate`` made legal, with a number where it is taken."""
        name = _ILLEGAL.sub("_", candidate) or "_unnamed"
        if name[0].isdigit():
            name = f"_{name}"
        if name not in self._given and is_valid(name):
            self._given.add(name)
            return name
        numbered = _NUMBERED.match(name)
        base, number = (numbered[1], int(numbered[2])) if numbered else (name, 0)
        number = max(number, self._counts.get(base, 0))
        while True:
            number += 1
            name = f"{base}_{number}"
            if name not in self._given and is_valid(name):
                break
        self._counts[base] = number
        self._given.add(name)
        return name
