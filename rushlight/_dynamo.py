"""``torch._dynamo``: switches of a tracer that is not needed here, accepted."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from rushlight.compiler.switches import disable, is_compiling, reset

__all__ = [
    "OptimizedModule", "allow_in_graph", "config", "disable", "is_compiling", "optimize", "reset",
]  # fmt: skip

config = types.SimpleNamespace(suppress_errors=False, cache_size_limit=8, verbose=False)


def optimize(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """A decorator that gives back what it gets: everything is compiled anyway."""
    return lambda function: function


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn


class OptimizedModule:
    """Nothing is an instance of this: ``torch.compile`` gives back the module itself."""


eval_frame = types.SimpleNamespace(OptimizedModule=OptimizedModule)  # the module it is in
