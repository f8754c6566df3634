"""From registers to memory: what is added to a tile's sums, and how they are stored.

The sums first go to a small buffer that stays in the first cache. From there whole rows are
finished with vectors where the output lies that way, and element by element everywhere else (edges,
transposed outputs). Text for both is written by one function, with vectors of ``lanes`` or with 1.
"""

from __future__ import annotations

from dataclasses import dataclass

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.tile import ROW_BYTES, Tile
from rushlight.compiler.launch import Ref


@dataclass(frozen=True)
class Finish:
    """The part of an epilogue that is in the kernel's text: which steps, on which dtypes."""

    out: str
    bias: str | None = None
    row_bias: str | None = None
    residual: str | None = None
    activation: str | None = None

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
        )

    @property
    def pointers(self) -> tuple[str, ...]:
        """Names of the pointers it needs besides the output."""
        wanted = ("bias", "row_bias", "residual")
        return tuple(name for name in wanted if getattr(self, name) is not None)


def pointers(epilogue: Epilogue) -> tuple[Ref, ...]:
    """What ``Finish.pointers`` names."""
    operands = (epilogue.bias, epilogue.row_bias, epilogue.residual)
    return tuple(operand.ref for operand in operands if operand is not None)


def steps(out: Operand, epilogue: Epilogue, tile: Tile) -> dict[str, int]:
    """The words that say how out, residual and biases lie: bytes between rows, and columns."""
    bias, row_bias, residual = epilogue.bias, epilogue.row_bias, epilogue.residual
    columns = [(out.step(-1), out.itemsize)]
    columns += [(extra.step(-1), extra.itemsize) for extra in (bias, residual) if extra]
    return {
        "out_row": out.step(-2),
        "out_column": out.step(-1),
        "residual_row": residual.step(-2) if residual else 0,
        "residual_column": residual.step(-1) if residual else 0,
        "bias_step": bias.step(-1) if bias else 0,
        "row_bias_step": row_bias.step(-1) if row_bias else 0,
        "whole_vectors": int(all(step == size for step, size in columns)),
    }


@dataclass(frozen=True)
class Output:
    """Where a kernel's results go: names of values in its text.

    ``bases``: addresses of out, bias, row_bias, residual. ``steps``: bytes between neighbouring
    columns of each (rows for row_bias). ``whole_vectors``: i1, all of those steps are one element.
    """

    bases: dict[str, str]
    steps: dict[str, str]
    whole_vectors: str


def store_tile(
    body: Body,
    tile: Tile,
    finish: Finish,
    output: Output,
    sums: list[str],
    buffer: str,
    rows: str,
    valid_rows: str,
    column: str,
    valid_columns: str,
    first: str,
    last: str,
) -> None:
    """Write ``valid_rows`` x ``valid_columns`` of a tile whose first column is number ``column``.

    ``rows``: the tile's rows (see ``ROW_BYTES``). ``first``, ``last`` (i1): whether this is the first
    and the last block of depth; sums of later blocks are added to what the first ones stored.
    """
    width = tile.lanes * tile.itemsize
    for index, value in enumerate(sums):
        body.store(tile.vector, value, body.at(buffer, str(index * width)), tile.itemsize)
    full = body.equal(valid_columns, str(tile.columns))
    with body.either(body.op(f"and i1 {full}, {output.whole_vectors}")) as (yes, no):
        with body.branch(yes), body.loop("0", valid_rows) as row:
            _store_row(
                body, tile, finish, output, tile.lanes, buffer, rows, row, column, "0", first, last
            )
        with body.branch(no), body.loop("0", valid_rows) as row:
            with body.loop("0", valid_columns) as place:
                _store_row(
                    body, tile, finish, output, 1, buffer, rows, row, column, place, first, last
                )


def _store_row(
    body: Body,
    tile: Tile,
    finish: Finish,
    output: Output,
    lanes: int,
    buffer: str,
    rows: str,
    row: str,
    column: str,
    place: str,
    first: str,
    last: str,
) -> None:
    """One row in vectors, or (``lanes`` 1) the one element ``place`` of it."""
    entry = body.at(rows, body.mul(row, str(ROW_BYTES)))
    offsets = {
        "out": body.load("i64", body.at(entry, "8")),
        "residual": body.load("i64", body.at(entry, "16")) if finish.residual else "0",
        "bias": "0",
    }
    first_column = body.add(column, place)
    count = tile.vectors if lanes > 1 else 1
    text = values.kind(tile.dtype, lanes)
    start = body.add(
        body.mul(row, str(tile.columns * tile.itemsize)), body.mul(place, str(tile.itemsize))
    )

    def address(name: str, vector: int) -> str:
        base = body.at(output.bases[name], offsets[name])
        column = body.add(first_column, str(vector * lanes))
        return body.at(base, body.mul(column, output.steps[name]))

    def stored(vector: int) -> str:
        return values.load(body, finish.out, address("out", vector), lanes)

    def more(results: list[str]) -> list[str]:
        return [
            values.add(body, tile.dtype, stored(vector), value, lanes)
            for vector, value in enumerate(results)
        ]

    def end(results: list[str]) -> list[str]:
        extra = ""
        if finish.row_bias:
            index = body.load("i64", body.at(entry, "24"))
            place = body.at(output.bases["row_bias"], body.mul(index, output.steps["row_bias"]))
            extra = values.load(body, finish.row_bias, place)
            extra = values.spread(body, tile.dtype, extra, lanes)
        done = []
        for vector, value in enumerate(results):
            for name, dtype in (("bias", finish.bias), ("residual", finish.residual)):
                if name == "residual" and extra:
                    value = values.add(body, tile.dtype, value, extra, lanes)
                if dtype:
                    other = values.load(body, dtype, address(name, vector), lanes)
                    value = values.add(body, tile.dtype, value, other, lanes)
            if finish.activation == "relu":
                value = values.relu(body, tile.dtype, value, lanes)
            done.append(value)
        return done

    results = []
    for vector in range(count):
        source = body.at(buffer, body.add(start, str(vector * lanes * tile.itemsize)))
        results.append(body.load(text, source, tile.itemsize))
    later = body.op(f"xor i1 {first}, true")
    results = body.maybe(later, text, results, more)
    if finish != Finish(finish.out):
        results = body.maybe(last, text, results, end)
    for vector, value in enumerate(results):
        values.store(body, finish.out, value, address("out", vector), lanes)
