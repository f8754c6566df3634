"""A step length that satisfies the strong Wolfe conditions (Nocedal and Wright 2006, chapter 3.5).

Values and slopes are numbers or tensors of one element, used as they come: the arithmetic is in
the parameters' dtype, as PyTorch's is, so that both take the same steps.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple


class Point(NamedTuple):
    """A place on the line: the step length, the loss there, its gradient, its slope."""

    t: Any
    loss: Any
    grad: Any
    slope: Any


def cubic_minimum(a: Point, b: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Where the cubic through two points with slopes is least, within ``bounds`` (their places)."""
    low, high = bounds or ((a.t, b.t) if a.t <= b.t else (b.t, a.t))
    d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.t - b.t)
    square = d1**2 - a.slope * b.slope
    if not square >= 0:
        return (low + high) / 2.0
    d2 = square.sqrt()
    left, right = (a, b) if a.t <= b.t else (b, a)
    share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2)
    return min(max(right.t - (right.t - left.t) * share, low), high)


def strong_wolfe(
    point: Callable[[Any], Point],
    start: Point,
    direction: Any,
    t: Any,
    *,
    armijo: float = 1e-4,
    curvature: float = 0.9,
    tolerance: float = 1e-9,
    max_evaluations: int = 25,
) -> tuple[Point, int]:
    """The point found, and how often ``point(t)`` was called: it evaluates the loss there.

    ``start`` is the point at 0, ``t`` the first guess.
    """

    def too_high(new: Point) -> bool:
        return bool(new.loss > start.loss + armijo * new.t * start.slope)

    def flat(new: Point) -> bool:
        return bool(abs(new.slope) <= -curvature * start.slope)

    longest = direction.abs().max()
    start = start._replace(grad=start.grad.clone())
    before, new = start, point(t)
    rounds = 0
    while rounds < max_evaluations:
        if too_high(new) or (rounds > 1 and new.loss >= before.loss):
            break
        if flat(new):
            return new, rounds + 1
        if new.slope >= 0:
            break
        bounds = (new.t + 0.01 * (new.t - before.t), new.t * 10)
        t = cubic_minimum(before, new, bounds)
        before, new = new, point(t)
        rounds += 1
    # A minimum lies between the two, unless the evaluations ran out.
    bracket = [start if rounds == max_evaluations else before, new]
    low = 0 if bracket[0].loss <= bracket[1].loss else 1
    evaluations = rounds + 1
    stuck = False
    while rounds < max_evaluations:
        ends = (bracket[0].t, bracket[1].t)
        if abs(ends[1] - ends[0]) * longest < tolerance:
            break
        t, stuck = _inside(cubic_minimum(*bracket), ends, stuck)
        new = point(t)
        rounds += 1
        evaluations += 1
        if too_high(new) or new.loss >= bracket[low].loss:
            bracket[1 - low] = new
            low = 0 if bracket[0].loss <= bracket[1].loss else 1
            continue
        done = flat(new)
        if not done and new.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
            bracket[1 - low] = bracket[low]
        bracket[low] = new
        if done:
            break
    return bracket[low], evaluations


def _inside(t: Any, ends: tuple[Any, Any], stuck: bool) -> tuple[Any, bool]:
    """``t``, moved a tenth of the bracket inwards if it has been at the edge twice."""
    high, low = max(ends), min(ends)
    margin = 0.1 * (high - low)
    if not min(high - t, t - low) < margin:
        return t, False
    if not (stuck or t >= high or t <= low):
        return t, True
    return (high - margin if abs(t - high) < abs(t - low) else low + margin), False
