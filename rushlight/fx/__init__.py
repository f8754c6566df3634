"""``torch.fx``: no symbolic graphs of modules are made; marking functions for them works."""

from __future__ import annotations

from typing import Any

from rushlight.base.left_out import absent_class


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
    "no graphs of modules are made in Python; forward hooks give a layer's output, named_modules "
    "its place"
)


def symbolic_trace(root: Any, concrete_args: Any = None) -> Any:
    """Raises NotImplementedError."""
    raise NotImplementedError(f"torch.fx.symbolic_trace: {_WHY}")


Graph = absent_class("torch.fx.Graph", _WHY)
GraphModule = absent_class("torch.fx.GraphModule", _WHY)
Interpreter = absent_class("torch.fx.Interpreter", _WHY)
Node = absent_class("torch.fx.Node", _WHY)
Proxy = absent_class("torch.fx.Proxy", _WHY)
Tracer = absent_class("torch.fx.Tracer", _WHY)
Transformer = absent_class("torch.fx.Transformer", _WHY)

__all__ = [
    "Graph", "GraphModule", "Interpreter", "Node", "Proxy", "Tracer", "Transformer",
    "symbolic_trace", "wrap",
]  # fmt: skip
