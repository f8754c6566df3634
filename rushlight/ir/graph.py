"""The graph: immutable nodes of primitive operations on arrays of known shape and dtype.

A ``Node`` is one primitive applied to others. Nodes are compared by identity; ``key`` says what
two equal nodes share, for common-subexpression elimination. What each primitive means is in
``ir/primitives.py``, how it is built (with its shape rule) in ``ir/build.py``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.base.hot import hot

Attrs = Mapping[str, Any]
NO_ATTRS: Attrs = {}


@final
@hot
class Node:
    """One primitive applied to ``src``: an array of ``shape`` and ``dtype``.

    ``attrs`` maps names to hashable values and is never changed after construction.
    Operators (``x + y``, ``x[...]``) are installed by ``rushlight.ops``.
    """

    __slots__ = ("__weakref__", "attrs", "dtype", "op", "shape", "src")

    @hot
    def __init__(
        self,
        op: str,
        src: tuple[Node, ...],
        shape: tuple[int, ...],
        dtype: DType,
        attrs: Attrs = NO_ATTRS,
    ) -> None:
        self.op = op
        self.src = src
        self.shape = shape
        self.dtype = dtype
        self.attrs = attrs

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize

    def __repr__(self) -> str:
        attrs = "".join(f", {name}={value}" for name, value in self.attrs.items())
        return f"<{self.op} {self.dtype.name}{list(self.shape)}{attrs}>"

    def key(self) -> tuple[Any, ...]:
        """Everything that makes two nodes the same value, given the same sources."""
        return (
            self.op,
            tuple(map(id, self.src)),
            self.shape,
            self.dtype,
            tuple((name, _hashable(value)) for name, value in self.attrs.items()),
        )


def _hashable(value: Any) -> Any:
    # 1, 1.0 and True are equal and hash alike, and so are 0.0 and -0.0; nan is not itself.
    return (type(value).__name__, repr(value)) if isinstance(value, (int, float)) else value


@hot
def toposort(sinks: Iterable[Node], known: Iterable[Node] = ()) -> list[Node]:
    """Every node that ``sinks`` need, sources before users, in a deterministic order.

    ``known`` nodes are left out, and so is what only they need.
    """
    order: list[Node] = []
    done: set[Node] = set(known)
    stack: list[tuple[Node, Iterator[Node]]] = []
    for sink in sinks:
        if sink in done:
            continue
        done.add(sink)
        stack.append((sink, iter(sink.src)))
        while stack:
            node, rest = stack[-1]
            for source in rest:
                if source not in done:
                    done.add(source)
                    stack.append((source, iter(source.src)))
                    break
            else:
                order.append(node)
                stack.pop()
    return order


def users(order: Iterable[Node]) -> dict[Node, list[Node]]:
    """Who reads each node, in order; a node reading another twice is listed twice."""
    table: dict[Node, list[Node]] = {}
    for node in order:
        table.setdefault(node, [])
        for source in node.src:
            table.setdefault(source, []).append(node)
    return table


def rebuilt(node: Node, sources: Sequence[Node]) -> Node:
    """The same primitive of other sources; ``node`` itself where they are its own."""
    src = tuple(sources)
    return node if src == node.src else Node(node.op, src, node.shape, node.dtype, node.attrs)


def substitute(sinks: Sequence[Node | None], replacements: dict[Node, Node]) -> list[Node | None]:
    """The same graphs with some nodes replaced by others of the same shape and dtype.

    What a replaced node was made of is not looked at.
    """
    new = dict(replacements)
    for node in toposort([sink for sink in sinks if sink is not None], replacements):
        if node not in new:
            new[node] = rebuilt(node, [new[source] for source in node.src])
    return [None if sink is None else new[sink] for sink in sinks]
