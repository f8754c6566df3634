"""What a gradient node keeps, by PyTorch's names: ``y.grad_fn._saved_self``, ``_saved_dim``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rushlight.engine.call import SCALAR, TENSOR, OpCall

if TYPE_CHECKING:
    from rushlight.tensor.state import GradNode

_PREFIX = "_saved_"


def saved_place(node: GradNode, name: str) -> tuple[str, Any] | None:
    """("tensor", its place), ("value", a constant) or None: what ``name`` means for this node.

    A tensor's place counts inputs first, then outputs, as ``Gradient.saves`` does.
    """
    gradient = node.gradient
    call = None if gradient is None else gradient.call
    if not name.startswith(_PREFIX) or not isinstance(call, OpCall):
        return None
    wanted = name.removeprefix(_PREFIX)
    assert gradient is not None
    if wanted == "result":
        return "tensor", len(gradient.metas)
    tensors = numbers = 0
    for parameter, template in zip(call.op.parameters, call.template, strict=True):
        named = "self" if parameter.name in ("input", "x", "a") else parameter.name
        if template is TENSOR:
            if named == wanted:
                return "tensor", tensors
            tensors += 1
        elif template is SCALAR:
            if named == wanted:
                return "value", node.numbers[numbers]
            numbers += 1
        elif isinstance(template, list):
            tensors += len(template)
        elif named == wanted:
            return "value", template
    return None
