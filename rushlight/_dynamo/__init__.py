"""``torch._dynamo``: switches of a tracer that is not needed here, accepted."""

from __future__ import annotations

import types
from collections.abc import Callable
from typing import Any

from rushlight._dynamo import eval_frame as eval_frame
from rushlight._dynamo import exc as exc
from rushlight._dynamo.eval_frame import OptimizedModule, compile
from rushlight.compiler.backends import list_backends
from rushlight.compiler.switches import assume_constant_result, disable, is_compiling, reset

__all__ = [
    "OptimizedModule", "allow_in_graph", "assume_constant_result", "config", "disable",
    "is_compiling", "list_backends", "mark_dynamic", "mark_static", "mark_static_address",
    "optimize", "reset",
]  # fmt: skip

config = types.SimpleNamespace(
    suppress_errors=False, cache_size_limit=8, verbose=False, capture_scalar_outputs=False,
    optimize_ddp=True,
)  # fmt: skip


def mark_static_address(t: Any, guard: bool = False) -> None:
    """Accepted: where a tensor lies is looked up at every step."""


def mark_dynamic(t: Any, index: Any, **limits: Any) -> None:
    """Accepted: a new size needs no word."""


def mark_static(t: Any, index: Any = None) -> None:
    """Accepted."""


def optimize(backend: Any = "inductor", **options: Any) -> Callable[[Any], Any]:
    """A decorator that does what ``torch.compile`` does."""
    return lambda function: compile(function, backend=backend)


def allow_in_graph(fn: Any) -> Any:
    """The function itself."""
    return fn
