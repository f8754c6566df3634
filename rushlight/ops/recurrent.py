"""Recurrent layers: RNN, LSTM and GRU, all layers and directions as one op.

The products of the input with W_ih are one matmul over all time steps, the steps one ``loop``
(ir/loop.py), and in the gradient each weight's is again one matmul over all steps. What the way
back reads (gates and states of each step) leaves the op as further results. Letters for axes: T
steps, N samples, I features in, H hidden units, P features out, L layers, D directions, G gates.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from copy import copy
from operator import index
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, const, expand, permute, reduce, reshape
from rushlight.ir.graph import Node, substitute
from rushlight.ir.loop import Loop, loop
from rushlight.ops.derive import cotangents
from rushlight.ops.linear import linear
from rushlight.ops.promote import require_same_dtype
from rushlight.ops.recurrent_cell import GATES, Sizes, backward, forward, pointwise
from rushlight.ops.table import composite

Outputs = tuple[Node, ...]


class _Stack:
    """The arguments of a recurrent layer, sorted out."""

    def __init__(
        self, input: Node, hx: Sequence[Node], params: Sequence[Node], mask: Node | None,
        drops: Sequence[Node], mode: str, layers: int, both: bool, keep: float,
    ) -> None:  # fmt: skip
        self.input, self.hx, self.params = input, hx, params
        self.mask, self.drops = mask, drops
        self.mode, self.layers, self.keep = mode, layers, keep
        self.D = 2 if both else 1
        self.each = len(params) // (layers * self.D)
        self.projected = mode == "lstm" and self.each in (3, 5)
        self.T, self.N = input.shape[:2]
        self.P = hx[0].shape[-1]
        self.H = hx[-1].shape[-1]

    @property
    def sizes(self) -> Sizes:
        biased = self.each >= 4
        return Sizes(
            self.mode, index(self.N), index(self.H), index(self.P), self.input.dtype, biased,
            self.mask is not None,
        )  # fmt: skip

    def weights(self, number: int) -> Sequence[Node]:
        """W_ih, W_hh, [b_ih, b_hh], [W_hr] of layer and direction ``number``."""
        return self.params[number * self.each : (number + 1) * self.each]

    def start(self, number: int) -> list[Node]:
        """h, [c] of layer and direction ``number`` before the first step."""
        return [_row(x, number) for x in self.hx]

    def dropped(self, x: Node, layer: int) -> Node:
        """What layer ``layer`` hands on to the next."""
        if layer >= len(self.drops):
            return x
        kept = build.cast(self.drops[layer], x.dtype)
        kept = binary("div", kept, const(self.keep, kept.shape, kept.dtype))
        return binary("mul", x, kept)

    def out_of(self, layer: int, loops: Sequence[Node], forms: Sequence[Loop]) -> Node:
        """The features out of a layer, both directions side by side: (T, N, D P)."""
        numbers = range(layer * self.D, (layer + 1) * self.D)
        parts = [forms[number].after(loops[number], 0) for number in numbers]
        return parts[0] if len(parts) == 1 else build.cat(parts, 2)


def _row(x: Node, number: int) -> Node:
    row = build.slice(x, (number, 0, 0), (1, *x.shape[1:]), (1, 1, 1))
    return reshape(row, x.shape[1:])


def _flat(x: Node) -> Node:
    """(T, N, F) as (T N, F)."""
    return reshape(x, (x.shape[0] * x.shape[1], x.shape[2]))


def _repeat(x: Node, count: int) -> Node:
    return expand(reshape(x, (1, *x.shape)), (count, *x.shape))


def _direction(stack: _Stack, x: Node, number: int) -> tuple[Node, Loop]:
    """One layer in one direction on x (T, N, I)."""
    sizes, weights = stack.sizes, stack.weights(number)
    G, H = sizes.G, sizes.H
    turned = permute(reshape(weights[0], (G, H, x.shape[2])), (0, 2, 1))
    product = build.dot(_repeat(_flat(x), G), turned)
    planes = [reshape(_part(product, gate, 1), (stack.T, stack.N, H)) for gate in range(G)]
    masks = [] if stack.mask is None else [stack.mask]
    starts = stack.start(number)
    return loop(
        forward(sizes), [*planes, *masks], starts, weights[1:], steps=stack.T,
        kept=[True] * len(starts), reverse=bool(number % stack.D), dtype=x.dtype,
    )  # fmt: skip


def _part(x: Node, first: int, count: int) -> Node:
    rest = (0,) * (x.ndim - 1)
    return build.slice(x, (first, *rest), (count, *x.shape[1:]), (1,) * x.ndim)


def _run(stack: _Stack) -> tuple[Node, list[Node], list[Node], list[Loop]]:
    """(out, last states, the loops, their forms)."""
    x = stack.input
    loops: list[Node] = []
    forms: list[Loop] = []
    for layer in range(stack.layers):
        for direction in range(stack.D):
            made, form = _direction(stack, x, layer * stack.D + direction)
            loops.append(made)
            forms.append(form)
        x = stack.out_of(layer, loops, forms)
        if layer + 1 < stack.layers:
            x = stack.dropped(x, layer)
    last = []
    for place in range(len(stack.hx)):
        rows = [form.final(made, place) for made, form in zip(loops, forms, strict=True)]
        wide = [reshape(row, (1, *row.shape)) for row in rows]
        last.append(wide[0] if len(wide) == 1 else build.cat(wide, 0))
    return x, last, loops, forms


@composite(torch=False, name="_recurrent", grad_name="Recurrent")
def recurrent(
    input: Node, hx: list[Node], params: list[Node], mask: Node | None, drops: list[Node],
    mode: str, layers: int, both: bool, keep: float,
) -> Outputs:  # fmt: skip
    """input (T, N, I), hx h (L D, N, P) and, for an LSTM, c (L D, N, H)
    -> out (T, N, D P), the last h, [the last c], what the gradient reads.

    ``params``: for each layer and direction W_ih (G H, I), W_hh (G H, P), [b_ih, b_hh], [W_hr].
    ``mask`` (T, N, 1): False where a sequence has ended. ``drops``: what dropout keeps of the
    results of each layer but the last, (T, N, D P) bool. Arguments are checked by the caller.
    """
    require_same_dtype(mode, input=input, hx=hx[0], weight=params[0])
    stack = _Stack(input, hx, params, mask, drops, mode, layers, both, keep)
    out, last, loops, _ = _run(stack)
    return (out, *last, *loops)


@recurrent.vjp
def _gradient(
    g: tuple[Node | None, ...], out: Outputs, input: Node, hx: list[Node], params: list[Node],
    mask: Node | None, drops: list[Node], mode: str, layers: int, both: bool, keep: float,
) -> tuple[Any, ...]:  # fmt: skip
    stack = _Stack(input, hx, params, mask, drops, mode, layers, both, keep)
    states = len(hx)
    found: list[Node | None] = _Back(stack, g[: 1 + states], out[1 + states :]).run()
    if any(seed is not None for seed in g[1 + states :]):
        # Somebody differentiates this gradient: cotangents of what was saved come in as well.
        more = _of_saved(stack, g[1 + states :], out[1 + states :])
        pairs = zip(found, more, strict=True)
        found = [a if b is None else b if a is None else binary("add", a, b) for a, b in pairs]
    return found[0], found[1 : 1 + states], found[1 + states :], None, [None] * len(drops)


def _of_saved(
    stack: _Stack, seeds: Sequence[Node | None], loops: Sequence[Node]
) -> list[Node | None]:
    """What cotangents of the saved steps mean for the input, the first states, the parameters.

    Derived on fresh nodes: an argument may be computed from another, or be the same node twice.
    """
    real = [stack.input, *stack.hx, *stack.params]
    fresh = [build.input(-1, x.shape, x.dtype) for x in real]
    again = copy(stack)
    cut = 1 + len(stack.hx)
    again.input, again.hx, again.params = fresh[0], fresh[1:cut], fresh[cut:]
    _, _, made, _ = _run(again)
    found = cotangents(made, seeds, fresh)
    # The steps that were saved need not run again.
    known = dict(zip([*made, *fresh], [*loops, *real], strict=True))
    return substitute(found, known)


class _Back:
    """The way back through all layers; ``loops``: what the way forward saved."""

    def __init__(self, stack: _Stack, seeds: Sequence[Node | None], loops: Sequence[Node]) -> None:
        self.stack = stack
        self.loops = loops
        self.forms = [_form(stack, number) for number in range(len(loops))]
        self.seeds = [
            const(0, x.shape, x.dtype) if seed is None else seed
            for seed, x in zip(seeds[1:], stack.hx, strict=True)
        ]
        T, N, D, P = stack.T, stack.N, stack.D, stack.P
        whole = const(0, (T, N, D * P), stack.input.dtype)
        self.out = whole if seeds[0] is None else seeds[0]
        self.starts: list[list[Node]] = [[] for _ in stack.hx]
        self.weights: list[list[Node]] = []

    def run(self) -> list[Node | None]:
        """Cotangents of the input, the first states, the parameters."""
        stack = self.stack
        given = self.out
        for layer in range(stack.layers - 1, -1, -1):
            if layer:
                x = stack.dropped(stack.out_of(layer - 1, self.loops, self.forms), layer - 1)
            else:
                x = stack.input
            parts = []
            for direction in range(stack.D - 1, -1, -1):
                shape = (stack.T, stack.N, stack.P)
                seed = build.slice(given, (0, 0, direction * stack.P), shape, (1, 1, 1))
                parts.append(self._direction(layer * stack.D + direction, seed, x))
            given = parts[0] if len(parts) == 1 else binary("add", parts[1], parts[0])
            if layer:
                given = stack.dropped(given, layer - 1)
        starts = []
        for rows in self.starts:
            wide = [reshape(row, (1, *row.shape)) for row in reversed(rows)]
            starts.append(wide[0] if len(wide) == 1 else build.cat(wide, 0))
        weights = [each for group in reversed(self.weights) for each in group]
        return [given, *starts, *weights]

    def _direction(self, number: int, seed: Node, x: Node) -> Node:
        """Notes the cotangents of weights and first states; that of x (T, N, I)."""
        stack, sizes = self.stack, self.stack.sizes
        weights, saved, form = stack.weights(number), self.loops[number], self.forms[number]
        states = len(stack.hx)
        kept = 4 if sizes.mode in ("lstm", "gru") else 0
        planes = [form.after(saved, states + place) for place in range(kept)]
        around = {
            "lstm": lambda: [form.before(saved, 1), form.after(saved, 1)],
            "gru": lambda: [form.before(saved, 0)],
        }.get(sizes.mode, lambda: [form.after(saved, 0)])()
        masks = [] if stack.mask is None else [stack.mask]
        constants = [weights[1]] + ([weights[-1]] if sizes.projected else [])
        made, back = loop(
            backward(sizes), [seed, *planes, *around, *masks],
            [_row(each, number) for each in self.seeds], constants, steps=stack.T,
            kept=[False] * states, reverse=not form.reverse, dtype=seed.dtype,
        )  # fmt: skip
        for place in range(states):
            self.starts[place].append(back.final(made, place))
        G = sizes.G
        gates = _Planes(back.together(made, states, G))
        hidden = [gates]
        if sizes.mode == "gru":
            hidden = [gates.some(0, 2), _Planes(back.together(made, states + G, 1))]
        before = _flat(form.before(saved, 0))
        found = [gates.weight(_flat(x)), _joined([each.weight(before) for each in hidden])]
        if sizes.biased:
            found += [gates.bias(), _joined([each.bias() for each in hidden])]
        if sizes.projected:
            out = _flat(back.after(made, len(back.sinks) - 1))
            features = _flat(form.after(saved, states + kept))
            found.append(build.dot(permute(out, (1, 0)), features))
        self.weights.append(found)
        return reshape(gates.source(weights[0]), x.shape)


def _form(stack: _Stack, number: int) -> Loop:
    """How the results of the way forward lie."""
    return _direction(stack, _inputs(stack, number // stack.D), number)[1]


def _inputs(stack: _Stack, layer: int) -> Node:
    features = stack.D * stack.P if layer else stack.input.shape[2]
    return build.input(-1, (stack.T, stack.N, features), stack.input.dtype)


class _Planes:
    """Cotangents of the gates of all steps, (G, T, N, H), and what follows from them."""

    def __init__(self, planes: Node) -> None:
        G, T, N, H = planes.shape
        self.planes = planes
        self.G, self.H = G, H
        self.flat = reshape(planes, (G, T * N, H))

    def some(self, first: int, count: int) -> _Planes:
        return _Planes(_part(self.planes, first, count))

    def weight(self, x: Node) -> Node:
        """The weight that x (T N, F) was multiplied with: (G H, F), one product over all steps."""
        turned = permute(self.flat, (0, 2, 1))
        return reshape(build.dot(turned, _repeat(x, self.G)), (self.G * self.H, x.shape[1]))

    def bias(self) -> Node:
        """(G H)."""
        return reshape(reduce(self.flat, "sum", (1,)), (self.G * self.H,))

    def source(self, weight: Node) -> Node:
        """What was multiplied with ``weight`` (G H, F): (T N, F)."""
        parts = build.dot(self.flat, reshape(weight, (self.G, self.H, weight.shape[1])))
        return reduce(parts, "sum", (0,))


def _joined(parts: Sequence[Node]) -> Node:
    return parts[0] if len(parts) == 1 else build.cat(parts, 0)


@recurrent.samples
def _samples(rng: Any) -> Iterator[Any]:
    for mode, both, biased, features, masked in (
        ("lstm", False, True, 3, False),
        ("lstm", True, False, 2, True),
        ("gru", True, True, 3, True),
        ("rnn_tanh", False, False, 3, False),
    ):
        T, N, inputs, H, D, G = 4, 2, 2, 3, 2 if both else 1, GATES[mode]
        shapes = []
        for layer in range(2):
            columns = features * D if layer else inputs
            one = [(G * H, columns), (G * H, features)] + [(G * H,)] * (2 * biased)
            shapes += (one + [(features, H)] * (features != H)) * D
        states = [(2 * D, N, features)] + [(2 * D, N, H)] * (mode == "lstm")
        mask = np.array([[1, 1], [1, 1], [1, 0], [1, 0]], bool)[..., None] if masked else None
        drops = [rng.uniform(size=(T, N, features * D)) < 0.7] if biased else []
        yield (
            rng.uniform(-1, 1, (T, N, inputs)), [rng.uniform(-1, 1, shape) for shape in states],
            [rng.uniform(-1, 1, shape) for shape in shapes], mask, drops, mode, 2, both, 0.7,
        ), {}  # fmt: skip


@composite(torch=False, name="_recurrent_cell", grad_name="RecurrentCell")
def recurrent_cell(
    input: Node, hx: list[Node], w_ih: Node, w_hh: Node, b_ih: Node | None, b_hh: Node | None,
    mode: str,
) -> Outputs:  # fmt: skip
    """One step: input (N, I), hx h and, for an LSTM, c (N, H) -> the new ones."""
    a = gates_of(linear(input, w_ih, b_ih), GATES[mode])
    rec = gates_of(linear(hx[0], w_hh, b_hh), GATES[mode])
    new, _ = pointwise(mode, a, rec, hx[0], hx[1] if mode == "lstm" else None)
    return tuple(new)


def gates_of(x: Node, count: int) -> list[Node]:
    """(.., G H) cut into its gates."""
    size = x.shape[-1] // count
    shape, step = (*x.shape[:-1], size), (1,) * x.ndim
    starts = [(*(0,) * (x.ndim - 1), gate * size) for gate in range(count)]
    return [build.slice(x, start, shape, step) for start in starts]


@recurrent_cell.samples
def _cell_samples(rng: Any) -> Iterator[Any]:
    for mode, states in (("lstm", 2), ("gru", 1), ("rnn_tanh", 1)):
        rows = 3 * GATES[mode]
        weights = [rng.uniform(-1, 1, (rows, size)) for size in (2, 3)]
        biases = [rng.uniform(-1, 1, rows) for _ in range(2)]
        hx = [rng.uniform(-1, 1, (4, 3)) for _ in range(states)]
        yield (rng.uniform(-1, 1, (4, 2)), hx, *weights, *biases, mode), {}
