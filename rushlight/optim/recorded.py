"""The update rules (ops/optimizer.py, adagrad.py, adamax.py, rprop.py) as functions of tensors.

Each call is one recorded entry. Its results are values, which take the place of the old ones; in a
group with ``differentiable`` they are tensors with a history, copied into the old ones.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from typing import Any

from rushlight.engine.value import Value

# They put the rules into the op table.
from rushlight.ops import adagrad, adamax, optimizer, rprop  # noqa: F401
from rushlight.ops.by_parts import by_parts
from rushlight.ops.table import OPERAND, OPS, SCALAR, Parameter
from rushlight.tensor.replace import replace_all
from rushlight.tensor.wrap import compile_function


def _as_operand(parameter: Parameter) -> Parameter:
    if parameter.kind != SCALAR:
        return parameter
    made = copy.copy(parameter)
    made.kind = OPERAND
    return made


class Rule:
    """An update rule by the name of its op."""

    def __init__(self, name: str) -> None:
        op = by_parts(OPS[name])
        self.to_values = compile_function(op, values=True)
        twin = copy.copy(op)
        twin.differentiable = True
        twin.name = f"_{op.name}"  # nobody's to override
        # A learning rate may be a tensor that wants its gradient: where the rule takes numbers.
        twin.parameters = tuple(map(_as_operand, op.parameters))
        self._to_tensors = compile_function(twin)

    def of(self, group: dict[str, Any]) -> Callable[..., Any]:
        """The function for the tensors of ``group``."""
        return self._flowing if group["differentiable"] else self.to_values

    def _flowing(self, *arguments: Any) -> Any:
        # Clones, because what they are copies of is written next and the gradient needs the old.
        return self._to_tensors(
            *([t.clone() for t in each] if isinstance(each, list) else each for each in arguments)
        )


def write_all(targets: Sequence[Any], results: Sequence[Any]) -> None:
    """What a rule returned into the tensors that it is the future of."""
    if results and results[0].__class__ is not Value:
        for target, result in zip(targets, results, strict=True):
            target.copy_(result)
    else:
        replace_all(targets, results)


sgd_step = Rule("sgd_step")
adam_step = Rule("adam_step")
rmsprop_step = Rule("rmsprop_step")
adagrad_step = Rule("adagrad_step")
adadelta_step = Rule("adadelta_step")
adamax_step = Rule("adamax_step")
nadam_step = Rule("nadam_step")
radam_step = Rule("radam_step")
rprop_step = Rule("rprop_step")
asgd_step = Rule("asgd_step")
