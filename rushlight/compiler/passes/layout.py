"""Layout: what convolutions and pools make stays channels-last as long as it can.

Their primitives are channels-last and their ops wrap them in permutes. Here a permute of such a
result is not done but remembered (*deferred*): an array is then ``permute(core, axes)`` with only
the core computed. Element-wise primitives, reductions, expand, slice, pad and fitting reshapes pass
it on; at the next convolution it meets the opposite permute and both are gone. What cannot pass it
on (a sink, a flattening) gets the permute as a real node.

    permute(relu(permute(conv)))  ->  relu(conv)
"""

from __future__ import annotations

from rushlight.base.shape import Shape
from rushlight.ir import build
from rushlight.ir.graph import Node, rebuilt, toposort, users
from rushlight.ir.primitives import ELEMENTWISE

_CHANNELS_LAST = frozenset(("conv", "conv_input_grad", "pool", "pool_input_grad"))
# (core, axes): the array is permute(core, axes); axes None: it is the core itself.
Form = tuple[Node, Shape | None]


def inverse(axes: Shape) -> Shape:
    """
    >>> inverse((0, 3, 1, 2))
    (0, 2, 3, 1)
    """
    result = [0] * len(axes)
    for place, axis in enumerate(axes):
        result[axis] = place
    return tuple(result)


def permuted(node: Node, axes: Shape) -> Node:
    """permute(node, axes), moved below what merely repeats or reshapes a small array."""
    if node.op == "expand":
        shape = tuple([node.shape[axis] for axis in axes])
        return build.expand(permuted(node.src[0], axes), shape)
    if node.op == "permute":
        return permuted(node.src[0], tuple([node.attrs["axes"][axis] for axis in axes]))
    moved = [axis for axis in axes if node.shape[axis] != 1]
    if moved == sorted(moved):
        return build.reshape(node, tuple([node.shape[axis] for axis in axes]))
    return build.permute(node, axes)


def layout(sinks: list[Node]) -> list[Node]:
    """Defer the permutes of channels-last results; turn transposed products around."""
    order = toposort(sinks)
    if not any(node.op == "permute" for node in order):
        return sinks
    readers = users([*order, *(Node("sink", (sink,), (), sink.dtype) for sink in sinks)])
    forms: dict[Node, Form] = {}
    lasting: set[Node] = set()  # cores that a convolution or pool has given their layout
    for node in order:
        core, axes = _form(node, forms, lasting, readers)
        if axes == tuple(range(core.ndim)):
            axes = None
        forms[node] = (core, axes)
        if (
            node.op in _CHANNELS_LAST
            or axes is not None
            or (node.op in ELEMENTWISE and any(forms[source][0] in lasting for source in node.src))
        ):
            lasting.add(core)
    return [_real(forms[sink]) for sink in sinks]


def _real(form: Form) -> Node:
    core, axes = form
    return core if axes is None else permuted(core, axes)


def _form(
    node: Node, forms: dict[Node, Form], lasting: set[Node], readers: dict[Node, list[Node]]
) -> Form:
    if not node.src:
        return node, None
    sources = [forms[source] for source in node.src]
    if node.op == "permute":
        return _permute(node, sources[0], lasting, readers)
    axes = next((axes for _, axes in sources if axes is not None), None)
    if axes is None or node.op not in _PASS_ON:
        return rebuilt(node, [_real(form) for form in sources]), None
    if node.op in ELEMENTWISE or node.op == "cat":
        return _together(node, sources, axes), axes
    return _RULES[node.op](node, sources[0][0], axes)


def _permute(node: Node, source: Form, lasting: set[Node], readers: dict[Node, list[Node]]) -> Form:
    core, before = source
    axes: Shape = node.attrs["axes"]
    if before is not None:
        return core, tuple([before[axis] for axis in axes])
    if core in lasting:
        return core, axes
    swaps = axes == (*range(core.ndim - 2), core.ndim - 1, core.ndim - 2)
    if core.op == "dot" and swaps and len(readers[node.src[0]]) == 1:
        # (a b)^T = b^T a^T: the kernel reads any strides, a transposing copy would cost a pass
        a, b = core.src
        return build.dot(permuted(b, axes), permuted(a, axes)), None
    return permuted(core, axes), None


def _together(node: Node, sources: list[Form], axes: Shape) -> Node:
    """Every source brought to the core's order."""
    back = inverse(axes)
    cores = [core if own == axes else permuted(_real((core, own)), back) for core, own in sources]
    shape = tuple([node.shape[axis] for axis in back])
    attrs = node.attrs
    if node.op == "cat":
        attrs = {**attrs, "axis": axes[attrs["axis"]]}
    return Node(node.op, tuple(cores), shape, node.dtype, attrs)


def _reduce(node: Node, core: Node, axes: Shape) -> Form:
    gone = tuple(sorted([axes[axis] for axis in node.attrs["axes"]]))
    result = build.reduce(core, node.attrs["kind"], gone)
    kept = [axis for axis in axes if axis not in gone]
    places = {axis: place for place, axis in enumerate(sorted(kept))}
    return result, tuple([places[axis] for axis in kept])


def _expand(node: Node, core: Node, axes: Shape) -> Form:
    back = inverse(axes)
    return build.expand(core, tuple([node.shape[axis] for axis in back])), axes


def _slice(node: Node, core: Node, axes: Shape) -> Form:
    back = inverse(axes)
    rows = [
        tuple([values[axis] for axis in back])
        for values in (node.attrs["start"], node.shape, node.attrs["step"])
    ]
    return build.slice(core, rows[0], rows[1], rows[2]), axes


def _pad(node: Node, core: Node, axes: Shape) -> Form:
    back = inverse(axes)
    lo, hi = (tuple([node.attrs[name][axis] for axis in back]) for name in ("lo", "hi"))
    return build.pad(core, lo, hi, node.attrs["value"]), axes


def _reshape(node: Node, core: Node, axes: Shape) -> Form:
    """Passed on where every run of axes that is merged or cut lies in order in the core."""
    source_shape = tuple([core.shape[axis] for axis in axes])
    runs = axis_runs(source_shape, node.shape)
    if runs is None:
        return rebuilt(node, [_real((core, axes))]), None
    core_runs = []
    for number, (old, _) in enumerate(runs):
        places = [axes[axis] for axis in old]
        if places != list(range(places[0], places[0] + len(places))) if places else False:
            return rebuilt(node, [_real((core, axes))]), None
        core_runs.append((places[0] if places else len(axes), number))
    shape: list[int] = []
    place_of: dict[int, int] = {}
    for _, number in sorted(core_runs):
        for axis in runs[number][1]:
            place_of[axis] = len(shape)
            shape.append(node.shape[axis])
    result = build.reshape(core, tuple(shape))
    return result, tuple([place_of[axis] for axis in range(node.ndim)])


def axis_runs(old: Shape, new: Shape) -> list[tuple[list[int], list[int]]] | None:
    """The smallest runs of axes of both shapes with equal products; None for empty arrays.

    >>> axis_runs((4, 6, 8), (4, 2, 3, 8))
    [([0], [0]), ([1], [1, 2]), ([2], [3])]
    """
    if 0 in old:
        return None
    runs: list[tuple[list[int], list[int]]] = []
    a = b = 0
    while a < len(old) or b < len(new):
        left: list[int] = []
        right: list[int] = []
        x = y = 1
        if a < len(old):
            left.append(a)
            x = old[a]
            a += 1
        if b < len(new) and (x != 1 or new[b] == 1 or not left):
            right.append(b)
            y = new[b]
            b += 1
        while x != y:
            if x < y:
                left.append(a)
                x *= old[a]
                a += 1
            else:
                right.append(b)
                y *= new[b]
                b += 1
        runs.append((left, right))
    return runs


_RULES = {
    "reduce": _reduce, "expand": _expand, "slice": _slice, "pad": _pad, "reshape": _reshape,
}  # fmt: skip
_PASS_ON = ELEMENTWISE | frozenset(_RULES) | frozenset(("cat",))
