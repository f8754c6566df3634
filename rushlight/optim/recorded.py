"""The update rules (ops/optimizer.py, ops/adagrad.py) as functions of tensors.

Each call is one recorded entry; its results are values, which ``replace_all`` writes.
"""

from __future__ import annotations

from rushlight.ops import adagrad, optimizer  # noqa: F401  puts the rules into the op table
from rushlight.ops.table import OPS
from rushlight.tensor.wrap import compile_function

sgd_step = compile_function(OPS["sgd_step"], values=True)
adam_step = compile_function(OPS["adam_step"], values=True)
rmsprop_step = compile_function(OPS["rmsprop_step"], values=True)
adagrad_step = compile_function(OPS["adagrad_step"], values=True)
adadelta_step = compile_function(OPS["adadelta_step"], values=True)


def refuse_differentiable(who: str, differentiable: bool) -> None:
    """Raise NotImplementedError if gradients are to flow through the update."""
    if differentiable:
        raise NotImplementedError(
            f"{who}(differentiable=True): gradients do not flow through optimiser steps in "
            "Rushlight yet; write the update with tensor operations instead"
        )
