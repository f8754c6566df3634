"""Derivatives of host calls: most belong to ops with gradients of their own; a few stand here."""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import unary
from rushlight.ir.graph import Node
from rushlight.ops.formula import times
from rushlight.ops.primitive_rules.table import Rule, rule
from rushlight.ops.table import Grads

HOST_RULES: dict[str, Rule] = {}


@rule("host")
def _host_rule(g: Node, node: Node) -> Grads:
    name = node.attrs["name"]
    if not any(each.dtype.is_floating_point or each.dtype.is_complex for each in node.src):
        return (None,) * len(node.src)  # of whole numbers alone
    if name not in HOST_RULES:
        raise NotImplementedError(f"the derivative of {name}")
    return HOST_RULES[name](g, node)


def _complex_abs(g: Node, node: Node) -> Grads:
    x = node.src[0]
    return (times(build.cast(g, x.dtype), unary("sign", x)),)


HOST_RULES["complex_abs"] = _complex_abs
