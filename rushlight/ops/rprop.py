"""Optimiser steps without running means of squares: Rprop and ASGD. See ops/optimizer.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ir.build import binary, unary, where
from rushlight.ir.graph import Node
from rushlight.ops.optimizer import add_scaled, effective, three_shapes, times
from rushlight.ops.promote import full
from rushlight.ops.table import Scalar, composite


@composite(torch=False, differentiable=False)
def rprop_step(
    params: list[Node],
    grads: list[Node],
    previous: list[Node],
    sizes: list[Node],
    shrink: Scalar,
    grow: Scalar,
    smallest: Scalar,
    largest: Scalar,
    maximize: bool,
) -> tuple[Node, ...]:
    """Rprop (Riedmiller and Braun 1993): steps that grow while a slope keeps its sign.

    Where it changed, this step is left out. Returns params + previous + sizes.
    """
    new: tuple[list[Node], ...] = ([], [], [])
    for param, grad, before, size in zip(params, grads, previous, sizes, strict=True):
        shape, dtype = grad.shape, grad.dtype
        zero, one = full(0, shape, dtype), full(1, shape, dtype)
        if maximize:
            grad = unary("neg", grad)
        agreement = unary("sign", binary("mul", grad, before))
        turned = binary("lt", agreement, zero)
        factor = where(binary("eq", agreement, zero), one, agreement)
        factor = where(turned, full(shrink, shape, dtype), factor)
        factor = where(binary("lt", zero, agreement), full(grow, shape, dtype), factor)
        size = binary("maximum", binary("mul", size, factor), full(smallest, shape, dtype))
        size = binary("minimum", size, full(largest, shape, dtype))
        grad = where(turned, zero, grad)
        new[0].append(binary("sub", param, binary("mul", unary("sign", grad), size)))
        new[1].append(grad)
        new[2].append(size)
    return (*new[0], *new[1], *new[2])


@rprop_step.reference
def _(
    params: list[Any], grads: list[Any], previous: list[Any], sizes: list[Any], shrink: float,
    grow: float, smallest: float, largest: float, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [])
    for param, grad, before, size in zip(params, grads, previous, sizes, strict=True):
        slope = -grad if maximize else grad
        agreement = slope * before
        factor = np.where(agreement > 0, grow, np.where(agreement < 0, shrink, 1.0))
        new[2].append(np.clip(size * factor, smallest, largest))
        new[1].append(np.where(agreement < 0, 0.0, slope))
        new[0].append(param - np.sign(new[1][-1]) * new[2][-1])
    return (*new[0], *new[1], *new[2])


@rprop_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (0.5, 1.2, 0.2, 0.9)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng, positive=True),
    )
    yield (*state, *numbers, False), {}
    yield (*state, *numbers, True), {}


@composite(torch=False, differentiable=False)
def asgd_step(
    params: list[Node],
    grads: list[Node],
    averages: list[Node],
    minus_eta: Scalar,
    kept: Scalar,
    share: Scalar,
    weight_decay: Scalar,
    averaging: bool,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Averaged gradient descent (Polyak and Juditsky 1992).

    ``kept`` is 1 - lambd * eta, ``share`` that of the new point in the average; ``averaging``: it
    is not 1. Returns params + averages.
    """
    new: tuple[list[Node], ...] = ([], [])
    for param, grad, average in zip(params, grads, averages, strict=True):
        grad = effective(param, grad, weight_decay, decays, maximize)
        param = add_scaled(times(param, kept), minus_eta, grad)
        if averaging:
            change = times(binary("sub", param, average), share)
            new[1].append(binary("add", average, change))
        else:
            new[1].append(param)
        new[0].append(param)
    return (*new[0], *new[1])


@asgd_step.reference
def _(
    params: list[Any], grads: list[Any], averages: list[Any], minus_eta: float, kept: float,
    share: float, weight_decay: float, averaging: bool, decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [])
    for param, grad, average in zip(params, grads, averages, strict=True):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        param = param * kept + minus_eta * slope
        new[0].append(param)
        new[1].append(average + (param - average) * share if averaging else param)
    return (*new[0], *new[1])


@asgd_step.samples
def _(rng: Any) -> Iterator[Any]:
    state = (three_shapes(rng), three_shapes(rng), three_shapes(rng))
    yield (*state, -0.1, 0.99, 1.0, 0.05, False, False, False), {}
    yield (*state, -0.1, 0.99, 0.3, 0.05, True, True, True), {}
