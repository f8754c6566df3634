"""The table of derivatives of primitives and the decorator that fills it."""

from __future__ import annotations

from collections.abc import Callable

from rushlight.ir.graph import Node
from rushlight.ops.table import Grads

Rule = Callable[[Node, Node], Grads]
RULES: dict[str, Rule] = {}


def rule(*names: str) -> Callable[[Rule], Rule]:
    def keep(function: Rule) -> Rule:
        for name in names:
            RULES[name] = function
        return function

    return keep
