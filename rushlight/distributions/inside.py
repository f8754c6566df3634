"""Whether values lie inside a constraint: of few numbers without a plan for the question."""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.base.dtype import float32, float64, int64
from rushlight.distributions import constraints
from rushlight.engine.trace import local
from rushlight.tensor import Tensor

# Elements up to which NumPy has answered before a plan would begin.
FEW = 4096
KINDS = (float32, float64, int64)
# Whose ``check`` is written in operators that arrays have as well.
_PLAIN = {
    constraints._Boolean, constraints._GreaterThan, constraints._GreaterThanEq,
    constraints._HalfOpenInterval, constraints._IntegerGreaterThan, constraints._IntegerInterval,
    constraints._IntegerLessThan, constraints._Interval, constraints._LessThan, constraints._Real,
    constraints._Simplex,
}  # fmt: skip


def _takes_arrays(constraint: Any) -> bool:
    if type(constraint) is constraints._IndependentConstraint:
        return _takes_arrays(constraint.base_constraint)
    bounds = vars(constraint).values() if type(constraint) in _PLAIN else [None]
    return all(isinstance(each, (int, float)) for each in bounds)


def inside(constraint: Any, value: Any) -> bool:
    """Whether all of ``value`` is what the constraint allows.

    >>> import rushlight as torch
    >>> inside(constraints.positive, torch.tensor([1.0, 2.0]))
    True
    """
    few = type(value) is Tensor and value.dtype in KINDS and value.numel() <= FEW
    if few and not local.trace.abstract and _takes_arrays(constraint):
        with np.errstate(all="ignore"):
            return bool(constraint.check(value._array()).all())
    return bool(constraint.check(value).all())
