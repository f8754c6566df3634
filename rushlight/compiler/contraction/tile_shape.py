"""Which register tile: rows and vectors for the CPU's registers and the result's size."""

from __future__ import annotations

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.tile import Tile
from rushlight.ir.size import decision
from rushlight.runtime import cpu

# Rows that no tile divides badly.
MANY = 10_080


@decision
def tile(dtype: str, columns: int, rows: int = MANY, fixed: bool = False) -> Tile:
    """The register tile for an output that is ``rows`` x ``columns``.

    Rows that vary from step to step (a batch) must not be given: the tile is in the kernel's text.
    ``fixed``: they never do, and may have a height of their own; a step of a recurrent layer, whose
    rows may, has one of a few.
    """
    host = cpu.host()
    lanes = host.lanes(values.SIZES[dtype])
    registers = host.registers >= 32, host.vector_bytes >= 32
    shapes = _SHAPES[registers] + (_HEIGHTS.get(registers, ()) if fixed else ())

    def cost(shape: tuple[int, int]) -> float:
        # Multiply-adds done for each that counts; of equals the first in the list.
        wide = shape[1] * lanes
        across = -(-columns // wide) * wide / max(columns, 1)
        down = -(-rows // shape[0]) * shape[0] / max(rows, 1)
        # One vector needs more loads than multiply-adds: those decide then.
        loads = (shape[0] + shape[1]) / (shape[0] * shape[1])
        # What a tile takes besides its sums: the fewer there are, the more often.
        return round(across * down * max(1.0, loads) + 1 / (shape[0] * shape[1]), 2)

    height, vectors = min(shapes, key=cost)
    return Tile(height, vectors, lanes, dtype)


def heights(tile: Tile) -> list[Tile]:
    """Tiles as wide as ``tile`` and nearly as fast, the highest first."""
    host = cpu.host()
    shapes = _HEIGHTS.get((host.registers >= 32, host.vector_bytes >= 32), ())
    return [
        tile.replace(rows=rows)
        for rows, vectors in shapes
        if vectors == tile.vectors and rows >= _NEARLY
    ]


# (32 registers, vectors of 32 bytes or more) -> rows x vectors, the best first. The first fill the
# registers with sums and leave one for A's number and one for each vector of B. Lower ones are as
# fast with two vectors of 64 bytes or more, while there are twice as many sums as a multiply-add
# takes cycles. Taller ones have more addresses than registers.
_SHAPES: dict[tuple[bool, bool], tuple[tuple[int, int], ...]] = {
    (False, True): ((6, 2), (4, 3), (12, 1), (8, 1)),
    (True, True): ((12, 2), (8, 3), (8, 2), (4, 4), (4, 3), (4, 2), (8, 1)),
    (False, False): ((6, 2), (4, 3), (12, 1), (8, 1)),
    (True, False): ((8, 2), (6, 3), (4, 4)),
}
# So whatever height wastes least. A tile of two vectors is as fast as the highest from this one on.
_NEARLY = 9
_HEIGHTS = {
    (True, True): (
        *((rows, 2) for rows in (14, 13, 11, 10, 9, 7, 6, 5)),
        *((rows, 3) for rows in (7, 6, 5)),
    )
}
