"""``torch._dynamo``: switches of a tracer that is not needed here, accepted."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from rushlight._dynamo import eval_frame as eval_frame
from rushlight._dynamo import exc as exc
from rushlight._dynamo.eval_frame import OptimizedModule, compile
from rushlight.compiler.backends import list_backends
from rushlight.compiler.switches import disable, is_compiling, reset

__all__ = [
    "OptimizedModule", "allow_in_graph", "config", "disable", "is_compiling", "list_backends",
    "optimize", "reset",
]  # fmt: skip

config = types.SimpleNamespace(suppress_errors=False, cache_size_limit=8, verbose=False)


def optimize(backend: Any = "inductor", **options: Any) -> Callable[[Any], Any]:
    """A decorator that does what ``torch.compile`` does."""
    return lambda function: compile(function, backend=backend)


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn
