"""Update rules on complex parameters: each part is a real number of its own, as in PyTorch."""

from __future__ import annotations

from typing import Any

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.table import Op


def _parts(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_parts(each) for each in value]
    return build.parts(value) if isinstance(value, Node) and value.dtype.is_complex else value


def by_parts(op: Op) -> Op:
    """The op, its body given complex tensors as pairs of their parts.

    Its first argument is the list of parameters, and its results are some lists of that length.
    """
    rule = op.body

    def body(params: list[Node], *rest: Any, **named: Any) -> Any:
        if not any(each.dtype.is_complex for each in params):
            return rule(params, *rest, **named)
        made = rule(_parts(params), *_parts(rest), **named)
        return tuple(
            build.from_parts(each) if params[place % len(params)].dtype.is_complex else each
            for place, each in enumerate(made)
        )

    op.body = body
    return op
