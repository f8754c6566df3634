"""The update rules (ops/optimizer.py, adagrad.py, adamax.py, rprop.py), applied to tensors.

An update is one recorded entry for all parameters of a group. Its results are values, which take
the place of the old ones; in a group with ``differentiable`` they are tensors with a history,
copied into the old ones.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from itertools import islice
from typing import Any

from rushlight.base.hot import hot
from rushlight.engine.trace import Step, Trace, local
from rushlight.engine.value import Value, values_at

# They put the rules into the op table.
from rushlight.ops import adagrad, adamax, optimizer, rprop  # noqa: F401
from rushlight.ops.by_parts import by_parts
from rushlight.ops.own_dtypes import own_dtypes
from rushlight.ops.table import OPERAND, OPS, SCALAR, Parameter
from rushlight.tensor.replace import replace_all
from rushlight.tensor.wrap import compile_function, miss


def _as_operand(parameter: Parameter) -> Parameter:
    if parameter.kind != SCALAR:
        return parameter
    made = copy.copy(parameter)
    made.kind = OPERAND
    return made


@hot
class Rule:
    """An update rule by the name of its op."""

    def __init__(self, name: str, averages: bool = False) -> None:
        self.op = by_parts(own_dtypes(OPS[name], averages))
        twin = copy.copy(self.op)
        twin.differentiable = True
        twin.name = f"_{name}"  # nobody's to override
        # A learning rate may be a tensor that wants its gradient: where the rule takes numbers.
        twin.parameters = tuple(map(_as_operand, self.op.parameters))
        self._to_tensors = compile_function(twin)

    @hot
    def update(
        self,
        group: dict[str, Any],
        targets: Sequence[Any],
        lists: tuple[list[Any], ...],
        numbers: tuple[Any, ...],
        flags: tuple[bool, ...],
    ) -> list[Value]:
        """Give ``targets`` the values that the rule makes; what it makes beyond those.

        The rule takes ``lists`` (parameters, gradients, states: each as long as the first one or
        empty, which the flags tell), then ``numbers``, then ``flags``; a flag may be given as 1.
        """
        if group["differentiable"]:
            self._flow(targets, lists, numbers, flags)
            return []
        trace = local.trace
        try:
            return replace_all(trace, targets, self._recorded(trace, lists, numbers, flags))
        except BaseException:  # Ctrl-C, too, may come between a list and the step that counts it
            trace.repair()
            raise

    @hot
    def _recorded(
        self, trace: Trace, lists: tuple[list[Any], ...], numbers: Any, flags: Any
    ) -> list[Value]:
        """The results, recorded."""
        epoch = trace.epoch
        # ``enter_all`` of each list, spelled out: three calls would be 3 % of a small step.
        places: list[int] = []
        for tensors in lists:
            for tensor in tensors:
                value = tensor._value if tensor._storage is None else tensor._read_value()
                places.append(value.pos if value.epoch is epoch else trace.enter(value))
        trace.scalars += numbers
        key = (self, flags, len(lists[0]), *places)
        step = trace.step.children.get(key)
        if step is None:
            step = self._met(trace, key, places, (*lists, *numbers, *map(bool, flags)), lists)
        trace.step = step
        values = values_at(epoch, range(step.start, step.count), step.metas)
        trace.values += values
        return values

    def _met(
        self, trace: Trace, key: Any, places: list[int], arguments: tuple[Any, ...], lists: Any
    ) -> Step:
        """The step of an update not met here before."""
        rest = iter(places)
        parts: list[Any] = [tuple(islice(rest, len(each))) for each in lists]
        parts += [None] * (len(arguments) - len(lists))
        return miss(trace, key, self.op, arguments, parts)

    def _flow(self, targets: Sequence[Any], lists: Any, numbers: Any, flags: Any) -> None:
        # Clones, because what they are copies of is written next and the gradient needs the old.
        clones = [[tensor.clone() for tensor in each] for each in lists]
        results = self._to_tensors(*clones, *numbers, *map(bool, flags))
        for target, result in zip(targets, results, strict=True):
            target.copy_(result)


sgd_step = Rule("sgd_step")
adam_step = Rule("adam_step", averages=True)
rmsprop_step = Rule("rmsprop_step")
adagrad_step = Rule("adagrad_step")
adadelta_step = Rule("adadelta_step")
adamax_step = Rule("adamax_step", averages=True)
nadam_step = Rule("nadam_step", averages=True)
radam_step = Rule("radam_step", averages=True)
rprop_step = Rule("rprop_step")
asgd_step = Rule("asgd_step")
