"""The exceptions that are ours, drawn as a tree.

A wrong call raises PyTorch's class (TypeError, ValueError, IndexError, RuntimeError), because
programs catch those. Ours are subclasses that say more:

    RuntimeError
    ├── ShapeError            sizes that do not fit together
    ├── CompilerError         LLVM refused a kernel: our defect
    ├── InternalError         an invariant of ours broke: our defect
    └── GradientError         asked for a derivative that is not there
    IndexError
    └── (raised as is)        an index out of range, also from inside a compiled plan
"""

from __future__ import annotations


class ShapeError(RuntimeError):
    """Sizes do not fit together; says which operation, which sizes, what was needed."""


class CompilerError(RuntimeError):
    """LLVM refused a kernel. Please report it: the message holds the head of the text."""


class InternalError(RuntimeError):
    """Something Rushlight promises itself did not hold."""


class GradientError(RuntimeError):
    """A derivative was asked for that does not exist or can no longer be computed."""
