"""Where an op and PyTorch's function of the same name differ on the op's samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import rushlight
from rushlight.ops.table import Op
from rushlight.tensor.wrap import function
from tests.ops.cases import bad_samples, both_widths, shown
from tests.ops.close import same
from tests.ops.expressions import expression
from tests.ops.observe import Seen, Session
from tests.parity.samples_peer import Peer

# Our polynomials, summation orders and theirs both round; float32 against float32.
_SLACK = 24
# PyTorch has no kernel, or refuses what we compute: nothing to compare with.
_REFUSALS = ("not implemented for", "not supported for", "NotImplementedError")
ASPECTS = ("error", "dtype", "shape", "strides", "values", "gradient", "second gradient")
SESSION = Session(rushlight, function)


@dataclass
class Difference:
    """One aspect of one sample that is not as PyTorch has it."""

    aspect: str
    text: str


def _values(ours: Seen, theirs: Seen, view: bool) -> Iterator[Difference]:
    if len(ours.outs) != len(theirs.outs):
        yield Difference("shape", f"{len(ours.outs)} results, PyTorch {len(theirs.outs)}")
        return
    for a, b in zip(ours.outs, theirs.outs, strict=True):
        if a.dtype != b.dtype:
            yield Difference("dtype", f"{a.dtype}, PyTorch {b.dtype}")
        elif a.shape != b.shape:
            yield Difference("shape", f"{a.shape}, PyTorch {b.shape}")
        elif not same(a.values, b.values, slack=_SLACK, floor=1e-3):
            yield Difference("values", f"{a.values}\nPyTorch\n{b.values}")
        elif view and a.strides != b.strides:
            yield Difference("strides", f"{a.strides}, PyTorch {b.strides}")


def _gradients(ours: Seen, theirs: Seen) -> Iterator[Difference]:
    if theirs.message and not theirs.second:  # no derivative of the derivative there
        pairs = [("gradient", ours.first, theirs.first)]
    else:
        pairs = [
            ("gradient", ours.first, theirs.first),
            ("second gradient", ours.second, theirs.second),
        ]
    for what, mine, others in pairs:
        count = max(len(mine), len(others))
        for a, b in zip(_padded(mine, count), _padded(others, count), strict=True):
            if not same(a, b, slack=_SLACK, floor=1):
                yield Difference(what, f"{a}\nPyTorch\n{b}\n{ours.message}")
                break


def _padded(found: list[Any], count: int) -> list[Any]:
    return found if found else [None] * count


def differences(op: Op, peer: Peer) -> Iterator[Difference]:
    """All that differs, sample by sample."""
    text = expression(op)
    if text.startswith("own("):
        return
    wanted = op.differentiable
    rows = list(both_widths(op))
    bad = list(bad_samples(op)) if op.bad_inputs_rule is not None else []
    calls = [(text, args, kwargs, wanted) for args, kwargs in rows]
    calls += [(text, args, kwargs, False) for args, kwargs, _, _ in bad]
    seen = peer.see(calls)
    for (args, kwargs), theirs in zip(rows, seen, strict=False):
        ours = SESSION.call(text, args, kwargs, gradients=wanted)
        where = shown(args, kwargs)
        if theirs.raised:
            if not any(words in theirs.message for words in _REFUSALS):
                yield Difference("error", f"PyTorch: {theirs.message}\n{where}")
            continue
        if ours.raised:
            yield Difference("error", f"{ours.message}\n{where}")
            continue
        found = [*_values(ours, theirs, op.view), *_gradients(ours, theirs)]
        for each in found:
            yield Difference(each.aspect, f"{each.text}\n{where}")
    for (args, kwargs, _, _), theirs in zip(bad, seen[len(rows) :], strict=True):
        ours = SESSION.call(text, args, kwargs)
        if ours.raised != theirs.raised:
            told = f"{ours.raised or 'nothing'}, PyTorch {theirs.message or 'nothing'}"
            yield Difference("error", f"{told}\n{shown(args, kwargs)}")
