"""Plans on disk: what one process has planned, the next one only reads.

    key = key_of(order, sinks, inputs, donatable)     # None: not kept
    plan = find(key, order)                           # None: it has to be made
    keep(key, plan, order)

The machine code of kernels is on the disk already (``runtime/code.py``), by the digest of its text.
A plan is kept beside it: which kernels in which order, with which words, over which places. It is
found by the digest of all that decides about it: the graph, what may be overwritten, this machine,
LLVM, and every file of the compiler (``maker.py``), so that no plan outlives the compiler that made
it.

A kept plan is whole numbers and names: reading it runs nothing. The folder is private, contents are
checked (``runtime/cache.py``), and a plan of which a kernel is missing is made anew. Not kept is
what calls back into Python (``kernels/host.py``), as it holds addresses of this process, and what
has an attribute of a kind that has no bytes of its own.
"""

from __future__ import annotations

import marshal
import struct
import zlib
from array import array
from collections.abc import Sequence
from typing import Any

from rushlight.base import config
from rushlight.base.dtype import dtype as DType
from rushlight.base.events import heard
from rushlight.compiler.maker import maker, unchanged
from rushlight.compiler.plan import Fresh, Output, Plan, Prepares, SameAs, SameAsOutput
from rushlight.ir.graph import Node
from rushlight.ir.text import LINE_OF_USER
from rushlight.runtime import code
from rushlight.runtime.digest import digest
from rushlight.runtime.executor import Command, Program

# A format of marshal in which equal values are equal bytes: later ones tell which are one object.
_VALUES_ONLY = 2
_HEAD = struct.Struct("<32sqq")  # the key, bytes of the names, kernels
_KINDS = (Fresh, SameAs, SameAsOutput)
_FIELDS = 8  # numbers of a command before its flags, pointers and words
_FLAGS = len(Command.NAMES) - 4


class Stats:
    """Counters for tests: plans that were on the disk, and plans written to it."""

    found = 0
    kept = 0


stats = Stats()


def key_of(
    order: Sequence[Node], sinks: Sequence[Node], inputs: int, donatable: frozenset[int]
) -> bytes | None:
    """The name of the plan of a graph; ``order`` is its ``toposort``.

    None where plans are not kept, where somebody looks at how they are made, and for graphs with
    attributes of unknown kinds.
    """
    watched = config.DEBUG >= 2 or config.CHECK or heard("pass")
    if config.NO_PLANS or config.NO_CACHE or watched:
        return None
    made_by = maker()
    if made_by is None:
        return None
    place: dict[Node, int] = {}
    lines: dict[int, int] = {}
    rows: list[Any] = []
    for node in order:
        attrs: list[Any] = []
        for name, value in node.attrs.items():
            if name == LINE_OF_USER:
                # The line itself decides nothing, but only nodes of one line may become one.
                attrs += (name, lines.setdefault(id(value), len(lines)))
                continue
            try:
                attrs += (name, value if type(value) in _PLAIN else _bytes_of(value))
            except TypeError:
                return None
        sources = [place[source] for source in node.src]
        rows += (node.op, sources, tuple(node.shape), node.dtype.name, attrs)
        place[node] = len(place)
    graph = (rows, [place[sink] for sink in sinks], inputs, sorted(donatable))
    return digest(made_by + marshal.dumps(graph, _VALUES_ONLY))


_PLAIN = frozenset((int, float, bool, str, complex, type(None)))


def _bytes_of(value: Any) -> Any:
    """An attribute as marshal takes it: a tuple (a torch.Size, too), or a dtype by its name.

    TypeError for all others: marshal would take arrays, too, and forget what their bytes mean.
    """
    if isinstance(value, tuple):
        return tuple([each if type(each) in _PLAIN else _bytes_of(each) for each in value])
    if isinstance(value, DType):
        return [value.name]
    raise TypeError(f"an attribute of kind {type(value).__name__} has no bytes of its own")


def find(key: bytes | None, order: Sequence[Node]) -> Plan | None:
    """The plan kept under ``key``, ready to run; None: there is none."""
    disk = code.disk()
    content = None if key is None or disk is None else disk.get(key.hex())
    if content is None:
        return None
    plan = _read(key, zlib.decompress(content), order)
    stats.found += plan is not None
    return plan


def keep(key: bytes | None, plan: Plan, order: Sequence[Node]) -> None:
    """For the next process it is on the disk from now on."""
    disk = code.disk()
    if key is not None and disk is not None and plan.portable and unchanged():
        disk.put(key.hex(), zlib.compress(_written(key, plan, order), 1))
        stats.kept += 1


def _written(key: bytes, plan: Plan, order: Sequence[Node]) -> bytes:
    lines = {id(node.attrs.get(LINE_OF_USER)): number for number, node in enumerate(order)}
    lines[id(None)] = -1
    commands = plan.program.commands
    kernels: dict[code.Kernel, int] = {}
    labels: dict[str, int] = {}
    numbers = array("q", (plan.arena_bytes, plan.slots, len(plan.outputs)))
    for output in plan.outputs:
        values = (*output.as_tuple(), 0)[:2]
        numbers.extend((_KINDS.index(type(output)), *values))
    numbers.append(len(plan.overwrites))
    for pair in plan.overwrites.items():
        numbers.extend(pair)
    numbers.append(len(plan.prepares))
    for each in plan.prepares:
        numbers.extend((each.input, each.command, each.nbytes, len(each.uses)))
        for use in each.uses:
            numbers.extend(use)
    numbers.append(len(commands))
    names = code.kernels_at([command.address for command in commands])
    for command, name, label, (flops, nbytes), site in zip(
        commands, names, plan.labels, plan.costs, plan.sites, strict=True
    ):
        numbers.extend((
            kernels.setdefault(name, len(kernels)), labels.setdefault(label, len(labels)),
            command.chunks, flops, nbytes, lines.get(id(site), -1),
            len(command.pointers), len(command.words), *command.as_tuple()[-_FLAGS:],
        ))  # fmt: skip
        for pair in command.pointers:
            numbers.extend(pair)
        numbers.extend(command.words)
    text = "\0".join([*(" ".join(name) for name in kernels), *labels]).encode()
    return _HEAD.pack(key, len(text), len(kernels)) + text + numbers.tobytes()


def _read(key: bytes | None, content: bytes, order: Sequence[Node]) -> Plan | None:
    own_key, text_bytes, n_kernels = _HEAD.unpack_from(content)
    if own_key != key:
        return None  # somebody has renamed a file
    body = _HEAD.size + text_bytes
    names = content[_HEAD.size : body].decode().split("\0")
    kernels = [(symbol, name) for symbol, name in map(str.split, names[:n_kernels])]
    addresses = code.load_kept(kernels)
    if addresses is None:
        return None
    entries = [addresses[symbol] for symbol, _ in kernels]
    texts = names[n_kernels:]
    packed = array("q")
    packed.frombytes(content[body:])
    numbers = packed.tolist()
    arena_bytes, slots, n_outputs = numbers[:3]
    at = 3
    outputs: list[Output] = []
    for _ in range(n_outputs):
        kind, a, b = numbers[at : at + 3]
        outputs.append(Fresh(a, b) if kind == 0 else (SameAs, SameAsOutput)[kind - 1](a))
        at += 3
    end = at + 1 + 2 * numbers[at]
    overwrites = dict(zip(numbers[at + 1 : end : 2], numbers[at + 2 : end : 2], strict=True))
    prepares, at = _prepares(numbers, end)
    commands, labels, costs, sites = [], [], [], []
    count, at = numbers[at], at + 1
    for _ in range(count):
        fields = numbers[at : at + _FIELDS]
        kernel, label, chunks, flops, nbytes, line, n_pointers, n_words = fields
        flags = map(bool, numbers[at + _FIELDS : at + _FIELDS + _FLAGS])
        at += _FIELDS + _FLAGS
        end = at + 2 * n_pointers
        pointers = list(zip(numbers[at:end:2], numbers[at + 1 : end : 2], strict=True))
        at = end + n_words
        commands.append(Command(entries[kernel], chunks, pointers, numbers[end:at], *flags))
        labels.append(texts[label])
        costs.append((flops, nbytes))
        sites.append(order[line].attrs[LINE_OF_USER] if line >= 0 else None)
    return Plan(
        program=Program(commands),
        outputs=tuple(outputs),
        arena_bytes=arena_bytes,
        slots=slots,
        labels=tuple(labels),
        costs=tuple(costs),
        sites=tuple(sites),
        overwrites=overwrites,
        portable=True,
        prepares=tuple(prepares),
    )


def _prepares(numbers: list[int], at: int) -> tuple[list[Prepares], int]:
    """What is read from ``at`` on, and where the next number is."""
    found = []
    count, at = numbers[at], at + 1
    for _ in range(count):
        given, command, nbytes, uses = numbers[at : at + 4]
        end = at + 4 + 3 * uses
        triples = zip(*(numbers[at + 4 + k : end : 3] for k in range(3)), strict=True)
        found.append(Prepares(given, command, nbytes, tuple(triples)))
        at = end
    return found, at
