"""Short rows of a few vectors: written out without a loop, values in registers between passes."""

from __future__ import annotations

from rushlight.ir.size import decision

# Vectors of a row that stay in registers from one pass to the next, beside what passes compute.
MOST = 8
# Rows up to this long have vectors of their own length where they are no more than that, or vectors
# hold one element of each of several rows.
SHORT = 16


@decision
def few_vectors(width: int, lanes: int, masked: bool) -> int:
    """Vectors of a row of ``width`` elements that is written out; 0: it is not.

    >>> few_vectors(50, 16, True), few_vectors(50, 16, False)
    (4, 0)
    """
    if not SHORT < width <= MOST * lanes:
        return 0
    return -(-width // lanes) if masked or width % lanes == 0 else 0
