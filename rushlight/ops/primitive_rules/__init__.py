"""The derivative of each primitive: ``RULES[op](g, node) -> one cotangent per source``.

Everything here is built from primitives, so the derivative of a derivative is there too. The
conventions at corners are PyTorch's: abs has slope 0 at 0, maximum splits a tie in halves,
a power at 0 follows x**(y-1).
"""

from rushlight.ops.primitive_rules import (
    contraction,
    host,
    indexing,
    movement,
    pointwise,
    pool,
    reduce,
)

__all__ = ["contraction", "host", "indexing", "movement", "pointwise", "pool", "reduce"]
