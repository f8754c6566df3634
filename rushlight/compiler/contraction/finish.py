"""What is added to a tile's sums before they are stored (``store.py``), and where they go."""

from __future__ import annotations

import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.tile import Tile
from rushlight.compiler.launch import Ref
from rushlight.ir.size import decision

# Bytes of a cache line, which is written past the caches as one; of results that no cache holds;
# and terms of a sum that take longer than storing it.
LINE, BEYOND, SHALLOW = 64, 32 << 20, 128


class Finish(Record):
    """The part of an epilogue that is in the kernel's text: which steps, on which dtypes.

    ``past``: whole tiles that begin with a cache line are stored past the caches; all rows are
    whole lines apart, and the kernel ends with ``Body.wait_for_streams``. ``stands``: what lies
    together are results of neighbouring rows, not columns, and so does what is added to them.
    """

    out: str
    bias: str | None = None
    row_bias: str | None = None
    residual: str | None = None
    activation: str | None = None
    past: bool = False
    scale: str | None = None
    shift: str | None = None
    ceiling: float | None = None
    stands: bool = False

    @staticmethod
    def of(out: Operand, epilogue: Epilogue) -> Finish:
        def dtype(operand: Operand | None) -> str | None:
            return None if operand is None else operand.dtype

        return Finish(
            out.dtype,
            dtype(epilogue.bias),
            dtype(epilogue.row_bias),
            dtype(epilogue.residual),
            epilogue.activation,
            scale=dtype(epilogue.scale),
            shift=dtype(epilogue.shift),
            ceiling=epilogue.ceiling,
            stands=_stands(out) and (epilogue.residual is None or _stands(epilogue.residual)),
        )

    @property
    def maskable(self) -> bool:
        """Everything it reads and writes can be read under a mask."""
        read = {self.bias, self.scale, self.shift, self.residual}
        return {self.out, *read} <= {"f32", "f64", None}

    @property
    def empty(self) -> bool:
        """Sums are stored as they are."""
        return self.activation is None and not self.pointers

    @property
    def turns(self) -> bool:
        """Results are stored along rows, and nothing that lies otherwise is read for them."""
        return self.stands and self.out in ("f32", "f64") and not self.columns

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the pointers to one element for each column."""
        wanted = ("bias", "scale", "shift")
        return tuple(name for name in wanted if getattr(self, name) is not None)

    @property
    def pointers(self) -> tuple[str, ...]:
        """Names of the pointers it needs besides the output."""
        wanted = ("row_bias", "residual")
        return (*self.columns, *(name for name in wanted if getattr(self, name) is not None))


def _stands(operand: Operand) -> bool:
    return bool(operand.step(-2) == operand.itemsize != operand.step(-1))


def pointers(epilogue: Epilogue) -> tuple[Ref, ...]:
    """What ``Finish.pointers`` names."""
    operands = (*epilogue.columns, epilogue.row_bias, epilogue.residual)
    return tuple(operand.ref for operand in operands if operand is not None)


def goes_past(finish: Finish, tile: Tile, out: Operand, group: int, depth: int) -> bool:
    """Whether whole tiles of ``out``, sums of ``depth`` terms that are stored once, go past the
    caches: no cache holds them all, and storing takes longer than adding up (decision 15).

    ``group``: columns that are computed together. Only where a vector is a line: halves of lines
    are slower, and vectors of 32 bytes take longer to add up anyway.
    """
    apart = [*(out.step(axis) for axis in range(len(out.shape) - 1)), group * out.itemsize]
    lines = (
        out.dtype == tile.dtype
        and out.strides[-1] == 1
        and tile.lanes * tile.itemsize == LINE
        and not any(step % LINE for step in apart)
    )
    # What a residual has brought into the caches may be the results' own memory.
    return lines and finish.residual is None and _past(math.prod(out.shape) * out.itemsize, depth)


@decision
def _past(nbytes: int, depth: int) -> bool:
    # Zeros between the inputs that a stride has met are a part of a result.
    return nbytes >= (BEYOND if depth else BEYOND // 8) and depth <= SHALLOW


def steps(out: Operand, epilogue: Epilogue) -> dict[str, int]:
    """The words that say how out, residual and biases lie: bytes between rows, and columns."""
    row_bias, residual = epilogue.row_bias, epilogue.residual
    return {
        "out_row": out.step(-2),
        "out_column": out.step(-1),
        "residual_row": residual.step(-2) if residual else 0,
        "residual_column": residual.step(-1) if residual else 0,
        "bias_step": epilogue.column_step,
        "row_bias_step": row_bias.step(-1) if row_bias else 0,
        "whole_vectors": int(whole_vectors(out, epilogue)),
    }


def whole_vectors(out: Operand, epilogue: Epilogue) -> bool:
    """Whether neighbouring columns are neighbours in all that the finish reads and writes."""
    return all(operand.step(-1) == operand.itemsize for operand in (out, *epilogue.across))


def column_steps(finish: Finish, step: str) -> dict[str, str]:
    """``Output.steps`` of what has one element for each column, all ``step`` bytes apart."""
    return dict.fromkeys(finish.columns, step)


class Output(Record):
    """Where a kernel's results go: names of values in its text.

    ``bases``: addresses of out and of ``Finish.pointers``. ``steps``: bytes between neighbouring
    columns of each (rows for row_bias). ``whole_vectors``: i1, all of those steps are one element.
    """

    bases: dict[str, str]
    steps: dict[str, str]
    whole_vectors: str


class Place(Record):
    """Which part of the output a tile is: names of values.

    ``rows``: its rows in the table (see ``ROW_BYTES``); ``column``: number of its first column.
    ``first``, ``last`` (i1): whether this is the first and the last block of depth; sums of later
    blocks are added to what the earlier ones stored.
    """

    rows: str
    valid_rows: str
    column: str
    valid_columns: str
    first: str
    last: str


def with_columns(
    body: Body, dtype: str, finish: Finish, value: str, column: dict[str, str], lanes: int
) -> str:
    """A sum and what there is of its columns: ``column`` has the register of each by its name."""
    if finish.bias:
        value = values.add(body, dtype, value, column["bias"], lanes)
    if finish.scale:
        factor, shift = column["scale"], column["shift"]
        value = values.multiply_add(body, dtype, value, factor, shift, lanes)
    return value


def activated(body: Body, dtype: str, finish: Finish, value: str, lanes: int) -> str:
    """What is stored for a sum to which all else has been added."""
    if finish.activation == "relu":
        value = values.relu(body, dtype, value, lanes)
    if finish.ceiling is not None:
        value = values.at_most(body, dtype, value, finish.ceiling, lanes)
    return value


def column_parameters(finish: Finish) -> list[tuple[str, str]]:
    """What a function needs that calls ``finished_channels``."""
    if not finish.columns:
        return []
    return [*(("ptr", name) for name in finish.columns), ("i64", "bias_step")]


def finished_channels(
    body: Body, tile: Tile, finish: Finish, sums: list[str], numbers: list[str]
) -> list[str]:
    """Sums whose lanes are of one channel: as many neighbours for each of the ``numbers``.

    The function's parameters are named as the finish's columns, and ``bias_step``.
    """
    each = len(sums) // len(numbers)
    results = []
    for place, number in enumerate(numbers):
        many = {}
        for name in finish.columns:
            here = body.at(f"%{name}", body.mul(number, "%bias_step"))
            one = values.load(body, getattr(finish, name), here)
            many[name] = values.spread(body, tile.dtype, one, tile.lanes)
        for value in sums[place * each : (place + 1) * each]:
            value = with_columns(body, tile.dtype, finish, value, many, tile.lanes)
            results.append(activated(body, tile.dtype, finish, value, tile.lanes))
    return results
