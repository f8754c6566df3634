"""The update rules (ops/optimizer.py, adagrad.py, adamax.py, rprop.py) as functions of tensors.

Each call is one recorded entry; its results are values, which ``replace_all`` writes.
"""

from __future__ import annotations

# They put the rules into the op table.
from rushlight.ops import adagrad, adamax, optimizer, rprop  # noqa: F401
from rushlight.ops.by_parts import by_parts
from rushlight.ops.table import OPS
from rushlight.tensor.wrap import compile_function

sgd_step = compile_function(by_parts(OPS["sgd_step"]), values=True)
adam_step = compile_function(by_parts(OPS["adam_step"]), values=True)
rmsprop_step = compile_function(by_parts(OPS["rmsprop_step"]), values=True)
adagrad_step = compile_function(by_parts(OPS["adagrad_step"]), values=True)
adadelta_step = compile_function(by_parts(OPS["adadelta_step"]), values=True)
adamax_step = compile_function(by_parts(OPS["adamax_step"]), values=True)
nadam_step = compile_function(by_parts(OPS["nadam_step"]), values=True)
radam_step = compile_function(by_parts(OPS["radam_step"]), values=True)
rprop_step = compile_function(by_parts(OPS["rprop_step"]), values=True)
asgd_step = compile_function(by_parts(OPS["asgd_step"]), values=True)


def refuse_differentiable(who: str, differentiable: bool) -> None:
    """Raise NotImplementedError if gradients are to flow through the update."""
    if differentiable:
        raise NotImplementedError(
            f"{who}(differentiable=True): gradients do not flow through optimiser steps in "
            "Rushlight yet; write the update with tensor operations instead"
        )
