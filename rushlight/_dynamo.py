"""``torch._dynamo``: switches of a tracer that is not needed here, accepted."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from rushlight.compiler.switches import disable, is_compiling, reset

__all__ = ["config", "disable", "is_compiling", "optimize", "reset"]

config = types.SimpleNamespace(suppress_errors=False, cache_size_limit=8, verbose=False)


def optimize(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    """A decorator that gives back what it gets: everything is compiled anyway."""
    return lambda function: function
