"""``torch.fx``: no symbolic graphs of modules are made; marking functions for them works."""

from __future__ import annotations

from typing import Any


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


def symbolic_trace(root: Any, concrete_args: Any = None) -> Any:
    """Raises NotImplementedError."""
    raise NotImplementedError(
        "torch.fx.symbolic_trace: Rushlight makes no graphs of modules in Python; forward hooks "
        "give a layer's output, named_modules its place"
    )


__all__ = ["symbolic_trace", "wrap"]
