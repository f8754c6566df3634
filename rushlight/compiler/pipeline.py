"""The compiler, top to bottom: READ THIS FIRST.

    plan = compile_graph(sinks, inputs, scalars, donatable)

0. pairs: complex numbers become pairs of real ones
0a. hosted: what else no loop knows becomes host calls
1. simplify: equal nodes shared, algebra that is exact, movement composed
1a. strides: gradients of convolutions with wide strides as convolutions without
1b. pieces: sums of padded pieces as stretches side by side
2. layout: convolution chains stay channels-last, transposed products turn around
2a. planes: pools of what is not channels-last, where it lies
2b. again: what costs no memory traffic is computed again rather than read
2c. channels: images are copied where a convolution wants their channels together
2d. narrow: products of bf16 that are widened first read it as it is
3. fuse: nodes partitioned into kernels
4. lower: kernels to launches (loops/, contraction/, kernels/), updates in place where nobody looks
5. memory: every buffer gets a place
6. load: kernel texts to machine code, launches to a program
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Sequence
from typing import Any

from rushlight.base import config, events
from rushlight.compiler.again import Again
from rushlight.compiler.kernels.host import is_host
from rushlight.compiler.launch import Launch, Scratch
from rushlight.compiler.lower import UPDATES, Step, lower_group
from rushlight.compiler.memory import nbytes_of, plan_memory, storage
from rushlight.compiler.passes.again import again
from rushlight.compiler.passes.channels import channels
from rushlight.compiler.passes.fuse import Group, fuse
from rushlight.compiler.passes.hosted import hosted
from rushlight.compiler.passes.layout import layout
from rushlight.compiler.passes.narrow import narrow
from rushlight.compiler.passes.pairs import pairs
from rushlight.compiler.passes.pieces import pieces
from rushlight.compiler.passes.planes import planes
from rushlight.compiler.passes.simplify import simplify
from rushlight.compiler.passes.strides import strides
from rushlight.compiler.plan import Plan, Prepares
from rushlight.compiler.recurrence import lower_loop
from rushlight.compiler.sharing import Work, shared
from rushlight.compiler.views import base_of
from rushlight.ir.graph import Node
from rushlight.ir.text import to_text
from rushlight.ir.verify import verify
from rushlight.runtime import code
from rushlight.runtime.executor import Command, Program

Pass = Callable[[list[Node]], list[Node]]
PASSES: tuple[Pass, ...] = (
    pairs, hosted, simplify, strides, pieces, layout, planes, simplify, again, channels, narrow,
)  # fmt: skip


def compile_graph(
    sinks: Sequence[Node],
    inputs: Sequence[Node],
    scalars: Sequence[Node],
    donatable: frozenset[int] = frozenset(),
) -> Plan:
    """A plan that computes ``sinks``; each result is contiguous in its shape.

    ``inputs[i]`` and ``scalars[k]`` are the nodes of those arguments (they may be unused). Memory
    of inputs in ``donatable`` may be overwritten. Raises NotImplementedError naming primitive and
    dtype where there is no lowering.
    """
    graph = list(sinks)
    for step in PASSES:
        graph = step(graph)
        if config.DEBUG >= 2:
            print(f"--- after {step.__name__}\n{to_text(graph)}")
        if events.heard("pass"):
            events.publish("pass", name=step.__name__, graph=graph)
        if config.CHECK:
            verify(graph)
    graph, steps, updated = lower_graph(graph, donatable, Again())
    layout = plan_memory(steps, graph, len(inputs), donatable, updated)
    addresses = code.load([(s.launch.kernel.symbol, s.launch.kernel.text) for s in steps])
    pointers = [pointers_of(step, layout.places, updated) for step in steps]
    works = [
        work_of(step.launch.chunks, step.launch.bytes, step.launch.flops, places, sizes_of(step))
        for step, places in zip(steps, pointers, strict=True)
    ]
    commands = [
        _command(step.launch, places, addresses, handed_out)
        for step, places, handed_out in zip(steps, pointers, shared(works), strict=True)
    ]
    overwritten = overwrites(steps, layout.places, updated, len(inputs))
    return Plan(
        program=Program(commands),
        outputs=tuple(layout.outputs),
        arena_bytes=layout.arena_bytes,
        slots=layout.slots,
        labels=tuple([step.launch.label for step in steps]),
        costs=costs_of(steps),
        sites=tuple(sites(steps)),
        overwrites=overwritten,
        portable=not any(is_host(step.launch.kernel) for step in steps),
        prepares=prepares(steps, overwritten),
    )


def lower_graph(
    graph: list[Node], donatable: frozenset[int], again: Again | None = None
) -> tuple[list[Node], list[Step], dict[Node, Node]]:
    """After the passes: what is stored, the launches in order, and which updates are in place.

    ``again``: where sizes are numbers, so that equal kernels are lowered once.
    """
    graph = [_stored(sink) for sink in graph]
    groups, held = fuse(graph, donatable)
    updated = _updates_in_place(groups, graph, held, donatable)
    return graph, [step for group in groups for step in _lower(group, updated, again)], updated


def _lower(group: Group, updated: dict[Node, Node], again: Again | None) -> list[Step]:
    if group.node is not None and group.node.op == "loop":
        return lower_loop(group.node)
    return lower_group(group, updated, again=again)


def overwrites(
    steps: Sequence[Step],
    places: dict[object, tuple[int, int]],
    updated: dict[Node, Node],
    n_inputs: int,
) -> dict[int, int]:
    """Input -> the first command that has a result in its memory: intact before that one."""
    first: dict[int, int] = {}
    for number, step in enumerate(steps):
        for ref in step.launch.pointers:
            buffer = ref.buffer
            if not isinstance(buffer, Node) or buffer.op == "input":
                continue
            slot, _ = places[storage(buffer, updated)]
            if slot < n_inputs:
                first.setdefault(slot, number)
    return first


def prepares(steps: Sequence[Step], overwritten: Container[int]) -> tuple[Prepares, ...]:
    """The launches that pack inputs which the plan does not write to, each into its own memory."""
    makers: dict[object, list[int]] = {}
    uses: dict[object, list[tuple[int, int, int]]] = {}
    for number, step in enumerate(steps):
        if step.launch.lasting:
            makers.setdefault(step.launch.pointers[1].buffer, []).append(number)
        for place, ref in enumerate(step.launch.pointers):
            if isinstance(ref.buffer, Scratch):
                uses.setdefault(ref.buffer, []).append((number, place, ref.offset_bytes))
    found = []
    for target, numbers in makers.items():
        source = steps[numbers[0]].launch.pointers[0].buffer
        if len(numbers) > 1 or not isinstance(source, Node) or not isinstance(target, Scratch):
            continue
        if source.op == "input" and source.attrs["index"] not in overwritten:
            at = tuple(uses[target])
            found.append(Prepares(source.attrs["index"], numbers[0], target.nbytes, at))
    return tuple(found)


def sites(steps: Sequence[Step]) -> Iterator[Any]:
    """For each step the user's line that asked for it, or None where no node near it knows."""
    known: dict[Node, Any] = {}  # the steps of a loop are one node's
    for step in steps:
        if step.node not in known:
            known[step.node] = _site(step.node)
        yield known[step.node]


def _site(node: Node) -> Any:
    near = [node]
    for each in near:
        found = each.attrs.get("site")
        if found is not None:
            return found
        if len(near) < 64:
            near += each.src
    return None


def _stored(sink: Node) -> Node:
    """A Python number as a result has to be written to memory of its own."""
    if base_of(sink).op != "scalar":
        return sink
    return Node("bitcast", (sink,), sink.shape, sink.dtype)


def _command(
    launch: Launch, pointers: list[tuple[int, int]], addresses: dict[str, int], handed_out: bool
) -> Command:
    address = addresses[launch.kernel.symbol]
    sure = launch.kernel.sure
    return Command(address, launch.chunks, pointers, launch.words, not handed_out, sure)


def costs_of(steps: Sequence[Step]) -> tuple[tuple[int, int], ...]:
    """Operations and bytes of each command; the same pair for all turns of a loop."""
    known: dict[tuple[int, int], tuple[int, int]] = {}
    costs = [(step.launch.flops, step.launch.bytes) for step in steps]
    return tuple([known.setdefault(each, each) for each in costs])


def sizes_of(step: Step) -> list[int]:
    """The bytes of the buffer that each pointer of a launch points into."""
    return [nbytes_of(ref.buffer) for ref in step.launch.pointers]


def work_of(
    chunks: int, nbytes: int, flops: int, places: Sequence[tuple[int, int]], sizes: Sequence[int]
) -> Work:
    """What a command does and where. It touches no more of a buffer than it moves in all."""
    buffers = dict(zip(places, sizes, strict=True))
    touched = [(place, min(size, nbytes)) for place, size in buffers.items()]
    return Work(chunks, nbytes, flops, touched)


def pointers_of(
    step: Step, places: dict[object, tuple[int, int]], updated: dict[Node, Node]
) -> list[tuple[int, int]]:
    """(slot, byte offset) of each pointer of a launch."""
    pointers = []
    for ref in step.launch.pointers:
        slot, offset = places[storage(ref.buffer, updated)]
        pointers.append((slot, offset + ref.offset_bytes))
    return pointers


def _updates_in_place(
    groups: Sequence[Group], sinks: Sequence[Node], held: set[Node], donatable: frozenset[int]
) -> dict[Node, Node]:
    """Updates (slice_set, put ...) whose first source nobody reads later: node -> that source."""
    readers: dict[Node, list[Group]] = {}
    for group in groups:
        for ref in group.reads:
            readers.setdefault(ref, []).append(group)
    outputs = {base_of(sink) for sink in sinks}
    updated: dict[Node, Node] = {}
    taken: set[Node] = set()
    for group in groups:
        node = group.node
        if node is None or node.op not in UPDATES:
            continue
        target = base_of(node.src[0])
        free = target not in outputs and target not in taken and target in held
        if target.op == "input":
            free = free and target.attrs["index"] in donatable
        elif target.op == "scalar":
            free = False  # the caller's block
        others = [source for source in node.src[1:] if _reads(source, target)]
        if free and not others and readers[target][-1] is group:
            updated[node] = target
            taken.add(target)
    return updated


def _reads(source: Node, target: Node) -> bool:
    while source is not target and len(source.src) == 1:
        source = source.src[0]
    return source is target
