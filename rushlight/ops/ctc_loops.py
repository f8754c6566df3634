"""The lattice of CTC as loops of plain numbers, a sample at a time.

Probabilities, not their logarithms: two numbers of the room each, ``v * 2 ** (512 e)`` with
``v`` from 2 ** -256 to 2 ** 256. Neighbours mostly have the same ``e``, and a step takes no
exponential.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from rushlight.ir.host import Array
from rushlight.ir.routine import Cut, Shape, routine

_DOWN, _UP = 2.0**-512, 2.0**512
_LEAST, _MOST = 2.0**-256, 2.0**256
_UNIT = 512 * math.log(2)
_NONE = -1e12  # the exponent of 0


def _in_range(x: float) -> float:
    """A product of two numbers of the lattice, brought back to where they are."""
    return x * _UP if x < _LEAST else x * _DOWN if x >= _MOST else x


def _turns(x: float) -> float:
    """By how much the exponent grows then."""
    return _NONE if x == 0.0 else -1.0 if x < _LEAST else 1.0 if x >= _MOST else 0.0


def _shift(e: float) -> float:
    """2 ** (512 e) for what is added to something of the exponent 0."""
    return 1.0 if e == 0.0 else _DOWN if e == -1.0 else _UP if e == 1.0 else 0.0


def _sum(a: float, ea: float, b: float, eb: float, top: float) -> float:
    return a * _shift(ea - top) + b * _shift(eb - top)


def _exponent(score: float) -> float:
    """e of exp(score)."""
    if score < 1e15 and score > -1e15:
        return math.floor(score / _UNIT + 0.5)
    return _NONE if score <= -1e15 else 0.0


def _states(
    n: int, width: int, classes: int, blank: int, targets: Array, lengths: Array, states: Array
) -> int:
    """Write 2 S + 1 states and whether each may be reached from two before; 1: no such class."""
    size = lengths[n]
    states[0], states[1] = blank, 0
    for s in range(size):
        label = targets[n * width + s]
        if label < 0 or label >= classes:
            return 1
        at = 4 * s + 2
        states[at] = label
        states[at + 1] = 1 if s > 0 and label != targets[n * width + s - 1] else 0
        states[at + 2], states[at + 3] = blank, 0
    return 0


def _chances(base: int, count: int, log_probs: Array, states: Array, chances: Array) -> None:
    """The probability of each state at one time."""
    blank = int(states[0])
    score = float(log_probs[base + blank])
    e = _exponent(score)
    p = 0.0 if e == _NONE else math.exp(score - e * _UNIT)
    for s in range(0, count, 2):
        chances[2 * s], chances[2 * s + 1] = p, e
    for s in range(1, count, 2):
        score = float(log_probs[base + int(states[2 * s])])
        e = _exponent(score)
        chances[2 * s] = 0.0 if e == _NONE else math.exp(score - e * _UNIT)
        chances[2 * s + 1] = e


def _ahead(count: int, before: int, here: int, alpha: Array, states: Array, chances: Array) -> None:
    """alpha of one time, at ``here``, from that of the time before."""
    for s in range(count):
        at = before + 2 * s
        v, e = alpha[at], alpha[at + 1]
        if s > 0:
            v1, e1 = alpha[at - 2], alpha[at - 1]
            top = max(e, e1)
            v, e = v + v1 if e == e1 else _sum(v, e, v1, e1, top), top
        if states[2 * s + 1] != 0.0:
            v2, e2 = alpha[at - 4], alpha[at - 3]
            top = max(e, e2)
            v, e = v + v2 if e == e2 else _sum(v, e, v2, e2, top), top
        v = v * chances[2 * s]
        alpha[here + 2 * s] = _in_range(v)
        alpha[here + 2 * s + 1] = e + chances[2 * s + 1] + _turns(v)


def _begin(count: int, alpha: Array, chances: Array) -> None:
    for s in range(count):
        alpha[2 * s] = chances[2 * s] if s < 2 else 0.0
        alpha[2 * s + 1] = chances[2 * s + 1] if s < 2 else _NONE


def _loss_cut(shapes: Sequence[Shape], params: tuple[Any, ...]) -> Cut | None:
    (steps, batch, classes), targets = shapes[0], shapes[1]
    if len(targets) != 2:
        return None
    count = 2 * targets[1] + 1
    sizes = (steps, batch, classes, targets[1], params[0])
    return Cut(batch, sizes, steps * count * 40, (2 * count, 2 * count, 4 * count))


@routine("ctc_loss", _loss_cut)
def loss(
    n: int, steps: int, batch: int, classes: int, width: int, blank: int, log_probs: Array,
    targets: Array, times: Array, lengths: Array, out: Array, states: Array, chances: Array,
    alpha: Array,
) -> int:  # fmt: skip
    """Minus the logarithm of the last two states' probability."""
    if _states(n, width, classes, blank, targets, lengths, states) > 0:
        return 1
    count = 2 * lengths[n] + 1
    if times[n] == 0:
        out[n] = 0.0 if count == 1 else math.inf
        return 0
    row = 0
    for t in range(times[n]):
        _chances((t * batch + n) * classes, count, log_probs, states, chances)
        if t == 0:
            _begin(count, alpha, chances)
        else:
            _ahead(count, row, 2 * count - row, alpha, states, chances)
            row = 2 * count - row
    at = row + 2 * count - 2
    v, e = alpha[at], alpha[at + 1]
    if count > 1:
        top = max(e, alpha[at - 1])
        v, e = _sum(v, e, alpha[at - 2], alpha[at - 1], top), top
    out[n] = math.inf if v == 0.0 else -(math.log(v) + e * _UNIT)
    return 0


def _shares_cut(shapes: Sequence[Shape], params: tuple[Any, ...]) -> Cut | None:
    (steps, batch, classes), targets = shapes[0], shapes[1]
    if len(targets) != 2:
        return None
    count = 2 * targets[1] + 1
    sizes = (steps, batch, classes, targets[1], params[0])
    room = (2 * count, 2 * count, 2 * count * steps, 4 * count)
    return Cut(batch, sizes, steps * (count * 80 + classes * 4), room)


@routine("ctc_shares", _shares_cut)
def shares(
    n: int, steps: int, batch: int, classes: int, width: int, blank: int, log_probs: Array,
    targets: Array, times: Array, lengths: Array, out: Array, states: Array, chances: Array,
    alpha: Array, beta: Array,
) -> int:  # fmt: skip
    """How likely each class is at each time, given the label."""
    for t in range(steps):
        for c in range(classes):
            out[(t * batch + n) * classes + c] = 0.0
    if _states(n, width, classes, blank, targets, lengths, states) > 0:
        return 1
    count, last = 2 * lengths[n] + 1, times[n] - 1
    if last < 0:
        return 0
    size = 2 * count
    for t in range(last + 1):
        _chances((t * batch + n) * classes, count, log_probs, states, chances)
        if t == 0:
            _begin(count, alpha, chances)
        else:
            _ahead(count, (t - 1) * size, t * size, alpha, states, chances)
    at = last * size + size - 2
    total, unit = alpha[at], alpha[at + 1]
    if count > 1:
        top = max(unit, alpha[at - 1])
        total, unit = _sum(total, unit, alpha[at - 2], alpha[at - 1], top), top
    if not total > 0.0:  # a label that cannot be has no direction to go
        for t in range(last + 1):
            for c in range(classes):
                out[(t * batch + n) * classes + c] = math.nan
        return 0
    # beta of a time is what follows it; the row before holds that times the chances of its time.
    row = 0
    for k in range(last + 1):
        t = last - k
        base = (t * batch + n) * classes
        _chances(base, count, log_probs, states, chances)
        for s in range(count):
            if t == last:
                v = 1.0 if s >= count - 2 else 0.0
                e = 0.0 if s >= count - 2 else _NONE
            else:
                at = row + 2 * s
                v, e = beta[at], beta[at + 1]
                if s + 1 < count:
                    v1, e1 = beta[at + 2], beta[at + 3]
                    top = max(e, e1)
                    v, e = v + v1 if e == e1 else _sum(v, e, v1, e1, top), top
                if s + 2 < count and states[2 * s + 5] != 0.0:
                    v2, e2 = beta[at + 4], beta[at + 5]
                    top = max(e, e2)
                    v, e = v + v2 if e == e2 else _sum(v, e, v2, e2, top), top
            at = t * size + 2 * s
            share = alpha[at] * v / total * _shift(alpha[at + 1] + e - unit)
            place = base + int(states[2 * s])
            out[place] += share
            v = v * chances[2 * s]
            beta[size - row + 2 * s] = _in_range(v)
            beta[size - row + 2 * s + 1] = e + chances[2 * s + 1] + _turns(v)
        row = size - row
    return 0
