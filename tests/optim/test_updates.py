"""The update rules on nodes, interpreted with NumPy, against their references."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from rushlight.base.dtype import float64
from rushlight.ir import build
from rushlight.ir.interpret import interpret
from rushlight.ops import adagrad, adamax, optimizer, rprop
from rushlight.ops.table import SCALAR, TENSORS, Op

UPDATES = [
    optimizer.sgd_step,
    optimizer.adam_step,
    optimizer.rmsprop_step,
    adagrad.adagrad_step,
    adagrad.adadelta_step,
    adamax.adamax_step,
    adamax.nadam_step,
    adamax.radam_step,
    rprop.rprop_step,
    rprop.asgd_step,
]


def evaluated(op: Op, arguments: tuple[Any, ...]) -> list[Any]:
    arrays: list[Any] = []
    scalars: list[float] = []
    nodes: list[Any] = []
    for parameter, value in zip(op.parameters, arguments, strict=True):
        if parameter.kind == TENSORS:
            made = []
            for array in value:
                array = np.asarray(array)
                made.append(build.input(len(arrays), array.shape, float64))
                arrays.append(array)
            nodes.append(made)
        elif parameter.kind == SCALAR:
            nodes.append(build.scalar(len(scalars), float64))
            scalars.append(value)
        else:
            nodes.append(value)
    return interpret(op.body(*nodes), arrays, scalars)


@pytest.mark.parametrize("op", UPDATES, ids=lambda op: op.name)
def test_body_is_reference(op: Op) -> None:
    assert op.samples_rule is not None
    assert op.reference_rule is not None
    for arguments, _ in op.samples_rule(np.random.default_rng(0)):
        found = evaluated(op, arguments)
        wanted = op.reference_rule(*arguments)
        assert len(found) == len(wanted)
        for mine, theirs in zip(found, wanted, strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-14)
