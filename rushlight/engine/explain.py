"""Say which index was out of range: the number, the dimension, its size and the user's line.

A kernel only reports that some index was wrong. Here the recorded calls are gone through once more,
their indices computed by the interpreter, and the first wrong one named in PyTorch's words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from rushlight.engine.call import OpCall
from rushlight.engine.plan import BadIndex, Flight
from rushlight.engine.site import Site
from rushlight.engine.trace import Step
from rushlight.ir.graph import Node, toposort

Array = np.ndarray[Any, Any]
Arguments = dict[str, Any]


class Lookup(NamedTuple):
    """One index array of a call, the places it may name, and what to say of one it may not."""

    node: Node
    lowest: int
    size: int
    text: str
    kind: type[Exception] = IndexError
    ignored: int | None = None  # a number that names no place and is left alone

    def wrong(self, places: Array) -> Array:
        outside: Array = (places < self.lowest) | (places >= self.size)
        return outside if self.ignored is None else outside & (places != self.ignored)


class Chances(NamedTuple):
    """An argument of a call that must hold probabilities, and what to say where it does not."""

    node: Node
    text: str
    kind: type[Exception] = RuntimeError

    def wrong(self, values: Array) -> Array:
        inside: Array = (values >= 0) & (values <= 1)
        return ~inside  # nan too


_BOUNDS = "index {index} is out of bounds for dimension {axis} with size {size}"
_SELF = f"index out of range in self: {_BOUNDS}"


def _size(x: Node, axis: int) -> int:
    return x.shape[axis] if x.shape else 1


def _indexed(given: Arguments) -> Iterator[Lookup]:
    # PyTorch counts the indexed dimensions only.
    for number, (index, axis) in enumerate(zip(given["indices"], given["axes"], strict=True)):
        size = given["input"].shape[axis]
        yield Lookup(index, -size, size, _at(_BOUNDS, number, size))


def _at(text: str, axis: int, size: int) -> str:
    return text.replace("{axis}", str(axis)).replace("{size}", str(size))


def _along(
    text: str, kind: type[Exception] = IndexError, *, negative: bool = False
) -> Callable[[Arguments], Iterator[Lookup]]:
    """The rule of an op with ``input``, ``dim`` and ``index``."""

    def rule(given: Arguments) -> Iterator[Lookup]:
        x = given["input"]
        axis = given["dim"] % max(x.ndim, 1)
        size = _size(x, axis)
        yield Lookup(given["index"], -size * negative, size, _at(text, axis, size), kind)

    return rule


def _selected(given: Arguments) -> Iterator[Lookup]:
    x = given["input"]
    axis = given["dim"] % max(x.ndim, 1)
    size = _size(x, axis)
    if x.ndim > 1 and axis == 1:
        text = "INDICES element is out of DATA bounds, id={index} axis_dim={size}"
        yield Lookup(given["index"], 0, size, _at(text, axis, size), RuntimeError)
    else:
        yield Lookup(given["index"], 0, size, _at(_SELF, axis, size))


def _added(given: Arguments) -> Iterator[Lookup]:
    x = given["input"]
    axis = given["dim"] % max(x.ndim, 1)
    outer = x.ndim > 1 and axis in (0, x.ndim - 1)
    rule = _along(_BOUNDS, RuntimeError) if outer else _along(_SELF)
    yield from rule(given)


def _rows(given: Arguments) -> Iterator[Lookup]:
    size = given["weight"].shape[0]
    yield Lookup(given["input"], 0, size, _at(_SELF, 0, size))


def _flat(given: Arguments) -> Iterator[Lookup]:
    size = given["input"].size
    text = f"out of range: tried to access index {{index}} on a tensor of {size} elements."
    yield Lookup(given["index"], -size, size, text)


def _along_flattened(given: Arguments) -> Iterator[Lookup]:
    size = given["input"].size
    yield Lookup(given["indices"], 0, size, _at(_BOUNDS, 0, size), RuntimeError)


def _unpooled(given: Arguments) -> Iterator[Lookup]:
    size = given["size"]
    shown = "x".join(map(str, (*size, 1) if len(size) == 1 else size))
    text = f"Found an invalid max index: {{index}} (output volumes are of size {shown})"
    yield Lookup(given["indices"], 0, math.prod(size), text, RuntimeError)


def _labelled(given: Arguments) -> Iterator[Lookup]:
    scores = given["input"]
    classes = scores.shape[1 if scores.ndim > 1 else 0]
    text = "Target {index} is out of bounds."
    yield Lookup(given["target"], 0, classes, text, ignored=given["ignore_index"])


def _chances(given: Arguments) -> Iterator[Chances]:
    for name in ("input", "target"):
        yield Chances(given[name], f"all elements of {name} should be between 0 and 1")


Rule = Callable[[Arguments], Iterator[Lookup] | Iterator[Chances]]
_RULES: dict[str, Rule] = {
    "_index": _indexed,
    "_index_put": _indexed,
    "gather": _along(_BOUNDS, RuntimeError),
    "scatter": _along(_BOUNDS, RuntimeError),
    "scatter_add": _along(_BOUNDS, RuntimeError),
    "scatter_reduce": _along(_BOUNDS, RuntimeError),
    "index_select": _selected,
    "index_add": _added,
    "index_copy": _along(f"index_copy_(): {_BOUNDS}"),
    "index_fill": _along(_BOUNDS, negative=True),
    "take": _flat,
    "put": _flat,
    "take_along_dim": _along_flattened,
    "_embedding": _rows,
    "_max_unpool": _unpooled,
    "_nll_loss": _labelled,
    "_cross_entropy": _labelled,
    "_binary_cross_entropy": _chances,
}
_SHOWN = {"_index": "x[index]", "_index_put": "x[index] = values"}


def explain(flight: Flight, error: IndexError) -> Exception:
    """The error that names the first wrong index of the flight's calls; else ``error`` itself."""
    path: list[Step] = []
    step: Step | None = flight.step
    while step is not None:
        path.append(step)
        step = step.parent
    path.reverse()
    if isinstance(error, BadIndex):
        # A gradient reports a site of its own: then any call may be the one.
        named = _named(flight, path, error.site) or _named(flight, path, None)
        return named or IndexError(str(error))
    return _named(flight, path, None) or error


def _named(flight: Flight, path: list[Step], site: Site | None) -> Exception | None:
    """The error of the first call with a wrong index, among those recorded at ``site``."""
    nodes = flight.step.all_nodes()
    for step in path:
        call = step.call
        if not isinstance(call, OpCall) or call.name not in _RULES:
            continue
        where = _site(nodes[step.start : step.count], call.name)
        if site is not None and where is not site:
            continue
        sources = [nodes[place] for place in step.positions]
        values = call.arguments(sources, [nodes[0]] * len(step.scalar_types))
        names = [parameter.name for parameter in call.op.parameters]
        for need in _RULES[call.name](dict(zip(names, values, strict=True))):
            numbers = _computed(flight, need.node)
            wrong = need.wrong(numbers)
            if wrong.any():
                text = need.text.replace("{index}", str(numbers[wrong][0]))
                return need.kind(text + _at_line(where))
    return None


def _at_line(site: Site | None) -> str:
    if site is None:
        return ""
    return f" ({_SHOWN.get(site.name, site.name.lstrip('_'))} at {site.file}:{site.line})"


def _site(results: Sequence[Node], name: str) -> Site | None:
    """The user's line that recorded a call, as its indexing primitives remember it."""
    for node in reversed(toposort(results)):
        site = node.attrs.get("site")
        if isinstance(site, Site) and site.name == name:
            return site
    return None


def _computed(flight: Flight, node: Node) -> Array:
    from rushlight.ir.interpret import interpret  # only who is wrong pays for it

    arrays: list[Any] = [None] * len(flight.inputs)
    for each in toposort([node]):
        if each.op == "input":
            buffer = flight.inputs[each.attrs["index"]].buffer
            assert buffer is not None
            arrays[each.attrs["index"]] = buffer.array(each.dtype.np, each.shape)
    return interpret([node], arrays, list(flight.scalars))[0]
