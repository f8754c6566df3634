"""The update rules (ops/optimizer.py, ops/adagrad.py) as functions of tensors.

Each call is one recorded entry.
"""

from __future__ import annotations

from rushlight.ops import adagrad, optimizer  # noqa: F401  puts the rules into the op table
from rushlight.tensor.wrap import function

sgd_step = function("sgd_step")
adam_step = function("adam_step")
rmsprop_step = function("rmsprop_step")
adagrad_step = function("adagrad_step")
adadelta_step = function("adadelta_step")


def refuse_differentiable(who: str, differentiable: bool) -> None:
    """Raise NotImplementedError if gradients are to flow through the update."""
    if differentiable:
        raise NotImplementedError(
            f"{who}(differentiable=True): gradients do not flow through optimiser steps in "
            "Rushlight yet; write the update with tensor operations instead"
        )
