"""From registers to memory: what is added to a tile's sums, and how they are stored.

Where a tile's columns lie together, its vectors are finished and stored straight from registers.
Everywhere else (edges, transposed outputs) they go to a small buffer, and from there one by one.
"""

from __future__ import annotations

import math

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.operand import Epilogue, Operand
from rushlight.compiler.contraction.tile import ROW_BYTES, Tile, column_masks
from rushlight.compiler.launch import Ref
from rushlight.ir.size import decision

# Bytes of a cache line, which is written past the caches as one; of results that no cache holds;
# and terms of a sum that take longer than storing it.
LINE, BEYOND, SHALLOW = 64, 32 << 20, 128


class Finish(Record):
    """The part of an epilogue that is in the kernel's text: which steps, on which dtypes.

    ``past``: whole tiles that begin with a cache line are stored past the caches; all rows are
    whole lines apart, and the kernel ends with ``Body.wait_for_streams``.
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
        )

    @property
    def maskable(self) -> bool:
        """Everything it reads and writes can be read under a mask."""
        read = {self.bias, self.scale, self.shift, self.residual}
        return {self.out, *read} <= {"f32", "f64", None}

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


def store_tile(
    body: Body, tile: Tile, finish: Finish, output: Output, sums: list[str], buffer: str, at: Place
) -> None:
    """Write the tile's valid rows and columns; every row of the table must be an address."""
    writer = _Writer(body, tile.dtype, finish, output, at)
    full = body.equal(at.valid_columns, str(tile.columns))
    with body.either(body.op(f"and i1 {full}, {output.whole_vectors}")) as (yes, no):
        with (
            body.branch(yes),
            body.either(body.equal(at.valid_rows, str(tile.rows))) as (all_, some),
        ):
            with body.branch(all_):
                _store_vectors(body, tile, writer, sums)
            with body.branch(some):
                spill(body, tile, sums, buffer)
                _store_rows(body, tile, writer, buffer)
        with body.branch(no):
            spill(body, tile, sums, buffer)
            if tile.lanes == 1 or not finish.maskable:
                store_scalars(body, tile, finish, output, buffer, at)
            else:
                with body.either(f"{output.whole_vectors}") as (together, apart):
                    with body.branch(together):
                        _store_edge(body, tile, writer, buffer)
                    with body.branch(apart):
                        store_scalars(body, tile, finish, output, buffer, at)


def _store_rows(body: Body, tile: Tile, writer: _Writer, buffer: str) -> None:
    """Fewer rows than the tile's, in whole vectors."""
    with body.loop("0", writer.at.valid_rows) as row:
        offsets = writer.row(row)
        start = body.at(buffer, body.mul(row, str(tile.columns * tile.itemsize)))
        where = [(offsets, column) for column in _columns(body, tile, writer.at)]
        sums = [
            body.load(tile.vector, body.at(start, str(size)), tile.itemsize)
            for size in range(0, tile.columns * tile.itemsize, tile.lanes * tile.itemsize)
        ]
        for value, place in zip(writer.finished(sums, where, tile.lanes), where, strict=True):
            values.store(body, writer.finish.out, value, writer.address("out", *place), tile.lanes)


def _columns(body: Body, tile: Tile, at: Place) -> list[str]:
    """The first column of each of the tile's vectors."""
    return [body.add(at.column, str(index * tile.lanes)) for index in range(tile.vectors)]


def _store_edge(body: Body, tile: Tile, writer: _Writer, buffer: str) -> None:
    """Rows of fewer columns than the tile's, in vectors of which only a part is stored."""
    at = writer.at
    masks = column_masks(body, tile, at.valid_columns)
    with body.loop("0", at.valid_rows) as row:
        offsets = writer.row(row)
        start = body.at(buffer, body.mul(row, str(tile.columns * tile.itemsize)))
        for vector, mask in enumerate(masks):
            place = body.at(start, str(vector * tile.lanes * tile.itemsize))
            value = body.load(tile.vector, place, tile.itemsize)
            column = body.add(at.column, str(vector * tile.lanes))
            where = [(offsets, column)]
            value = writer.replace(mask=mask).finished([value], where, tile.lanes)[0]
            count = body.sub(at.valid_columns, str(vector * tile.lanes))
            count = body.max(body.min(count, str(tile.lanes)), "0")
            to = writer.address("out", offsets, column)
            values.store_some(body, writer.finish.out, value, to, tile.lanes, count)


def spill(body: Body, tile: Tile, sums: list[str], buffer: str) -> None:
    """The sums to ``buffer``, row by row."""
    for index, value in enumerate(sums):
        place = body.at(buffer, str(index * tile.lanes * tile.itemsize))
        body.store(tile.vector, value, place, tile.itemsize)


def store_scalars(
    body: Body, tile: Tile, finish: Finish, output: Output, buffer: str, at: Place
) -> None:
    """Write the valid rows and columns of the sums in ``buffer``, which are of the tile's size."""
    writer = _Writer(body, tile.dtype, finish, output, at)
    with body.loop("0", at.valid_rows) as row, body.loop("0", at.valid_columns) as place:
        index = body.add(body.mul(row, str(tile.columns)), place)
        source = body.at(buffer, body.mul(index, str(tile.itemsize)))
        value = body.load(values.kind(tile.dtype), source)
        offsets = writer.row(row)
        column = body.add(at.column, place)
        results = writer.finished([value], [(offsets, column)], 1)
        values.store(body, finish.out, results[0], writer.address("out", offsets, column))


def _store_vectors(body: Body, tile: Tile, writer: _Writer, sums: list[str]) -> None:
    """A whole tile, straight from registers."""
    rows = [writer.row(str(row)) for row in range(tile.rows)]
    places = [(row, column) for row in rows for column in _columns(body, tile, writer.at)]
    results = writer.finished(sums, places, tile.lanes)

    def store(past: bool) -> None:
        for value, place in zip(results, places, strict=True):
            target = writer.address("out", *place)
            if past:
                size = tile.lanes * tile.itemsize
                body.store_past_caches(tile.vector, value, target, size)
            else:
                values.store(body, writer.finish.out, value, target, tile.lanes)

    if not writer.finish.past:
        store(False)
        return
    start = body.op(f"ptrtoint ptr {writer.address('out', *places[0])} to i64")
    with body.either(body.equal(body.op(f"and i64 {start}, {LINE - 1}"), "0")) as (yes, no):
        for branch, past in ((yes, True), (no, False)):
            with body.branch(branch):
                store(past)


class _Writer(Record):
    """Adds to values what the epilogue says, knowing where they go."""

    body: Body
    dtype: str
    finish: Finish
    output: Output
    at: Place
    mask: str = ""

    def row(self, row: str) -> dict[str, str]:
        """The offsets of one row of the tile."""
        body = self.body
        line = body.at(self.at.rows, body.mul(row, str(ROW_BYTES)))
        offsets = dict.fromkeys(self.finish.columns, "0")
        offsets["out"] = body.load("i64", body.at(line, "8"))
        if self.finish.residual:
            offsets["residual"] = body.load("i64", body.at(line, "16"))
        if self.finish.row_bias:
            index = body.load("i64", body.at(line, "24"))
            offsets["row_bias"] = body.mul(index, self.output.steps["row_bias"])
        return offsets

    def address(self, name: str, offsets: dict[str, str], column: str) -> str:
        body = self.body
        base = body.at(self.output.bases[name], offsets[name])
        return body.at(base, body.mul(column, self.output.steps[name]))

    def finished(
        self, sums: list[str], places: list[tuple[dict[str, str], str]], lanes: int
    ) -> list[str]:
        """What is stored for ``sums``, which belong at (row offsets, column)."""
        body, text = self.body, values.kind(self.dtype, lanes)
        if self.at.first != "true":
            later = body.op(f"xor i1 {self.at.first}, true")

            def more(results: list[str]) -> list[str]:
                return [
                    self._plus("out", self.finish.out, value, place, lanes)
                    for value, place in zip(results, places, strict=True)
                ]

            sums = body.maybe(later, text, sums, more)
        if self.finish == Finish(self.finish.out, past=self.finish.past):
            return sums
        if self.at.last == "true":
            return [
                self._end(value, place, lanes) for value, place in zip(sums, places, strict=True)
            ]

        def end(results: list[str]) -> list[str]:
            return [
                self._end(value, place, lanes) for value, place in zip(results, places, strict=True)
            ]

        return body.maybe(self.at.last, text, sums, end)

    def _plus(
        self, name: str, dtype: str, value: str, place: tuple[dict[str, str], str], lanes: int
    ) -> str:
        address = self.address(name, *place)
        other = values.load(self.body, dtype, address, lanes, self.mask)
        return values.add(self.body, self.dtype, value, other, lanes)

    def _end(self, value: str, place: tuple[dict[str, str], str], lanes: int) -> str:
        body, finish = self.body, self.finish
        column = {
            name: values.load(
                body, getattr(finish, name), self.address(name, *place), lanes, self.mask
            )
            for name in finish.columns
        }
        value = with_columns(body, self.dtype, finish, value, column, lanes)
        if finish.row_bias:
            here = body.at(self.output.bases["row_bias"], place[0]["row_bias"])
            one = values.load(body, finish.row_bias, here)
            many = values.spread(body, self.dtype, one, lanes)
            value = values.add(body, self.dtype, value, many, lanes)
        if finish.residual:
            value = self._plus("residual", finish.residual, value, place, lanes)
        return activated(body, self.dtype, finish, value, lanes)


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
