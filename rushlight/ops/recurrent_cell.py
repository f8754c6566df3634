"""What one step of a recurrent layer computes, and what one step back does.

Letters: T steps, N samples, I features in, H hidden units, P features out (H, or the size of the
projection), G gates. A *plane* is (N, H): one gate of one step. The bodies of loops (ir/loop.py)
read and write planes only, so that every step is one recurrent product and one pass over memory.

    rnn   h' = act(a)                                  a = x W_ih + b_ih + h W_hh + b_hh
    lstm  c' = f c + i g,  h' = o tanh(c') [W_hr]      gates i f g o
    gru   h' = n + z (h - n)                           gates r z n, n = tanh(a_in + r a_hn)
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from rushlight.base.dtype import bool_
from rushlight.base.dtype import dtype as DType
from rushlight.base.record import Record
from rushlight.ir import build
from rushlight.ir.build import binary, const, reshape, unary, where
from rushlight.ir.graph import Node

GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3}


class Sizes(Record):
    """One direction of one layer. ``P`` is not H where an LSTM projects its output."""

    mode: str
    N: int
    H: int
    P: int
    dtype: DType
    biased: bool
    masked: bool

    @property
    def G(self) -> int:
        return GATES[self.mode]

    @property
    def projected(self) -> bool:
        return self.P != self.H


class Arguments:
    """Numbers the inputs of a body in the order in which they are asked for."""

    def __init__(self, sizes: Sizes) -> None:
        self.sizes = sizes
        self.count = 0

    def array(self, *shape: int, dtype: DType | None = None) -> Node:
        self.count += 1
        return build.input(self.count - 1, shape, dtype or self.sizes.dtype)

    def planes(self, count: int, columns: int | None = None) -> list[Node]:
        sizes = self.sizes
        return [self.array(sizes.N, columns or sizes.H) for _ in range(count)]


def _mul(x: Node, y: Node) -> Node:
    return binary("mul", x, y)


def _add(x: Node, y: Node) -> Node:
    return binary("add", x, y)


def _sub(x: Node, y: Node) -> Node:
    return binary("sub", x, y)


def _one_minus(x: Node) -> Node:
    return _sub(const(1, x.shape, x.dtype), x)


def _turned(x: Node) -> Node:
    rank = x.ndim
    return build.permute(x, (*range(rank - 2), rank - 1, rank - 2))


def _recurrent(h: Node, weight: Node, sizes: Sizes) -> list[Node]:
    """h W^T gate by gate: planes. weight (G H, P)."""
    G, N, H, P = sizes.G, sizes.N, sizes.H, sizes.P
    if G == 1:
        return [build.dot(h, _turned(weight))]
    wide = build.expand(reshape(h, (1, N, P)), (G, N, P))
    product = build.dot(wide, _turned(reshape(weight, (G, H, P))))
    return [plane(product, gate, sizes) for gate in range(G)]


def plane(x: Node, gate: int, sizes: Sizes) -> Node:
    """Gate ``gate`` of (G, N, H)."""
    return reshape(build.slice(x, (gate, 0, 0), (1, *x.shape[1:]), (1, 1, 1)), x.shape[1:])


def _bias(x: Node, bias: Node | None, gate: int, sizes: Sizes) -> Node:
    """x plus its gate's part of a bias (G H)."""
    if bias is None:
        return x
    part = build.slice(bias, (gate * sizes.H,), (sizes.H,), (1,))
    return _add(x, build.expand(reshape(part, (1, sizes.H)), x.shape))


def pointwise(
    mode: str, a: Sequence[Node], rec: Sequence[Node], h: Node, c: Node | None
) -> tuple[list[Node], list[Node]]:
    """(new h before a projection, new c), and what the way back reads: both as lists of planes.

    ``a``: products of the input, ``rec``: of the hidden state, biases included.
    """
    if mode == "lstm":
        assert c is not None
        i, f, g, o = (_add(x, y) for x, y in zip(a, rec, strict=True))
        i, f, o = unary("sigmoid", i), unary("sigmoid", f), unary("sigmoid", o)
        g = unary("tanh", g)
        c = _add(_mul(f, c), _mul(i, g))
        return [_mul(o, unary("tanh", c)), c], [i, f, g, o]
    if mode == "gru":
        r = unary("sigmoid", _add(a[0], rec[0]))
        z = unary("sigmoid", _add(a[1], rec[1]))
        n = unary("tanh", _add(a[2], _mul(r, rec[2])))
        return [_add(n, _mul(z, _sub(h, n)))], [r, z, n, rec[2]]
    total = _add(a[0], rec[0])
    if mode == "rnn_tanh":
        return [unary("tanh", total)], []
    return [binary("maximum", total, const(0, total.shape, total.dtype))], []


@functools.lru_cache(maxsize=64)
def forward(sizes: Sizes) -> tuple[Node, ...]:
    """A step: planes of the input's products, [mask]; h, [c]; W_hh, [b_ih, b_hh], [W_hr]
    -> h, [c], what the way back reads, [o tanh(c) where it is projected].
    """  # fmt: skip
    arguments = Arguments(sizes)
    G, N, H, P = sizes.G, sizes.N, sizes.H, sizes.P
    a = arguments.planes(G)
    mask = arguments.array(N, 1, dtype=bool_) if sizes.masked else None
    h = arguments.array(N, P)
    c = arguments.array(N, H) if sizes.mode == "lstm" else None
    weight = arguments.array(G * H, P)
    b_ih = arguments.array(G * H) if sizes.biased else None
    b_hh = arguments.array(G * H) if sizes.biased else None
    a = [_bias(x, b_ih, gate, sizes) for gate, x in enumerate(a)]
    rec = [_bias(x, b_hh, gate, sizes) for gate, x in enumerate(_recurrent(h, weight, sizes))]
    new, saved = pointwise(sizes.mode, a, rec, h, c)
    if sizes.projected:
        saved.append(new[0])
        new[0] = build.dot(new[0], _turned(arguments.array(P, H)))
    if mask is not None:
        old = [h] if c is None else [h, c]
        new = [
            where(build.expand(mask, x.shape), x, before)
            for x, before in zip(new, old, strict=True)
        ]
    return (*new, *saved)


@functools.lru_cache(maxsize=64)
def backward(sizes: Sizes) -> tuple[Node, ...]:
    """A step back: the cotangent of h after the step, what was saved, [h or c around it], [mask];
    cotangents of h, [c]; W_hh, [W_hr] -> those before the step, and of each gate's sum.

    Gates' cotangents come first for the input's products, then, for a GRU, of the product that r
    multiplies; last that of the projected output.
    """
    arguments = Arguments(sizes)
    G, N, H, P = sizes.G, sizes.N, sizes.H, sizes.P
    mode = sizes.mode
    out = arguments.array(N, P)
    saved = arguments.planes({"lstm": 4, "gru": 4}.get(mode, 0))
    around = arguments.planes({"lstm": 2}.get(mode, 1))  # c before and after; h before, or after
    mask = arguments.array(N, 1, dtype=bool_) if sizes.masked else None
    carried = arguments.array(N, P)
    dc = arguments.array(N, H) if mode == "lstm" else None
    weight = arguments.array(G * H, P)
    total = _add(out, carried)
    seen = total if mask is None else _only(mask, total)
    dm = seen
    if sizes.projected:
        dm = build.dot(seen, arguments.array(P, H))
    extra: list[Node] = []
    passed: list[Node] = []
    if mode == "lstm":
        assert dc is not None
        gates, before = _lstm_back(dm, dc, saved, around, mask)
        passed.append(before)
        hidden = gates
        direct = None
    elif mode == "gru":
        r, z, n, q = saved
        dz = _mul(_mul(dm, _sub(around[0], n)), _slope(z))
        dn = _mul(_mul(dm, _one_minus(z)), _one_minus(_mul(n, n)))
        dq = _mul(dn, r)
        gates = [_mul(_mul(dn, q), _slope(r)), dz, dn]
        hidden = [*gates[:2], dq]
        extra.append(dq)
        direct = _mul(dm, z)
    else:
        h = around[0]
        if mode == "rnn_tanh":
            gates = [_mul(dm, _one_minus(_mul(h, h)))]
        else:
            zero = const(0, h.shape, h.dtype)
            gates = [where(binary("lt", zero, h), dm, zero)]
        hidden = gates
        direct = None
    for gate, each in enumerate(hidden):
        part = build.dot(each, build.slice(weight, (gate * H, 0), (H, P), (1, 1)))
        direct = part if direct is None else _add(direct, part)
    assert direct is not None
    if mask is not None:
        # What a step beyond the end of a sequence was given goes on as it is.
        direct = _add(direct, _only(unary("not", mask), total))
    if sizes.projected:
        extra.append(seen)
    return (direct, *passed, *gates, *extra)


def _only(mask: Node, x: Node) -> Node:
    return where(build.expand(mask, x.shape), x, const(0, x.shape, x.dtype))


def _slope(y: Node) -> Node:
    """The slope of the sigmoid whose value is y."""
    return _mul(y, _one_minus(y))


def _lstm_back(
    dm: Node, dc: Node, saved: Sequence[Node], around: Sequence[Node], mask: Node | None
) -> tuple[list[Node], Node]:
    i, f, g, o = saved
    before, after = around
    squashed = unary("tanh", after)
    inner = _add(dc, _mul(_mul(dm, o), _one_minus(_mul(squashed, squashed))))
    if mask is not None:
        inner = _only(mask, inner)
    gates = [
        _mul(_mul(inner, g), _slope(i)),
        _mul(_mul(inner, before), _slope(f)),
        _mul(_mul(inner, i), _one_minus(_mul(g, g))),
        _mul(_mul(dm, squashed), _slope(o)),
    ]
    passed = _mul(inner, f)
    if mask is not None:
        passed = _add(passed, _only(unary("not", mask), dc))
    return gates, passed
