"""Where a block of two by two results of a Winograd kernel reads and writes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body
from rushlight.compiler.contraction.finish import Finish, activated, with_columns
from rushlight.compiler.contraction.tile import Tile


@dataclass(frozen=True)
class Here:
    """A block's image and its first row and column of results: names of values."""

    image: str
    row: str
    column: str


@dataclass(frozen=True)
class Targets:
    """Of each of the four results: the address of its first filter, and what is added there."""

    out: list[str]
    residual: list[str]


@dataclass(frozen=True)
class Places:
    """A kernel's arguments by name."""

    pointer: dict[str, str]
    word: dict[str, str]

    def find(self, body: Body, number: str) -> Here:
        """The block ``number`` of the batch."""
        rest = body.div(number, self.word["tile_columns"])
        column = body.mul(body.rem(number, self.word["tile_columns"]), "2")
        row = body.mul(body.rem(rest, self.word["tile_rows"]), "2")
        return Here(body.div(rest, self.word["tile_rows"]), row, column)

    def inside(self, body: Body, here: Here, row: int, column: int) -> tuple[str, str, str]:
        """(whether it is in the image, row, column) of one of a block's 4 x 4 inputs."""
        word = self.word
        line = body.sub(body.add(here.row, str(row)), word["low_row"])
        place = body.sub(body.add(here.column, str(column)), word["low_column"])
        # Negative numbers are large ones when unsigned.
        high = body.op(f"icmp ult i64 {line}, {word['height']}")
        wide = body.op(f"icmp ult i64 {place}, {word['width']}")
        return body.op(f"and i1 {high}, {wide}"), line, place

    def input(self, body: Body, here: Here, row: int, column: int, edge: str) -> str:
        """The address of an input's first channel, or of zeros."""
        word = self.word
        there, line, place = self.inside(body, here, row, column)
        offset = body.mul(here.image, word["x_image"])
        offset = body.add(offset, body.mul(line, word["x_row"]))
        offset = body.add(offset, body.mul(place, word["x_column"]))
        address = body.at(self.pointer["x"], offset)
        return body.op(f"select i1 {there}, ptr {address}, ptr {edge}")

    def outputs(self, body: Body, here: Here, beyond: str) -> Targets:
        """``beyond``: the address for results that are not in the image."""
        word = self.word
        found: dict[str, list[str]] = {"out": [], "residual": []}
        for number in range(4):
            row = body.add(here.row, str(number // 2))
            column = body.add(here.column, str(number % 2))
            high, wide = body.less(row, word["out_height"]), body.less(column, word["out_width"])
            there = body.op(f"and i1 {high}, {wide}")
            for name, addresses in found.items():
                if name not in self.pointer:
                    continue
                offset = body.mul(here.image, word[f"{name}_image"])
                offset = body.add(offset, body.mul(row, word[f"{name}_row"]))
                offset = body.add(offset, body.mul(column, word[f"{name}_column"]))
                address = body.at(self.pointer[name], offset)
                addresses.append(body.op(f"select i1 {there}, ptr {address}, ptr {beyond}"))
        return Targets(found["out"], found["residual"])


def places(body: Body, pointers: tuple[str, ...], words: tuple[str, ...]) -> Places:
    """The arguments of a kernel, or of a function that has the kernel's as ``%args``."""
    pointer = dict(zip(pointers, body.words("%args", len(pointers), kind="ptr"), strict=True))
    found = body.words("%args", len(words), first=len(pointers))
    return Places(pointer, dict(zip(words, found, strict=True)))


@contextmanager
def vectors(body: Body, tile: Tile, count: str) -> Iterator[str]:
    """Where vectors of ``count`` neighbours begin, at least a vector of them: the last one lies
    over the one before where they do not divide evenly, and does some of its work again."""
    last = body.sub(count, str(tile.lanes))
    with body.loop("0", count, str(tile.lanes)) as first:
        yield body.min(first, last)


def transformed_inputs(
    body: Body, tile: Tile, dtype: str, sources: list[list[str]], channel: str,
    targets: list[str], to: str,
) -> None:  # fmt: skip
    """``B' d B`` of one vector of channels from ``channel`` on of each of the 4 x 4 sources.

    Sources are ``dtype``; the 16 points go ``to`` bytes from each target.
    """
    kind = tile.vector
    offset = body.mul(channel, str(values.SIZES[dtype]))
    for row, (left, sign, right) in enumerate(_PAIRS):
        # Rows are loaded again for each use: sixteen at once would not fit registers.
        sums = []
        for column in range(4):
            pair = [
                values.load(body, dtype, body.at(sources[each][column], offset), tile.lanes)
                for each in (left, right)
            ]
            sums.append(body.op(f"{sign} {kind} {pair[0]}, {pair[1]}"))
        for column, (one, sign_, other) in enumerate(_PAIRS):
            value = body.op(f"{sign_} {kind} {sums[one]}, {sums[other]}")
            body.store(kind, value, body.at(targets[4 * row + column], to), tile.itemsize)


# B': (0 - 2, 1 + 2, 2 - 1, 1 - 3).
_PAIRS = ((0, "fsub", 2), (1, "fadd", 2), (2, "fsub", 1), (1, "fsub", 3))


def notes(body: Body, tile: Tile, seen: str, results: list[str]) -> str:
    """``seen``, in which some lane is nan from the first result on that is not finite."""
    for value in results:
        # 0 times what is not finite is nan, and stays in the sum.
        nothing = body.op(f"fmul {tile.vector} {value}, zeroinitializer")
        seen = body.op(f"fadd {tile.vector} {seen}, {nothing}")
    return seen


def noted(body: Body, tile: Tile, seen: str) -> str:
    """Whether anything in ``notes`` was not finite (i1)."""
    odd = body.op(f"fcmp uno {tile.vector} {seen}, zeroinitializer")
    bits = body.op(f"bitcast <{tile.lanes} x i1> {odd} to i{tile.lanes}")
    return body.op(f"icmp ne i{tile.lanes} {bits}, 0")


def finished(
    body: Body, tile: Tile, finish: Finish, at: Places, targets: Targets, filter_: str,
    results: list[str],
) -> None:  # fmt: skip
    """Store one vector of filters from ``filter_`` on of a block's four results."""
    lanes = tile.lanes

    def offset(dtype: str) -> str:
        return body.mul(filter_, str(values.SIZES[dtype]))

    def there(dtype: str, address: str) -> str:
        return values.load(body, dtype, body.at(address, offset(dtype)), lanes)

    column = {name: there(getattr(finish, name), at.pointer[name]) for name in finish.columns}
    for number, value in enumerate(results):
        value = with_columns(body, tile.dtype, finish, value, column, lanes)
        if finish.residual:
            address = targets.residual[number]
            more = there(finish.residual, address)
            # The next block's is two columns on: results come faster than memory brings it.
            ahead = body.at(address, body.mul(at.word["residual_column"], "2"))
            body.prefetch(body.at(ahead, offset(finish.residual)))
            value = values.add(body, tile.dtype, value, more, lanes)
        value = activated(body, tile.dtype, finish, value, lanes)
        to = body.at(targets.out[number], offset(finish.out))
        values.store(body, finish.out, value, to, lanes)
