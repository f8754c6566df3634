"""How an operation runs for each dtype: compiled, interpreted with NumPy, or a host call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.pipeline import compile_graph
from rushlight.engine.call import flatten
from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.table import OPERAND, STATIC, TENSOR, TENSORS, Op

# What a body may say to arguments that it does not take.
REFUSALS = (
    RuntimeError, TypeError, ValueError, IndexError, KeyError, NotImplementedError, OverflowError,
)  # fmt: skip


def lowerings(op: Op) -> Iterator[tuple[str, list[str]]]:
    """("compiled", ["float32", ...]) and so on. Nothing if there is no input to try it on."""
    found: dict[str, list[str]] = {}
    for each in dtypes.ALL:
        how = lowering(op, each)
        if how:
            found.setdefault(how, []).append(each.name)
    yield from found.items()


def lowering(op: Op, dtype: DType) -> str:
    """How ``op`` runs on tensors of ``dtype``; "" if it does not take them."""
    arguments = trial(op)
    if arguments is None:
        return ""
    inputs: list[Node] = []
    scalars: list[Node] = []

    def as_node(value: Any) -> Any:
        if isinstance(value, np.ndarray):
            given = dtypes.from_numpy(value.dtype)
            kind = dtype if given.is_floating_point else given
            inputs.append(build.input(len(inputs), value.shape, kind))
            return inputs[-1]
        if isinstance(value, float):
            scalars.append(build.scalar(len(scalars), dtypes.float64))
            return scalars[-1]
        return [as_node(each) for each in value] if isinstance(value, list) else value

    args, kwargs = arguments
    try:
        result = op.body(
            *map(as_node, args), **{key: as_node(each) for key, each in kwargs.items()}
        )
    except REFUSALS:
        return ""
    sinks = flatten(result)
    try:
        plan = compile_graph(sinks, inputs, scalars)
    except NotImplementedError as reason:
        return f"interpreted ({reason})"
    return "compiled" if plan.portable else "host call"


def trial(op: Op) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    """Arguments to try ``op`` with: its first sample, else a square matrix for every tensor."""
    rng = np.random.default_rng(0)
    if op.samples_rule is not None:
        first = next(op.samples_rule(rng), None)
        return None if first is None else (tuple(first[0]), dict(first[1]))
    matrix = rng.uniform(0.5, 1, (4, 4))
    given: list[Any] = []
    for parameter in op.parameters:
        required = parameter.default is op.signature.empty
        if parameter.keyword_only or not required or parameter.variadic:
            break
        if parameter.kind in (TENSOR, OPERAND):
            given.append(matrix)
        elif parameter.kind == TENSORS:
            given.append([matrix, matrix])
        elif parameter.kind == STATIC:
            if not str(op.signature.parameters[parameter.name].annotation).startswith("int"):
                return None
            given.append(-1)  # a dim, most often
        else:
            given.append(0.5)
    return tuple(given), {}
