"""Strided windows onto buffers: what kernels of their own (contractions, gathers) read through.

Loop kernels follow movement primitives through index maps; the others take any strides, so that a
permute, expand or slice between them and a buffer costs nothing.
"""

from __future__ import annotations

from rushlight.base.dtype import int64, uint64
from rushlight.base.shape import Shape, contiguous_strides
from rushlight.ir.graph import Node

STRIDED = frozenset(("reshape", "permute", "expand", "slice"))
LOOK_UPS = frozenset(("take", "gather", "put", "scatter"))
# (buffer, offset in elements, strides)
Window = tuple[Node, int, Shape]


def is_index(node: Node) -> bool:
    """Whether it is places that count from the front only: int64 read as uint64, moved or not."""
    while node.op in STRIDED:
        node = node.src[0]
    return _is_read_anew(node)


def _is_read_anew(node: Node) -> bool:
    return node.op == "bitcast" and node.dtype is uint64 and node.src[0].dtype is int64


def base_of(node: Node) -> Node:
    """The node whose buffer a reshape shares."""
    while node.op == "reshape":
        node = node.src[0]
    return node


def view_base(node: Node) -> Node:
    """The node to put into a buffer so that ``node`` can be read through strides."""
    steps: list[Node] = []
    base = node
    while base.op in STRIDED or _is_read_anew(base):
        steps.append(base)
        base = base.src[0]
    # Reshapes of a whole buffer are free; one after a permute or slice may need a copy of that.
    while _walk(base, steps) is None:
        base = steps.pop()
    return base


def window(node: Node) -> Window:
    """``node`` as strides into its ``view_base``."""
    end = view_base(node)
    steps: list[Node] = []
    base = node
    while base is not end:
        steps.append(base)
        base = base.src[0]
    found = _walk(base, steps)
    assert found is not None, f"{node} is no window onto {base}"
    return base, *found


def _walk(base: Node, steps: list[Node]) -> tuple[int, Shape] | None:
    offset, strides = 0, contiguous_strides(base.shape)
    for node in reversed(steps):
        source = node.src[0]
        if node.op == "bitcast":
            continue
        if node.op == "permute":
            strides = tuple([strides[axis] for axis in node.attrs["axes"]])
        elif node.op == "expand":
            pairs = zip(strides, source.shape, node.shape, strict=True)
            strides = tuple([0 if old == 1 != new else step for step, old, new in pairs])
        elif node.op == "slice":
            rows = list(zip(strides, node.attrs["start"], node.attrs["step"], strict=True))
            offset += sum(step * start for step, start, _ in rows)
            strides = tuple([step * by for step, _, by in rows])
        else:
            moved = reshape_strides(source.shape, strides, node.shape)
            if moved is None:
                return None
            strides = moved
    return offset, strides


def reshape_strides(shape: Shape, strides: Shape, target: Shape) -> Shape | None:
    """Strides that read the same elements under another shape, or None where there are none.

    >>> reshape_strides((2, 3, 4), (12, 4, 1), (6, 2, 2))
    (4, 2, 1)
    >>> reshape_strides((3, 2), (1, 3), (6,)) is None
    True
    """
    if 0 in shape:
        return contiguous_strides(target)
    result = [0] * len(target)
    old, new = len(shape) - 1, len(target) - 1
    while True:
        while old >= 0 and shape[old] == 1:
            old -= 1
        while new >= 0 and target[new] == 1:
            new -= 1
        if old < 0 or new < 0:
            return tuple(result)
        # A run of source axes that lie evenly spaced acts as one axis of that many elements.
        step, size = strides[old], shape[old]
        old -= 1
        made = target[new]
        result[new] = step
        new -= 1
        while made != size:
            if made < size:
                result[new] = step * made
                made *= target[new]
                new -= 1
            else:
                if old < 0 or (shape[old] != 1 and strides[old] != step * size):
                    return None
                size *= shape[old]
                old -= 1
