"""Gradients against differences of values, and second ones against differences of first ones.

Both sides of a point are looked at: where they disagree there is a kink (or a jump, or an overflow)
and the point says nothing. A wrong rule is wrong everywhere, not only on kinks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.ops.observe import Session

_ELEMENTS = 6  # of each argument: where the steps are taken
_STEP = 1e-6
_TOLERANCE = 1e-5

Numbers = list[np.ndarray[Any, Any]]


def _parts(values: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Complex numbers as pairs along a last axis."""
    return np.stack([values.real, values.imag], -1) if values.dtype.kind == "c" else values


class Sample:
    """The weighted sum of a call's results as a function of its float64 arrays."""

    def __init__(self, session: Session, call: Callable[..., Any], args: Any, kwargs: Any) -> None:
        self.session, self.call, self.args, self.kwargs = session, call, args, kwargs
        leaves: list[Any] = []
        session.tensors((args, list(kwargs.values())), leaves)
        self.start = [np.array(leaf.detach().numpy()) for leaf in leaves]

    def results(self, arrays: Numbers) -> tuple[list[Any], list[Any]]:
        """(outputs that depend on the leaves, the leaves) at other numbers."""
        leaves: list[Any] = []
        feed = iter(arrays)

        def put(value: Any) -> Any:
            if isinstance(value, (list, tuple)):
                return type(value)(map(put, value))
            if isinstance(value, np.ndarray) and value.dtype == np.float64:
                return next(feed)
            return value

        args, kwargs = put(self.args), {key: put(value) for key, value in self.kwargs.items()}
        given = self.session.tensors(args, leaves)
        named = {key: self.session.tensors(value, leaves) for key, value in kwargs.items()}
        result = self.call(*given, **named)
        parts = result if isinstance(result, (tuple, list)) else [result]
        kind = self.session.torch.Tensor
        return [p for p in parts if isinstance(p, kind) and p.requires_grad], leaves

    def values(self, arrays: Numbers) -> Numbers:
        return [_parts(self.session.seen(each).values) for each in self.results(arrays)[0]]

    def first(self, arrays: Numbers) -> list[Any]:
        """d(weighted sum) / d(leaves), with a graph; None where there is none."""
        outs, leaves = self.results(arrays)
        grad = self.session.torch.autograd.grad
        found = grad(self.session.weighted(outs), leaves, create_graph=True, allow_unused=True)
        return [*found]

    def first_values(self, arrays: Numbers) -> Numbers:
        return [self.session.seen(each).values for each in self.first(arrays) if each is not None]

    def second(self, arrays: Numbers) -> list[Any]:
        outs, leaves = self.results(arrays)
        grad = self.session.torch.autograd.grad
        found = grad(self.session.weighted(outs), leaves, create_graph=True, allow_unused=True)
        flows = [each for each in found if each is not None]
        if not any(each.requires_grad for each in flows):
            return [None] * len(leaves)
        return [*grad(self.session.weighted(flows), leaves, allow_unused=True)]


def _weigh(parts: Numbers) -> Callable[[Numbers], float]:
    weights = [
        np.asarray(np.random.default_rng(place).uniform(0.5, 1.5, part.shape))
        for place, part in enumerate(parts)
    ]

    def total(changes: Numbers) -> float:
        return float(sum(np.sum(w * c) for w, c in zip(weights, changes, strict=True)))

    return total


def _compare(
    what: str, sample: Sample, values: Callable[[Numbers], Numbers], slopes: list[Any]
) -> str:
    middle = values(sample.start)
    total = _weigh(middle)
    rng = np.random.default_rng(7)
    for place, array in enumerate(sample.start):
        if not array.size:
            continue
        analytical = (
            np.zeros(array.shape)
            if slopes[place] is None
            else sample.session.seen(slopes[place]).values
        )
        chosen = rng.permutation(array.size)[:_ELEMENTS]
        for element in chosen:
            here = array.reshape(-1)[element]
            if not np.isfinite(here):
                continue
            step = _STEP * max(1.0, abs(here))

            def rate(by: float, place: int = place, element: Any = element) -> float:
                moved = sample.start[place].copy()
                moved.reshape(-1)[element] += by
                arrays = [moved if k == place else each for k, each in enumerate(sample.start)]
                with np.errstate(all="ignore"):
                    changes = [a - b for a, b in zip(values(arrays), middle, strict=True)]
                    return total(changes) / by

            up, down = rate(step), rate(-step)
            if not (np.isfinite(up) and np.isfinite(down)):
                continue
            size = max(1.0, abs(up), abs(down))
            if abs(up - down) > 1e-3 * size:
                continue  # a kink, or too steep for the step
            got = float(analytical.reshape(-1)[element])
            allowed = abs(up - down) + _TOLERANCE * size
            if not abs(got - (up + down) / 2) <= allowed and abs(rate(step / 8) - up) < 0.1 * size:
                # A jump's rate would have grown with the smaller step.
                return (
                    f"{what} of argument {place} at element {element} ({here}): {got}, "
                    f"differences say {(up + down) / 2}"
                )
    return ""


def wrong_slope(session: Session, call: Callable[..., Any], args: Any, kwargs: Any) -> str:
    """Empty, or what is wrong in the first or second gradient."""
    sample = Sample(session, call, args, kwargs)
    if not sample.start:
        return ""
    outs, _ = sample.results(sample.start)
    if not outs or any(out.dtype is not session.torch.float64 for out in outs):
        return ""  # nothing to compare, or too coarse for differences
    found = _compare("slope", sample, sample.values, sample.first(sample.start))
    if found:
        return found
    firsts = [each for each in sample.first(sample.start) if each is not None]
    if not any(each.requires_grad for each in firsts):
        return ""
    return _compare("second slope", sample, sample.first_values, sample.second(sample.start))
