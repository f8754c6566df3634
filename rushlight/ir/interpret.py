"""The NumPy oracle: runs any graph, one primitive at a time. Slow, obvious, always available.

Every compiler test compares with it, and it is what runs where a primitive has no lowering. One
rule per primitive, ``rule(node, *arrays) -> array``, in the ``interpret_*`` files beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.base.errors import InternalError
from rushlight.ir.graph import Node, toposort
from rushlight.ir.interpret_elementwise import ELEMENTWISE_RULES
from rushlight.ir.interpret_index import INDEX_RULES
from rushlight.ir.interpret_move import MOVE_RULES
from rushlight.ir.interpret_reduce import REDUCE_RULES
from rushlight.ir.interpret_rule import Array, Rule
from rushlight.ir.interpret_window import WINDOW_RULES
from rushlight.ir.loop import Loop
from rushlight.ir.primitives import PRIMITIVES, SOURCE

RULES: dict[str, Rule] = {
    **ELEMENTWISE_RULES,
    **MOVE_RULES,
    **REDUCE_RULES,
    **INDEX_RULES,
    **WINDOW_RULES,
}


def _loop(node: Node, *arrays: Array) -> Array:
    form = Loop.of(node)
    sequences, rest = arrays[: form.sequences], arrays[form.sequences :]
    carried, constants = list(rest[: form.carries]), rest[form.carries :]
    result = np.zeros(node.shape, node.dtype.np)
    for place, start in enumerate(carried):
        result[form.window(place, form.row_before(place, form.order[0]))] = start.reshape(-1)
    for step in form.order:
        values = interpret(form.sinks, [*(x[step] for x in sequences), *carried, *constants])
        carried = values[: form.carries]
        for place, value in enumerate(values):
            result[form.window(place, form.row_after(place, step))] = value.reshape(-1)
    return result


RULES["loop"] = _loop
_WITHOUT_RULE = set(PRIMITIVES) - set(RULES) - set(SOURCE)
if _WITHOUT_RULE:
    raise InternalError(f"ir.interpret: no rule for {sorted(_WITHOUT_RULE)}")


def interpret(
    sinks: Sequence[Node],
    inputs: Sequence[Any] = (),
    scalars: Sequence[float | int | bool] = (),
) -> list[Array]:
    """The values of ``sinks``, given the graph's arguments.

    ``inputs[i]`` and ``scalars[i]`` are what ``input`` and ``scalar`` nodes of index i stand for.
    The results are contiguous arrays of each sink's shape and dtype, never sharing memory with
    ``inputs``. Raises IndexError (an index out of range), ZeroDivisionError (integer division by
    zero) and NotImplementedError (a dtype that a primitive has no meaning for).

    >>> from rushlight.base.dtype import float32
    >>> from rushlight.ir import build
    >>> x = build.input(0, (3,), float32)
    >>> [result] = interpret([build.binary("mul", x, x)], [np.array([1, 2, 3], np.float32)])
    >>> result.tolist()
    [1.0, 4.0, 9.0]
    """
    order = toposort(sinks)
    uses = dict.fromkeys(order, 0)
    for node in order:
        for source in node.src:
            uses[source] += 1
    for sink in sinks:
        uses[sink] += 1
    values: dict[Node, Array] = {}
    # Overflow, nan and 0/0 are ordinary results here, as they are in PyTorch.
    with np.errstate(all="ignore"):
        for node in order:
            values[node] = _value(node, [values[s] for s in node.src], inputs, scalars)
            for source in node.src:
                uses[source] -= 1
                if not uses[source]:
                    del values[source]
    return [np.array(values[sink], order="C") for sink in sinks]


def evaluate(node: Node, arrays: Sequence[Array]) -> Array:
    """One primitive on the values of its sources: a kernel's oracle, a constant folder's rule."""
    with np.errstate(all="ignore"):
        return _value(node, list(arrays), (), ())


def _value(
    node: Node,
    arrays: list[Array],
    inputs: Sequence[Any],
    scalars: Sequence[float | int | bool],
) -> Array:
    if node.op == "input":
        result = np.asarray(inputs[node.attrs["index"]])
    elif node.op == "scalar":
        result = np.asarray(scalars[node.attrs["index"]], dtype=node.dtype.np)
    else:
        result = np.asarray(RULES[node.op](node, *arrays)) if node.op in RULES else _unknown(node)
    if result.shape != node.shape or result.dtype != node.dtype.np:
        raise InternalError(
            f"ir.interpret: {node} came out as {result.dtype.name}{list(result.shape)}"
        )
    return result


def _unknown(node: Node) -> Array:
    known = "const, iota" if node.op in SOURCE else "ir/primitives.py"
    raise InternalError(f"ir.interpret: {node.op} is no primitive of {known}")
