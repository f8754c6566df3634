"""From registers to memory: how a tile's sums are finished and stored.

Where a tile's columns lie together, its vectors are finished and stored straight from registers;
where its rows do, after squares of them are turned. Everywhere else (edges, other outputs) they go
to a small buffer, and from there one by one.
"""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.finish import (
    LINE,
    Finish,
    Output,
    Place,
    activated,
    with_columns,
)
from rushlight.compiler.contraction.tile import ROW_BYTES, Tile, column_masks


def store_tile(
    body: Body, tile: Tile, finish: Finish, output: Output, sums: list[str], buffer: str, at: Place,
    along: bool = False,
) -> None:  # fmt: skip
    """Write the tile's valid rows and columns; every row of the table must be an address.

    ``along``: rows of the table that follow each other are equally far apart.
    """
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
            if along and tile.lanes > 1 and finish.turns:
                whole = body.op(f"and i1 {full}, {body.equal(at.valid_rows, str(tile.rows))}")
                for one in (*_beside(body, tile, finish, output), at.first, at.last):
                    whole = body.op(f"and i1 {whole}, {one}")
                with body.either(whole) as (all_, some):
                    with body.branch(all_):
                        _store_turned(body, tile, writer, buffer)
                    with body.branch(some):
                        store_scalars(body, tile, finish, output, buffer, at)
            elif tile.lanes == 1 or not finish.maskable:
                store_scalars(body, tile, finish, output, buffer, at)
            else:
                with body.either(f"{output.whole_vectors}") as (together, apart):
                    with body.branch(together):
                        _store_edge(body, tile, writer, buffer)
                    with body.branch(apart):
                        store_scalars(body, tile, finish, output, buffer, at)


def _beside(body: Body, tile: Tile, finish: Finish, output: Output) -> list[str]:
    """Conditions: what has one element for each row lies together, too."""
    if finish.row_bias is None:
        return []
    size = values.SIZES[finish.row_bias]
    return [body.equal(output.steps["row_bias"], str(size))]


def _store_turned(body: Body, tile: Tile, writer: _Writer, buffer: str) -> None:
    """A whole tile whose rows lie together: squares of its sums are turned in registers."""
    dtype, finish, lanes = tile.dtype, writer.finish, tile.lanes
    for above in range(0, tile.rows, lanes):
        rows = range(above, min(above + lanes, tile.rows))
        first = writer.row(str(above))
        biases = {}
        for start, count in _pieces(len(rows)):
            if finish.row_bias:
                here = body.at(writer.output.bases["row_bias"], first["row_bias"])
                here = body.at(here, str(start * values.SIZES[finish.row_bias]))
                biases[start] = values.load(body, finish.row_bias, here, count)
        for vector in range(tile.vectors):
            square = ["poison"] * lanes
            for place, row in enumerate(rows):
                sums = str((row * tile.vectors + vector) * lanes * tile.itemsize)
                square[place] = body.load(tile.vector, body.at(buffer, sums), tile.itemsize)
            for lane, column in enumerate(values.turned(body, dtype, square)):
                number = body.add(writer.at.column, str(vector * lanes + lane))
                to = writer.address("out", first, number)
                for start, count in _pieces(len(rows)):
                    value = values.part(body, dtype, column, lanes, start, count)
                    if finish.row_bias:
                        value = values.add(body, dtype, value, biases[start], count)
                    if finish.residual:
                        here = writer.address("residual", first, number)
                        here = body.at(here, str(start * values.SIZES[finish.residual]))
                        more = values.load(body, finish.residual, here, count)
                        value = values.add(body, dtype, value, more, count)
                    value = activated(body, dtype, finish, value, count)
                    target = body.at(to, str(start * values.SIZES[finish.out]))
                    values.store(body, finish.out, value, target, count)


def _pieces(count: int) -> list[tuple[int, int]]:
    """
    >>> _pieces(13)
    [(0, 8), (8, 4), (12, 1)]
    """
    found, start = [], 0
    while start < count:
        size = 1 << (count - start).bit_length() - 1
        found.append((start, size))
        start += size
    return found


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
    """Write the valid rows and columns of the sums in ``buffer``, which are of the tile's size.

    Those that lie together one after the other: lines a page apart push each other out.
    """
    writer = _Writer(body, tile.dtype, finish, output, at)
    counts = at.valid_rows, at.valid_columns
    outer, inner = reversed(counts) if finish.stands else counts
    with body.loop("0", outer) as first, body.loop("0", inner) as second:
        row, place = (second, first) if finish.stands else (first, second)
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
        if self.finish.empty:
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
