"""From a builder with its roots to launches: chunks, cached kernel texts, two-stage reductions."""

from __future__ import annotations

from typing import Any

from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import float32
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.compiler.loops.build import INLINE, Builder, Space, Value, needed_full, squeeze
from rushlight.compiler.loops.decide import decide
from rushlight.compiler.loops.emit import CHUNK_WORDS, LoopText
from rushlight.compiler.loops.schedule import Root, Schedule, Store
from rushlight.compiler.loops.signature import finish
from rushlight.compiler.loops.square import square_words
from rushlight.compiler.loops.stream import TILE
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt
from rushlight.ir.size import quantity
from rushlight.runtime import cpu

# (output, source) that may share memory
Pairs = list[tuple[Node, Node]]
# A reduction with fewer pieces of work than this, and more to do than fits one chunk, is cut.
FEW_PIECES = 64

# Bytes that a chunk touches at least, and the least work (in bytes) worth a second thread.
CHUNK_BYTES = 128 * 1024
SERIAL_BYTES = 256 * 1024


class KernelTexts:
    """Kernels by what decides their text; the text itself is written once."""

    name = "loop kernel texts"
    limit = 4096

    def __init__(self) -> None:
        self.kernels: dict[Any, Kernel] = {}

    def get(self, schedule: Schedule, split: bool) -> Kernel:
        key = (finish(schedule), split)
        found = self.kernels.get(key)
        if found is None:
            if len(self.kernels) >= self.limit:
                self.kernels.clear()
            found = self.kernels[key] = LoopText(schedule, split).kernel()
        return found

    def clear(self) -> None:
        self.kernels.clear()


texts = KernelTexts()


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def loop_launches(builder: Builder, outputs: list[Node]) -> list[tuple[Launch, Pairs]]:
    """Launches that compute ``outputs``, roots of ``builder``, and store them.

    With each goes which outputs may be written over which of its sources.
    """
    roots: list[Root] = [(node, *builder.roots[node]) for node in outputs]
    schedule = decide(builder.space, roots, cpu.host())
    if schedule.row_count * schedule.inner_count == 0 and all(n.size == 0 for n in outputs):
        return []
    label = label_of(outputs)
    segments = _segments(schedule)
    if segments > 1:
        return _two_stages(builder, roots, segments, label)
    return [(_one(schedule, label), _in_place(schedule))]


def _in_place(schedule: Schedule) -> Pairs:
    """(output, source): the output may be written over the source, which is read at no other place.

    Each element is read before its place is written: in the same pass over the reduced variables,
    or in an earlier one. Squares overlap.
    """
    if schedule.squares:
        return []
    places: dict[Node, set[Any]] = {}
    for value, access in schedule.loads.items():
        _, guards = value.data
        places.setdefault(value.data[0], set()).add(None if guards else access.index)
    pairs = []
    for store in schedule.stores:
        for node, found in places.items():
            if found != {store.access.index} or node.dtype.itemsize != store.node.dtype.itemsize:
                continue
            if node.size == store.node.size and not _read_later(schedule, store, node):
                pairs.append((store.node, node))
    return pairs


def _read_later(schedule: Schedule, store: Store, node: Node) -> bool:
    """Whether ``node`` is read again after its place is written: by a later pass, or by the same
    one after a value that waits there (``loops/saved.py``), which is written once it is known."""
    if not store.full:
        return False
    waiting = [(pass_, value) for value, (s, pass_) in schedule.saved.items() if s is store]
    first = min([store.value.phase, *(pass_ for pass_, _ in waiting)])
    last = max(value.phase for value in schedule.values)
    later: list[Value] = []
    for phase in range(first + 1, last + 1):
        later += schedule.pass_roots(phase)
    again = needed_full(later)
    for pass_, value in waiting:
        if pass_ == first:
            here = needed_full(schedule.pass_roots(first))
            again += [each for each in here if each.serial > value.serial]
    return any(v.op == "load" and v.data[0] is node for v in again)


def label_of(outputs: list[Node]) -> str:
    return "+".join([node.attrs.get("kind", node.op) for node in outputs[:3]])


def _work(schedule: Schedule) -> int:
    """Work in units of a byte moved."""
    total = schedule.row_count * schedule.inner_count
    return schedule.touched_bytes() + 16 * schedule.heavy * total


def _layout(schedule: Schedule, parts: int) -> tuple[int, int, int, int]:
    """(rows, rows a chunk, vector blocks, their length) for about ``parts`` chunks."""
    rows, blocks, length = schedule.row_count, 1, 0
    if schedule.tiled:
        extent = schedule.sizes[schedule.vector]
        high, wide = TILE
        if schedule.sizes[schedule.rows[-2]] < wide:
            high, wide = wide, 8 * wide  # the other side is contiguous over a few elements only
        length = _least(wide, _most(extent, 1))
        return rows // _most(extent, 1), high, _most(ceil_div(extent, length), 1), length
    if not schedule.by_rows and schedule.vector >= 0:
        extent = schedule.sizes[schedule.vector]
        rows //= _most(extent, 1)
        step = schedule.together or schedule.lanes * schedule.unroll
        if schedule.woven:
            rows //= schedule.woven
        least, widest = step, 0
        if schedule.panel:
            least, widest = schedule.panel_columns
        length = _block_length(parts, rows, extent, step, least, widest)
        blocks = _blocks(extent, length)
    return rows, _rows_a_chunk(rows, parts, blocks), blocks, length


# Each of these is one number to a plan for many sizes (``ir/size.py``): how it comes about decides
# nothing else.
_least, _most = quantity(min), quantity(max)


@quantity
def _block_length(parts: int, rows: int, extent: int, step: int, least: int, widest: int) -> int:
    # Cut the vector variable only where the rows alone are too few. ``widest``: of a panel.
    blocks = max(1, min(ceil_div(parts, max(rows, 1)), ceil_div(extent, least)))
    if widest:
        blocks = max(blocks, ceil_div(extent, widest))
    return ceil_div(ceil_div(extent, blocks), step) * step


@quantity
def _blocks(extent: int, length: int) -> int:
    return max(1, ceil_div(extent, length)) if length else 1


@quantity
def _rows_a_chunk(rows: int, parts: int, blocks: int) -> int:
    return 1 if blocks > 1 else max(1, rows // max(parts, 1))


@quantity
def _parts(work: int) -> int:
    return 1 if work <= SERIAL_BYTES else ceil_div(work, CHUNK_BYTES)


def _one(schedule: Schedule, label: str) -> Launch:
    """One kernel over all rows; see the chunk words in ``loops/emit.py``."""
    if schedule.squares:
        schedule.words[:], chunks = square_words(schedule)
        return _made(schedule, False, chunks, label)
    rows, rows_a_chunk, blocks, length = _layout(schedule, _parts(_work(schedule)))
    schedule.words[:] = [rows, rows_a_chunk, blocks, length, 1, 0, 0]
    return _made(schedule, False, ceil_div(rows, rows_a_chunk) * blocks, label)


def _made(schedule: Schedule, split: bool, chunks: int, label: str) -> Launch:
    assert len(schedule.words) == CHUNK_WORDS
    kernel = texts.get(schedule, split)
    elements = schedule.row_count * schedule.inner_count
    operations = sum(value.op not in ("load", "const", "scalar") for value in schedule.values)
    return Launch(
        kernel=kernel,
        pointers=tuple([Ref(node, offset) for node, offset in schedule.pointers]),
        words=tuple(schedule.words),
        chunks=chunks,
        flops=elements * operations,
        bytes=schedule.touched_bytes(),
        label=label,
    )


# Two stages: the longest reduced variable in segments, each with results of its own, then those.


def _segments(schedule: Schedule) -> int:
    """Into how many segments a reduction is cut; 1: not at all. Depends on shapes only."""
    if schedule.cut < 0:
        return 1
    for value in schedule.values:
        if value.op == "reduce" and (value.phase > 1 or value.data in ("argmax", "argmin")):
            return 1
    if any(store.full and store.value.phase for store in schedule.stores):
        return 1
    rows, rows_a_chunk, blocks, _ = _layout(schedule, FEW_PIECES)
    extent = schedule.sizes[schedule.cut]
    return _pieces_of(extent, _work(schedule), rows, rows_a_chunk, blocks)


@quantity
def _pieces_of(extent: int, work: int, rows: int, rows_a_chunk: int, blocks: int) -> int:
    """Into how many segments an axis is cut where the rows make so many pieces."""
    enough = ceil_div(rows, rows_a_chunk) * blocks >= FEW_PIECES // 2
    if work <= 2 * SERIAL_BYTES or enough:
        return 1
    # Longer than the partial results are many, so that the second stage stays small.
    return max(1, min(ceil_div(work, CHUNK_BYTES), ceil_div(extent, 64)))


def _two_stages(
    builder: Builder, roots: list[Root], segments: int, label: str
) -> list[tuple[Launch, Pairs]]:
    space = builder.space
    trial = decide(space, roots, cpu.host())
    extent = trial.sizes[trial.cut]
    length = ceil_div(extent, segments)
    segments = ceil_div(extent, length)
    partial: dict[Node, Node] = {}
    memory: dict[Node, object] = {}
    first: list[Root] = [root for root in roots if not root[3]]
    for value in trial.values:
        if value.op == "reduce":
            node = builder.reduces[value]
            place = Node("partial", (), (segments, *node.shape), _partial_dtype(value))
            partial[node] = place
            memory[place] = Scratch(max(place.nbytes, 64))
            first.append(
                (place, value, ((0,) * builder.width, *space.coords(node.shape, True)), True)
            )
    schedule = decide(space, first, cpu.host())
    # Segments are enough pieces: each takes whole rows, which lie together in memory.
    rows, rows_a_chunk, blocks, block_length = _layout(schedule, 1)
    stride = next(iter(partial)).size
    schedule.words[:] = [rows, rows_a_chunk, blocks, block_length, segments, length, stride]
    chunks = ceil_div(rows, rows_a_chunk) * blocks * segments
    launch = _made(schedule, True, chunks, f"{label} 1/2").over(memory)
    rest = [root for root in roots if root[3]]
    second, renames = _second_stage(builder, [node for node, *_ in rest], partial, segments)
    made = _one(second, f"{label} 2/2").over(memory | dict(renames))
    pairs = [(_original(renames, output), source) for output, source in _in_place(second)]
    return [(launch, _in_place(schedule)), (made, pairs)]


def _original(renames: dict[Node, Node], copy: Node) -> Node:
    return renames.get(copy, copy)


def _partial_dtype(value: Value) -> DType:
    dtype = value.dtype
    return float32 if dtype.name in ("float16", "bfloat16") else dtype


def _second_stage(
    builder: Builder, outputs: list[Node], partial: dict[Node, Node], segments: int
) -> tuple[Schedule, dict[Node, Node]]:
    """The graph after the reductions, with each reduction read from its partial results."""
    made: dict[Node, Node] = {}

    def rewritten(node: Node) -> Node:
        found = made.get(node)
        if found is not None:
            return found
        place = partial.get(node)
        if place is not None:
            result = build.cast(build.reduce(place, node.attrs["kind"], (0,)), node.dtype)
        elif node.op not in INLINE or (builder.in_buffer(node) and node not in builder.roots):
            result = node
        else:
            result = rebuilt(node, [rewritten(source) for source in node.src])
        made[node] = result
        return result

    renames: dict[Node, Node] = {}
    stage: list[Node] = []
    for node in outputs:
        copy = rewritten(node)
        stage.append(copy)
        renames[copy] = node
    row_shape = squeeze(outputs[0].shape)
    places = set(partial.values())
    inner = Builder(
        Space((segments, *row_shape), (0,), {}),
        lambda node: node in places or (node not in renames and builder.in_buffer(node)),
    )
    for copy in stage:
        inner.add_root(copy)
    return decide(inner.space, [(copy, *inner.roots[copy]) for copy in stage], cpu.host()), renames
