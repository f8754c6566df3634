"""Update rules whose states have another dtype than their parameter, as after ``model.double()``.

The sums are in the parameter's dtype and each state stays what it was, as in PyTorch; what moves an
average towards the gradient (``lerp``) takes one dtype only.
"""

from __future__ import annotations

from typing import Any

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ops.table import Op

# What PyTorch's errors call them.
_NAMES = {
    "float32": "float", "float64": "double", "float16": "c10::Half", "bfloat16": "c10::BFloat16",
}  # fmt: skip


def own_dtypes(op: Op, averages: bool) -> Op:
    """The op, its body given states in the dtype of their parameter.

    Its arguments are lists of parameters, gradients and states, each as long as the first one or
    empty, then others; its results are such lists of parameters and states. ``averages``: the first
    states are moved towards the gradients, which raises RuntimeError where dtypes differ.
    """
    rule = op.body

    def body(params: list[Node], grads: list[Node], *rest: Any, **named: Any) -> Any:
        states = [node for each in rest if isinstance(each, (list, tuple)) for node in each]
        kinds = [param.dtype for param in params]
        wanted = kinds * (len(states) // len(params)) if params else []
        if all(state.dtype is kind for state, kind in zip(states, wanted, strict=True)):
            return rule(params, grads, *rest, **named)
        if averages:
            _require_one_dtype(states, grads)
        given = [
            [build.cast(node, kind) for node, kind in zip(each, kinds, strict=False)]
            if isinstance(each, (list, tuple))
            else each
            for each in rest
        ]
        made = rule(params, grads, *given, **named)
        before = [*params, *states]
        kept = [build.cast(new, old.dtype) for new, old in zip(made, before, strict=False)]
        return (*kept, *made[len(kept) :])

    op.body = body
    return op


def _require_one_dtype(states: list[Node], grads: list[Node]) -> None:
    for state, grad in zip(states, grads, strict=False):
        if state.dtype is not grad.dtype:
            mine, other = (_NAMES.get(each.dtype.name, each.dtype.name) for each in (state, grad))
            raise RuntimeError(
                f"expected dtype {mine} for `end` but got dtype {other} (an optimiser's state and "
                "a gradient; make the optimiser after changing the model's dtype)"
            )
