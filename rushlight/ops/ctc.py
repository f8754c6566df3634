"""Connectionist temporal classification (Graves et al. 2006): a host call, in float64, or
the loops of ``ctc_loops.py``.

The label of a sample is spread out with blanks around every symbol: ``L = 2 S + 1`` states. The
forward variables alpha[t, s] and the backward variables beta[t, s] are logarithms; a loop over
time does all samples and states at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops import ctc_loops as _loops  # noqa: F401
from rushlight.ops.formula import like, minus, times, zeros_of
from rushlight.ops.samples import Fixed, Rng, Samples
from rushlight.ops.table import composite

_NEVER = -np.inf


def _rows(targets: Array, lengths: Array, blank: int, classes: int) -> Array:
    """(N, L) states: symbols with blanks between. Targets are (N, S), or all in one row."""
    longest = int(lengths.max(initial=0))
    states = np.full((len(lengths), 2 * longest + 1), blank, dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)])
    for n, length in enumerate(lengths):
        row = targets[n, :length] if targets.ndim == 2 else targets[starts[n] : starts[n + 1]]
        if length and (int(row.min()) < 0 or int(row.max()) >= classes):
            raise RuntimeError(
                f"ctc_loss: targets of sample {n} must be classes from 0 to {classes - 1}, but "
                f"reach from {row.min()} to {row.max()}"
            )
        states[n, 1 : 2 * length : 2] = row
    return states


def _skips(states: Array) -> Array:
    """(N, L) bool: whether the state may be reached from two before it."""
    skips = np.zeros(states.shape, dtype=bool)
    skips[:, 2:] = states[:, 2:] != states[:, :-2]  # blanks are equal
    return skips


def _forward(scores: Array, skips: Array) -> Array:
    """alpha (T, N, L) from ``scores`` (T, N, L), the log-probability of each state's symbol."""
    alpha = np.full(scores.shape, _NEVER)
    alpha[0, :, :2] = scores[0, :, :2]
    for t in range(1, len(scores)):
        before = alpha[t - 1]
        here = before.copy()
        here[:, 1:] = np.logaddexp(here[:, 1:], before[:, :-1])
        here[:, 2:] = np.where(skips[:, 2:], np.logaddexp(here[:, 2:], before[:, :-2]), here[:, 2:])
        alpha[t] = here + scores[t]
    return alpha


def _backward(scores: Array, skips: Array, times: Array, lengths: Array) -> Array:
    """beta (T, N, L): the rest of the way, this state's symbol included."""
    steps, count, _ = scores.shape
    beta = np.full(scores.shape, _NEVER)
    after = np.full(scores.shape[1:], _NEVER)
    samples = np.arange(count)
    for t in range(steps - 1, -1, -1):
        here = after.copy()
        here[:, :-1] = np.logaddexp(here[:, :-1], after[:, 1:])
        here[:, :-2] = np.where(
            skips[:, 2:], np.logaddexp(here[:, :-2], after[:, 2:]), here[:, :-2]
        )
        here += scores[t]
        ends = samples[times - 1 == t]
        here[ends] = _NEVER
        here[ends, 2 * lengths[ends]] = scores[t, ends, 2 * lengths[ends]]
        real = ends[lengths[ends] > 0]
        here[real, 2 * lengths[real] - 1] = scores[t, real, 2 * lengths[real] - 1]
        beta[t] = after = here
    return beta


def _lattice(arrays: tuple[Array, ...], blank: int) -> tuple[Array, ...]:
    """(scores, states, skips, alpha, loss of each sample)."""
    log_probs, targets, times, lengths = arrays[:4]
    classes = log_probs.shape[2]
    states = _rows(targets, lengths, blank, classes)
    samples = np.arange(len(lengths))
    scores = log_probs.astype(np.float64)[:, samples[:, None], states]
    skips = _skips(states)
    with np.errstate(invalid="ignore"):
        alpha = _forward(scores, skips)
        end = alpha[np.maximum(times, 1) - 1, samples]
        total = end[samples, 2 * lengths]
        before = end[samples, np.maximum(2 * lengths - 1, 0)]
        total = np.where(lengths > 0, np.logaddexp(total, before), total)
    # In no time nothing can be said: certain if nothing was to be said.
    total = np.where(times > 0, total, np.where(lengths > 0, _NEVER, 0.0))
    return scores, states, skips, alpha, -total


@host("ctc_loss")
def _host_loss(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    return _lattice(arrays, params[0])[4]


@host("ctc_shares")
def _host_shares(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    """(T, N, C): how likely each class is at each time, given the label; nan for a label that
    cannot be: it has no direction to go."""
    log_probs, _, times, lengths = arrays
    scores, states, skips, alpha, loss = _lattice(arrays, params[0])
    samples = np.arange(len(lengths))
    with np.errstate(invalid="ignore", over="ignore"):
        beta = _backward(scores, skips, times, lengths)
        way = alpha + beta
        beyond = np.arange(states.shape[1]) > 2 * lengths[:, None]
        way[:, beyond] = _NEVER
        shares = np.exp(way + loss[:, None] - scores)
        shares[np.isneginf(way) & np.isfinite(loss)[:, None]] = 0.0
        result = np.zeros(log_probs.shape)
        for s in range(states.shape[1]):
            result[:, samples, states[:, s]] += shares[:, :, s]
    result[:, ~np.isfinite(loss)] = np.nan
    return result


@composite(torch=False, name="_ctc_loss", grad_name="CtcLoss")
def ctc_loss(
    log_probs: Node, targets: Node, input_lengths: Node, target_lengths: Node, blank: int,
    zero_infinity: bool,
) -> Node:  # fmt: skip
    """Minus the log-probability of each label: (T, N, C), (N, S) or (all,), (N,), (N,) -> (N,)."""
    src = (log_probs, targets, input_lengths, target_lengths)
    return build.host("ctc_loss", src, (log_probs.shape[1],), log_probs.dtype, (blank,))


@ctc_loss.samples
def _(rng: Rng) -> Samples:
    scores = rng.uniform(-2, 2, (6, 3, 4))
    log_probs = scores - np.log(np.exp(scores).sum(2, keepdims=True))
    targets, lengths = np.array([[1, 2, 2], [3, 1, 1], [0, 0, 0]]), np.array([3, 2, 0])
    yield (Fixed(log_probs), targets, np.array([6, 5, 4]), lengths, 0, False), {}
    yield (Fixed(log_probs), targets, np.array([3, 2, 0]), lengths, 0, True), {}
    # Probabilities further apart than a double reaches; the third label does not fit.
    far = rng.uniform(-2000, 0, (40, 3, 4))
    labels, sizes = rng.integers(1, 4, (3, 9)), np.array([9, 4, 9])
    yield (Fixed(far), labels, np.array([40, 30, 5]), sizes, 0, True), {}
    yield (
        (
            Fixed(log_probs),
            np.array([1, 2, 3, 1]),
            np.array([6, 6, 6]),
            lengths[[1, 1, 2]],
            0,
            False,
        ),
        {},
    )


@ctc_loss.vjp
def _(
    g: Node, out: Node, log_probs: Node, targets: Node, input_lengths: Node,
    target_lengths: Node, blank: int, zero_infinity: bool,
) -> tuple[Node | None, ...]:  # fmt: skip
    src = (log_probs, targets, input_lengths, target_lengths)
    shares = build.host("ctc_shares", src, log_probs.shape, log_probs.dtype, (blank,))
    shape = log_probs.shape

    def of_samples(x: Node) -> Node:
        return build.broadcast(build.reshape(x, (1, shape[1], 1)), shape)

    change = times(minus(unary("exp", log_probs), shares), of_samples(g))
    told = binary("lt", build.iota(shape, 0), of_samples(input_lengths))
    if zero_infinity:
        told = binary("and", told, binary("ne", of_samples(out), like(change, np.inf)))
    return (build.where(told, change, zeros_of(change)), None, None, None)
