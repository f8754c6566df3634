"""From a graph of primitives to a program. ``pipeline.py`` reads top to bottom.

``compile_graph`` is imported when it is first asked for: ``import rushlight`` compiles nothing, and
the compiler's modules are half of what there is to import.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushlight.compiler.plan import Fresh, Plan, SameAs, SameAsOutput

if TYPE_CHECKING:
    from rushlight.compiler.pipeline import compile_graph

__all__ = ["Fresh", "Plan", "SameAs", "SameAsOutput", "compile_graph"]


def __getattr__(name: str) -> Any:
    if name != "compile_graph":
        raise AttributeError(f"module 'rushlight.compiler' has no attribute '{name}'")
    from rushlight.compiler.pipeline import compile_graph

    globals()[name] = compile_graph
    return compile_graph
