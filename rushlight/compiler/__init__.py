"""From a graph of primitives to a program. ``pipeline.py`` reads top to bottom."""

from rushlight.compiler.pipeline import compile_graph
from rushlight.compiler.plan import Fresh, Plan, SameAs, SameAsOutput

__all__ = ["Fresh", "Plan", "SameAs", "SameAsOutput", "compile_graph"]
