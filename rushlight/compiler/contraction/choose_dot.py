"""When a product of few rows, or columns, is taken as dot products, and how it is cut."""

from __future__ import annotations

from rushlight.compiler.contraction import dot, values
from rushlight.compiler.contraction.operand import round_up
from rushlight.ir.size import decision, quantity

# Work below this many multiply-adds is one chunk: about 20 us on one core of 100 GFLOP/s.
CHUNK_MULADDS = 1_000_000
# The same for work that is moving bytes, at some 12 GB/s.
CHUNK_BYTES = 256 * 1024
# More chunks than this balance no better.
CHUNKS = 32


@decision
def is_dots(dtype: str, rows: int, columns: int, depth: int, a_depth: int, b_depth: int) -> bool:
    """Whether a product of few rows is best taken as dot products of runs of neighbours.

    Packing B would cost more than the product itself; where columns are no whole vectors, panels
    of them compute what nobody asked for, too. But each dot product ends with a sum over a vector,
    which short runs are not worth.
    """
    itemsize = values.SIZES[dtype]
    if dtype not in ("f32", "f64") or not a_depth == b_depth == itemsize:
        return False
    ragged = columns % (LINE // itemsize) != 0
    if ragged and columns <= NARROW:
        most, worth = dot.MAX_ROWS, DOT_DEPTH // 8
    elif ragged:
        most, worth = 2 * DOT_ROWS, DOT_DEPTH // 2
    else:
        most, worth = DOT_ROWS, DOT_DEPTH
    return rows <= most and depth * itemsize >= worth * -(-rows // dot.ROWS)


@decision
def is_dots_of_columns(
    dtype: str, rows: int, columns: int, depth: int, a_depth: int, b_depth: int
) -> bool:
    """The same of few columns and many rows, which change places: a matrix times a vector."""
    itemsize = values.SIZES[dtype]
    return (
        dtype in ("f32", "f64")
        and a_depth == b_depth == itemsize
        and columns <= FEW_COLUMNS
        and (rows > dot.MAX_ROWS or columns <= dot.ROWS < rows)
        and depth * itemsize >= FEW_DEPTH * ((columns - 1) // dot.ROWS)
    )


@quantity
def dot_columns(columns: int, depth: int, rows: int, itemsize: int) -> int:
    """Columns of one chunk: enough bytes, or arithmetic, to be worth a thread."""
    each = max(1, depth * itemsize, depth * rows * CHUNK_BYTES // CHUNK_MULADDS)
    block = max(1, CHUNK_BYTES // each, -(-columns // CHUNKS))
    return min(columns, round_up(block, dot.COLUMNS))


# Rows up to which dot products win where columns are whole vectors (with packed panels both take as
# long from 20 rows on), and bytes of depth that four rows need for that. Ten rows times 1000
# columns of depth 3: 2.0 us with panels, 11.6 as dots; of depth 784: 45 and 35. Thirty-two rows
# times 10 columns of depth 784: 7.8 and 4.3, 128 rows 19 and 15 (Zen 5, one thread).
DOT_ROWS, DOT_DEPTH = 16, 128
LINE = 64  # bytes
NARROW = 32  # columns
# Columns that change places with many rows, and the bytes of depth from which each four of them
# after the first four do: 8000 rows of 512 times a vector 0.25 ms for 0.85 with panels, times 10
# columns 0.49 for 0.84; at depth 64 ten columns 0.14 for 0.11.
FEW_COLUMNS, FEW_DEPTH = 12, 256
