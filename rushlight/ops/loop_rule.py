"""The derivative of ``loop``: a loop that runs the other way.

Its body is the gradient of the body, derived; cotangents of constants are summed up as carries.
Ops whose loop is worth it have a better rule of their own (ops/recurrent.py): this one serves the
second derivative, where there is no other.
"""

from __future__ import annotations

from rushlight.ir import build
from rushlight.ir.build import binary, const
from rushlight.ir.graph import Node, substitute, toposort
from rushlight.ir.loop import Loop, loop
from rushlight.ops.derive import cotangents
from rushlight.ops.primitive_rules.table import RULES


def loop_grads(g: Node, node: Node) -> tuple[Node | None, ...]:
    """One cotangent for each source; None where it holds no floats."""
    form = Loop.of(node)
    saved, kept = node, form
    if not all(form.kept):
        # The values before each step are needed: run it again and keep them.
        saved, kept = _kept(node, form)
    sources = node.src
    cut = form.sequences + form.carries
    moving = [k for k, x in enumerate(sources) if x.dtype is node.dtype]
    inputs = [build.input(k, _row_shape(form, k, x), x.dtype) for k, x in enumerate(sources)]
    seeds_of_steps = [
        build.input(len(sources) + k, sink.shape, node.dtype) for k, sink in enumerate(form.sinks)
    ]
    first = len(sources) + len(form.sinks)
    carried = [
        build.input(first + k, sink.shape, node.dtype)
        for k, sink in enumerate(form.sinks[: form.carries])
    ]
    constants = [k for k in moving if k >= cut]
    first += form.carries
    sums = [
        build.input(first + k, sources[place].shape, node.dtype)
        for k, place in enumerate(constants)
    ]
    body = _replaced(form, inputs)
    seeds = [
        binary("add", seed, carried[k]) if k < form.carries else seed
        for k, seed in enumerate(seeds_of_steps)
    ]
    found = cotangents(body, seeds, inputs)
    zero = [const(0, x.shape, node.dtype) for x in inputs]
    full = [zero[k] if each is None else each for k, each in enumerate(found)]
    # A carry that the body hands on untouched and that nothing else reads still passes it on.
    before = full[form.sequences : cut]
    totals = [binary("add", sums[k], full[place]) for k, place in enumerate(constants)]
    rows = [full[k] for k in moving if k < form.sequences]
    # In the order in which the new body reads: sequences, carries, constants.
    sequences = [
        *sources[: form.sequences],
        *[kept.before(saved, k) for k in range(form.carries)],
        *[_cotangents_of_steps(g, form, k) for k in range(len(form.sinks))],
    ]
    order = [
        *range(cut), *range(len(sources), len(sources) + len(form.sinks)),
        *range(len(sources) + len(form.sinks), first), *range(first, first + len(sums)),
        *range(cut, len(sources)),
    ]  # fmt: skip
    renumbered = _renumbered([*before, *totals, *rows], order)
    starts = [_cotangent_of_last(g, form, k) for k in range(form.carries)]
    starts += [const(0, sources[place].shape, node.dtype) for place in constants]
    made, back = loop(
        renumbered, sequences, starts, sources[cut:], steps=form.steps,
        kept=[False] * len(starts), reverse=not form.reverse, dtype=node.dtype,
    )  # fmt: skip
    results: list[Node | None] = [None] * len(sources)
    for k in range(form.carries):
        first_row = _cotangent_of_first(g, form, k)
        last = back.final(made, k)
        results[form.sequences + k] = last if first_row is None else binary("add", last, first_row)
    for k, place in enumerate(constants):
        results[place] = back.final(made, form.carries + k)
    for k, place in enumerate(place for place in moving if place < form.sequences):
        results[place] = back.after(made, len(starts) + k)
    return tuple(results)


def _row_shape(form: Loop, place: int, source: Node) -> tuple[int, ...]:
    return source.shape[1:] if place < form.sequences else source.shape


def _kept(node: Node, form: Loop) -> tuple[Node, Loop]:
    cut = form.sequences + form.carries
    return loop(
        form.sinks, node.src[: form.sequences], node.src[form.sequences : cut], node.src[cut:],
        steps=form.steps, kept=[True] * form.carries, reverse=form.reverse, dtype=node.dtype,
    )  # fmt: skip


def _replaced(form: Loop, inputs: list[Node]) -> list[Node]:
    """The body on these nodes."""
    return _named(list(form.sinks), dict(enumerate(inputs)))


def _renumbered(sinks: list[Node], order: list[int]) -> list[Node]:
    """Input ``order[k]`` becomes input k."""
    found = {node.attrs["index"]: node for node in toposort(sinks) if node.op == "input"}
    names = {
        old: build.input(new, found[old].shape, found[old].dtype)
        for new, old in enumerate(order)
        if old in found
    }
    return _named(sinks, names)


def _named(sinks: list[Node], names: dict[int, Node]) -> list[Node]:
    """The graph with its inputs replaced by number."""
    replaced = {node: names[node.attrs["index"]] for node in toposort(sinks) if node.op == "input"}
    return [each for each in substitute(sinks, replaced) if each is not None]


def _cotangents_of_steps(g: Node, form: Loop, place: int) -> Node:
    """What was asked of each step's result: of a carry that is not kept, nothing but at the end."""
    if place < form.carries and not form.kept[place]:
        return const(0, (form.steps, *form.sinks[place].shape), g.dtype)
    return form.after(g, place)


def _cotangent_of_last(g: Node, form: Loop, place: int) -> Node:
    """What comes from behind the last step: its own row is among those of the steps if kept."""
    if form.kept[place]:
        return const(0, form.sinks[place].shape, g.dtype)
    return form.final(g, place)


def _cotangent_of_first(g: Node, form: Loop, place: int) -> Node | None:
    """The row of the start is a result too; of two rows in turn it is overwritten."""
    if not form.kept[place]:
        return None
    row = form.row_before(place, form.order[0])
    return build.reshape(form.region(g, place, row, 1), form.sinks[place].shape)


RULES["loop"] = loop_grads
