"""The exceptions that are ours, drawn as a tree.

A wrong call raises PyTorch's class (TypeError, ValueError, IndexError, RuntimeError), because
programs catch those. Ours are subclasses that say more:

    RuntimeError
    ├── ShapeError            sizes that do not fit together
    └── InternalError         an invariant of ours broke: our defect
    IndexError
    └── (raised as is)        an index out of range, also from inside a compiled plan
"""

from __future__ import annotations


class ShapeError(RuntimeError):
    """Sizes do not fit together; says which operation, which sizes, what was needed."""


class InternalError(RuntimeError):
    """Something Rushlight promises itself did not hold."""
