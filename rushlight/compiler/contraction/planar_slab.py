"""Slabs with the columns of each channel together: what kernels with pixels as lanes read.

Like ``slab``, but channels are planes: a vector along a row of the image is one load.
"""

from __future__ import annotations

from rushlight.base.record import Record
from rushlight.compiler.contraction import slab, values
from rushlight.compiler.contraction.emit import Body, function
from rushlight.compiler.contraction.slab import Copier

_IMAGE = ("base", "height", "width", "image_step", "row_step", "column_step", "channel_step")
_PLANES = ("to", "rows", "columns", "channels", "to_image_step", "to_channel_step", "to_row_step")
_PARAMETERS = [
    ("ptr" if name in ("base", "to") else "i64", name)
    for name in (*_IMAGE, *_PLANES, "images", "top", "left")
]
# Side of the squares that are turned in registers where there is no room for whole vectors.
_SIDE = 4


class Planes(Record):
    """Where the copy goes: steps in bytes; neighbours in a row are neighbours in memory."""

    base: str
    rows: str
    columns: str
    channels: str
    image_step: str
    channel_step: str
    row_step: str


def fill(body: Body, image: slab.Image, planes: Planes, images: str, top: str, left: str) -> None:
    """Copy ``images`` images; the copy begins at row ``top`` and column ``left`` of each.

    Both may be negative; what lies outside the image is 0. Planes lie close together.
    """
    given = (*image.as_tuple(), *planes.as_tuple(), images, top, left)
    kinds = [kind for kind, _ in _PARAMETERS]
    body.call("fill_planes", list(zip(kinds, given, strict=True)))


def define(copier: Copier) -> str:
    """The function that ``fill`` calls."""
    body = Body()
    start = body.min(body.max(body.sub("0", "%left"), "0"), "%columns")
    stop = body.max(body.min(body.sub("%width", "%left"), "%columns"), start)
    # What the image does not reach is cleared with all the rest: many short runs take longer.
    below = body.sub(body.add("%top", "%rows"), "%height")
    across = body.op(f"or i1 {body.less('%top', '0')}, {body.less('0', below)}")
    narrow = body.less(body.sub(stop, start), "%columns")
    padded = body.op(f"or i1 {across}, {narrow}")
    plane_items = body.div("%to_channel_step", str(copier.size))
    items = body.select(padded, body.mul("%channels", plane_items), "0")
    with body.loop("0", "%images") as number:
        copier.clear(body, body.at("%to", body.mul(number, "%to_image_step")), items)
    count = body.sub(stop, start)
    with body.loop("0", "%images") as number, body.loop("0", "%rows") as row:
        source_row = body.add("%top", row)
        # Unsigned, so that a negative row is beyond the last one as well.
        there = body.op(f"icmp ult i64 {source_row}, %height")
        target = body.at("%to", body.mul(number, "%to_image_step"))
        target = body.at(target, body.mul(row, "%to_row_step"))
        into = body.at(target, body.mul(start, str(copier.size)))
        with body.when(there):
            source = body.at("%base", body.mul(number, "%image_step"))
            source = body.at(source, body.mul(source_row, "%row_step"))
            source = body.at(source, body.mul(body.add("%left", start), "%column_step"))
            _copy_row(body, copier, source, into, count)
    return copier.define_runs() + function("fill_planes", _PARAMETERS, body)


def _copy_row(body: Body, copier: Copier, source: str, target: str, count: str) -> None:
    size = str(values.SIZES[copier.source])
    with body.either(body.equal("%column_step", size)) as (together, apart):
        with body.branch(together), body.loop("0", "%channels") as channel:
            here = body.at(source, body.mul(channel, "%channel_step"))
            copier.copy(body, here, body.at(target, body.mul(channel, "%to_channel_step")), count)
        with body.branch(apart):
            last = body.equal("%channel_step", size)
            _squares(body, copier, source, target, count, last, sorted({copier.lanes, _SIDE}))


def _squares(
    body: Body, copier: Copier, source: str, target: str, count: str, last: str, sides: list[int]
) -> None:
    """By the largest squares that fit into the columns and channels, if those are ``last``."""
    if not sides:
        with body.loop("0", "%channels") as channel, body.loop("0", count) as column:
            here = body.at(source, body.mul(channel, "%channel_step"))
            here = body.at(here, body.mul(column, "%column_step"))
            there = body.at(target, body.mul(channel, "%to_channel_step"))
            there = body.at(there, body.mul(column, str(copier.size)))
            values.store(body, copier.dtype, values.load(body, copier.source, here), there)
        return
    side = sides.pop()
    fit = last
    for size in (count, "%channels"):
        fit = body.op(f"and i1 {fit}, {body.op(f'icmp sge i64 {size}, {side}')}")
    with body.either(fit) as (yes, no):
        with body.branch(yes):
            _turn(body, copier, source, target, count, side)
        with body.branch(no):
            _squares(body, copier, source, target, count, last, sides)


def _turn(body: Body, copier: Copier, source: str, target: str, count: str, side: int) -> None:
    """Squares of columns and channels; the last ones overlap those before them."""
    with (
        body.loop("0", "%channels", str(side)) as next_channel,
        body.loop("0", count, str(side)) as next_column,
    ):
        channel = body.min(next_channel, body.sub("%channels", str(side)))
        column = body.min(next_column, body.sub(count, str(side)))
        here = body.at(source, body.mul(column, "%column_step"))
        here = body.at(here, body.mul(channel, "%channel_step"))
        rows = [
            values.load(
                body, copier.source, body.at(here, body.mul(str(place), "%column_step")), side
            )
            for place in range(side)
        ]
        there = body.at(target, body.mul(channel, "%to_channel_step"))
        there = body.at(there, body.mul(column, str(copier.size)))
        for place, value in enumerate(values.turned(body, copier.dtype, rows)):
            to = body.at(there, body.mul(str(place), "%to_channel_step"))
            values.store(body, copier.dtype, value, to, side)
