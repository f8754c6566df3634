"""Slabs: a window of an image, with its padding, packed channels-last where a chunk can hold it.

A convolution reads every input for each tap and each group of output channels. A chunk copies the
inputs of its results once, to the stack, where they stay in the second cache: zeros around the
image become memory, any layout and dtype becomes one, and a tap is a constant distance.
"""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction import values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.ir.size import decision

_IMAGE = ("base", "height", "width", "image_step", "row_step", "column_step", "channel_step")
_SLAB = ("to", "rows", "columns", "channels", "to_image_step", "to_row_step", "to_column_step")
_PARAMETERS = [
    ("ptr" if name in ("base", "to") else "i64", name)
    for name in (*_IMAGE, *_SLAB, "images", "top", "left")
]
# Columns before they are needed those are asked for whose channels lie apart from the last one's.
AHEAD = "16"


@decision
def planes(channels: int, column: int, channel: int) -> int:
    """How many channels, all of a group, a copier had better weave, of inputs whose neighbours
    along columns and channels are so many elements apart.
    """
    return channels if 2 <= channels <= 4 and column == 1 != channel else 0


class Copier(Record):
    """Copies memory of ``source`` dtype as its register dtype, in vectors of ``lanes``.

    ``planes``: channels that are woven, vectors of them, where each has the neighbours of a row
    together and a slab has no others; 0 for none.
    """

    source: str
    lanes: int
    planes: int = 0

    @property
    def dtype(self) -> str:
        return values.register_dtype(self.source)

    @property
    def size(self) -> int:
        return values.SIZES[self.dtype]

    def define(self) -> str:
        """The function that ``fill`` calls."""
        return _define(self)

    def define_runs(self) -> str:
        """The functions that ``copy`` and ``clear`` call; ``define`` has them too."""
        return _define_run(self, "copy") + _define_run(self, "clear")

    def fill(self, body: Body, image: Image, slab: Slab, images: str, top: str, left: str) -> None:
        """Copy ``images`` images; the slab begins at row ``top`` and column ``left`` of each.

        Both may be negative; what lies outside the image is 0.
        """
        given = (*image.as_tuple(), *slab.as_tuple(), images, top, left)
        kinds = [kind for kind, _ in _PARAMETERS]
        body.call("fill", list(zip(kinds, given, strict=True)))

    def copy(self, body: Body, source: str, target: str, count: str) -> None:
        """``count`` neighbours."""
        body.call("copy", [("ptr", source), ("ptr", target), ("i64", count)])

    def clear(self, body: Body, target: str, count: str) -> None:
        """``count`` zeros."""
        body.call("clear", [("ptr", target), ("i64", count)])


class Image(Record):
    """Where the source is, names of values: steps in bytes, sizes of the whole image."""

    base: str
    height: str
    width: str
    image_step: str
    row_step: str
    column_step: str
    channel_step: str


class Slab(Record):
    """Where the copy goes: steps in bytes; ``rows`` x ``columns`` x ``channels`` of each image."""

    base: str
    rows: str
    columns: str
    channels: str
    image_step: str
    row_step: str
    column_step: str


def _define(copier: Copier) -> str:
    functions = copier.define_runs()
    body = Body()
    image = Image(*(f"%{name}" for name in _IMAGE))
    slab = Slab(*(f"%{name}" for name in _SLAB))
    images, top, left = "%images", "%top", "%left"
    start = body.min(body.max(body.sub("0", left), "0"), slab.columns)
    stop = body.max(body.min(body.sub(image.width, left), slab.columns), start)
    per_column = body.div(slab.column_step, str(copier.size))
    with body.loop("0", images) as number, body.loop("0", slab.rows) as row:
        source_row = body.add(top, row)
        # Unsigned, so that a negative row is beyond the last one as well.
        there = body.op(f"icmp ult i64 {source_row}, {image.height}")
        first = body.select(there, start, slab.columns)
        last = body.select(there, stop, slab.columns)
        target = body.at(
            body.at(slab.base, body.mul(number, slab.image_step)), body.mul(row, slab.row_step)
        )
        copier.clear(body, target, body.mul(first, per_column))
        rest = body.at(target, body.mul(last, slab.column_step))
        copier.clear(body, rest, body.mul(body.sub(slab.columns, last), per_column))
        with body.when(there):
            source = body.at(image.base, body.mul(number, image.image_step))
            source = body.at(source, body.mul(source_row, image.row_step))
            source = body.at(source, body.mul(body.add(left, first), image.column_step))
            into = body.at(target, body.mul(first, slab.column_step))
            _copy_row(body, copier, image, slab, source, into, body.sub(last, first))
    return functions + function("fill", _PARAMETERS, body)


def _define_run(copier: Copier, what: str) -> str:
    """``copy`` or ``clear``: whole vectors, then what is left one by one."""
    body = Body()
    whole = body.mul(body.div("%count", str(copier.lanes)), str(copier.lanes))
    for start, stop, lanes in (("0", whole, copier.lanes), (whole, "%count", 1)):
        with body.loop(start, stop, str(lanes)) as index:
            value = values.zero(lanes)
            if what == "copy":
                here = body.at("%source", body.mul(index, str(values.SIZES[copier.source])))
                value = values.load(body, copier.source, here, lanes)
            there = body.at("%target", body.mul(index, str(copier.size)))
            values.store(body, copier.dtype, value, there, lanes)
    parameters = [("ptr", "target"), ("i64", "count")]
    if what == "copy":
        parameters.insert(0, ("ptr", "source"))
    return function(what, parameters, body)


def _copy_row(
    body: Body, copier: Copier, image: Image, slab: Slab, source: str, target: str, count: str
) -> None:
    size = str(values.SIZES[copier.source])
    with body.either(body.equal(image.channel_step, size)) as (together, apart):
        with body.branch(together):
            # Columns that follow each other on both sides are one long copy.
            row = body.mul(slab.channels, size)
            same = body.equal(slab.column_step, body.mul(slab.channels, str(copier.size)))
            dense = body.op(f"and i1 {body.equal(image.column_step, row)}, {same}")
            with body.either(dense) as (yes, no):
                with body.branch(yes):
                    copier.copy(body, source, target, body.mul(count, slab.channels))
                with body.branch(no):
                    _copy_columns(body, copier, image, slab, source, target, count)
        with body.branch(apart):
            start = "0"
            if copier.planes:
                start = _woven(body, copier, image, slab, count)
                _weave(body, copier, image, source, target, start)
            with (
                body.loop("0", slab.channels) as channel,
                body.loop(start, count) as column,
            ):
                here = body.at(source, body.mul(channel, image.channel_step))
                here = body.at(here, body.mul(column, image.column_step))
                there = body.at(target, body.mul(channel, str(copier.size)))
                there = body.at(there, body.mul(column, slab.column_step))
                values.store(body, copier.dtype, values.load(body, copier.source, here), there)


def _copy_columns(
    body: Body, copier: Copier, image: Image, slab: Slab, source: str, target: str, count: str
) -> None:
    """The channels of each column in vectors, then in short ones, then one by one."""
    widths = [copier.lanes, *(width for width in (4, 1) if width < copier.lanes)]
    stops = [body.mul(body.div(slab.channels, str(width)), str(width)) for width in widths]
    with body.loop("0", count) as column:
        here = body.at(source, body.mul(column, image.column_step))
        there = body.at(target, body.mul(column, slab.column_step))
        body.prefetch(body.at(here, body.mul(image.column_step, AHEAD)))
        for start, stop, width in zip(["0", *stops], stops, widths, strict=False):
            with body.loop(start, stop, str(width)) as channel:
                place = body.at(here, body.mul(channel, str(values.SIZES[copier.source])))
                value = values.load(body, copier.source, place, width)
                place = body.at(there, body.mul(channel, str(copier.size)))
                values.store(body, copier.dtype, value, place, width)


def _woven(body: Body, copier: Copier, image: Image, slab: Slab, count: str) -> str:
    """How many of ``count`` columns are whole vectors that can be woven."""
    whole = body.mul(body.div(count, str(copier.lanes)), str(copier.lanes))
    for found, wanted in (
        (slab.channels, copier.planes),
        (slab.column_step, copier.planes * copier.size),
        (image.column_step, values.SIZES[copier.source]),
    ):
        whole = body.select(body.equal(found, str(wanted)), whole, "0")
    return whole


def _weave(body: Body, copier: Copier, image: Image, source: str, target: str, count: str) -> None:
    """``count`` columns of all planes, whole vectors of them."""
    size = values.SIZES[copier.source]
    with body.loop("0", count, str(copier.lanes)) as column:
        here = body.at(source, body.mul(column, str(size)))
        parts = []
        for _ in range(copier.planes):
            parts.append(values.load(body, copier.source, here, copier.lanes))
            here = body.at(here, image.channel_step)
        woven = values.interleaved(body, copier.dtype, parts, copier.lanes)
        there = body.at(target, body.mul(column, str(copier.planes * copier.size)))
        values.store(body, copier.dtype, woven, there, copier.planes * copier.lanes)
