"""``torch.fx``: no symbolic graphs of modules are made; marking functions for them works."""

from __future__ import annotations

from typing import Any, NoReturn


def wrap(fn_or_name: Any) -> Any:
    """The function itself, or its name: in PyTorch tracing leaves such a function whole.

    Raises RuntimeError for anything else.
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            f"Unsupported type {type(fn_or_name).__name__} for global function! Must be either a "
            "callable or the string name of a function"
        )
    return fn_or_name


_WHY = (
    "torch.fx.{}: Rushlight makes no graphs of modules in Python; forward hooks give a layer's "
    "output, named_modules its place"
)


def symbolic_trace(root: Any, concrete_args: Any = None) -> Any:
    """Raises NotImplementedError."""
    raise NotImplementedError(_WHY.format("symbolic_trace"))


class _Absent:
    """Of no object: for ``isinstance`` and annotations. Making one raises NotImplementedError."""

    def __new__(cls, *args: Any, **kwargs: Any) -> NoReturn:
        raise NotImplementedError(_WHY.format(cls.__name__))


class GraphModule(_Absent):
    """A module made of a graph."""


class Graph(_Absent):
    """A graph of calls."""


class Node(_Absent):
    """A call in a graph."""


class Proxy(_Absent):
    """What stands for a value while a graph is made."""


class Tracer(_Absent):
    """What makes graphs."""


class Interpreter(_Absent):
    """What runs graphs call by call."""


class Transformer(_Absent):
    """What makes graphs from graphs."""


__all__ = [
    "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer",
    "symbolic_trace", "wrap",
]  # fmt: skip
