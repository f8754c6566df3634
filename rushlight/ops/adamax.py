"""Optimiser steps of Adam's family: Adamax, NAdam, RAdam. See ops/optimizer.py for the form."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.optimizer import (
    add_product,
    add_quotient,
    effective,
    three_shapes,
    times,
    toward,
)
from rushlight.ops.promote import full
from rushlight.ops.table import Scalar, composite


@composite(torch=False, differentiable=False)
def adamax_step(
    params: list[Node],
    grads: list[Node],
    means: list[Node],
    largest: list[Node],
    minus_step_size: Scalar,
    unbeta1: Scalar,
    beta1: Scalar,
    beta2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    near: bool,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Adamax, Adam under the infinity norm (Kingma and Ba 2014, section 7.1).

    ``minus_step_size`` is -lr / (1 - beta1**t). Returns params + means + largest.
    """
    new: tuple[list[Node], ...] = ([], [], [])
    for param, grad, mean, most in zip(params, grads, means, largest, strict=True):
        grad = effective(param, grad, weight_decay, decays, maximize)
        mean = toward(mean, grad, unbeta1, beta1, near)
        size = binary("add", unary("abs", grad), full(eps, grad.shape, grad.dtype))
        most = binary("maximum", times(most, beta2), size)
        new[0].append(add_quotient(param, minus_step_size, mean, most))
        new[1].append(mean)
        new[2].append(most)
    return (*new[0], *new[1], *new[2])


@adamax_step.reference
def _(
    params: list[Any], grads: list[Any], means: list[Any], largest: list[Any],
    minus_step_size: float, unbeta1: float, beta1: float, beta2: float, eps: float,
    weight_decay: float, near: bool, decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [])
    for param, grad, mean, most in zip(params, grads, means, largest, strict=True):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        new[1].append(beta1 * mean + unbeta1 * slope)
        new[2].append(np.maximum(beta2 * most, np.abs(slope) + eps))
        new[0].append(param + minus_step_size * new[1][-1] / new[2][-1])
    return (*new[0], *new[1], *new[2])


@adamax_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (-0.01, 0.1, 0.9, 0.999, 1e-8, 0.05)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng, positive=True),
    )
    yield (*state, *numbers, True, False, False), {}
    yield (*state, *numbers, False, True, True), {}


@composite(torch=False, differentiable=False)
def nadam_step(
    params: list[Node],
    grads: list[Node],
    means: list[Node],
    squares: list[Node],
    grad_factor: Scalar,
    mean_factor: Scalar,
    correction: Scalar,
    unbeta1: Scalar,
    beta1: Scalar,
    beta2: Scalar,
    unbeta2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    near: bool,
    decays: bool,
    decoupled: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """NAdam, Adam with Nesterov's momentum (Dozat 2016).

    ``grad_factor`` is -lr (1 - mu) / (1 - product of mu), ``mean_factor`` the same for the mean,
    ``correction`` 1 - beta2**t. For the decoupled decay ``weight_decay`` is the factor 1 - lr *
    decay. Returns params + means + squares.
    """
    new: tuple[list[Node], ...] = ([], [], [])
    for param, grad, mean, square in zip(params, grads, means, squares, strict=True):
        if decays and decoupled:
            param = times(param, weight_decay)
        grad = effective(param, grad, weight_decay, decays and not decoupled, maximize)
        mean = toward(mean, grad, unbeta1, beta1, near)
        square = add_product(times(square, beta2), unbeta2, grad, grad)
        spread = unary("sqrt", binary("div", square, full(correction, square.shape, square.dtype)))
        spread = binary("add", spread, full(eps, spread.shape, spread.dtype))
        param = add_quotient(param, grad_factor, grad, spread)
        new[0].append(add_quotient(param, mean_factor, mean, spread))
        new[1].append(mean)
        new[2].append(square)
    return (*new[0], *new[1], *new[2])


@nadam_step.reference
def _(
    params: list[Any], grads: list[Any], means: list[Any], squares: list[Any], grad_factor: float,
    mean_factor: float, correction: float, unbeta1: float, beta1: float, beta2: float,
    unbeta2: float, eps: float, weight_decay: float, near: bool, decays: bool, decoupled: bool,
    maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [])
    for param, grad, mean, square in zip(params, grads, means, squares, strict=True):
        slope = -grad if maximize else grad
        if decays and decoupled:
            param = param * weight_decay
        elif decays:
            slope = slope + weight_decay * param
        new[1].append(beta1 * mean + unbeta1 * slope)
        new[2].append(beta2 * square + unbeta2 * slope**2)
        spread = np.sqrt(new[2][-1] / correction) + eps
        new[0].append(param + (grad_factor * slope + mean_factor * new[1][-1]) / spread)
    return (*new[0], *new[1], *new[2])


@nadam_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (-0.01, -0.02, 0.3, 0.1, 0.9, 0.999, 0.001, 1e-8, 0.95)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng, positive=True),
    )
    yield (*state, *numbers, True, False, False, False), {}
    yield (*state, *numbers, False, True, True, True), {}
    yield (*state, *numbers, True, True, False, False), {}


@composite(torch=False, differentiable=False)
def radam_step(
    params: list[Node],
    grads: list[Node],
    means: list[Node],
    squares: list[Node],
    lr: Scalar,
    mean_correction: Scalar,
    root_correction: Scalar,
    rectification: Scalar,
    unbeta1: Scalar,
    beta1: Scalar,
    beta2: Scalar,
    unbeta2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    near: bool,
    rectified: bool,
    decays: bool,
    decoupled: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """RAdam, Adam whose first steps are plain momentum (Liu et al. 2019).

    ``mean_correction`` is 1 - beta1**t, ``root_correction`` sqrt(1 - beta2**t). ``rectified``:
    enough steps are behind for the variance to be known; ``rectification`` is the paper's r_t.
    Returns params + means + squares.
    """
    new: tuple[list[Node], ...] = ([], [], [])
    for param, grad, mean, square in zip(params, grads, means, squares, strict=True):
        if decays and decoupled:
            param = times(param, weight_decay)
        grad = effective(param, grad, weight_decay, decays and not decoupled, maximize)
        mean = toward(mean, grad, unbeta1, beta1, near)
        square = add_product(times(square, beta2), unbeta2, grad, grad)
        move = binary("div", mean, full(mean_correction, mean.shape, mean.dtype))
        move = times(move, lr)
        if rectified:
            spread = binary("add", unary("sqrt", square), full(eps, square.shape, square.dtype))
            rate = binary("div", full(root_correction, spread.shape, spread.dtype), spread)
            move = times(binary("mul", move, rate), rectification)
        new[0].append(binary("sub", param, move))
        new[1].append(mean)
        new[2].append(square)
    return (*new[0], *new[1], *new[2])


@radam_step.reference
def _(
    params: list[Any], grads: list[Any], means: list[Any], squares: list[Any], lr: float,
    mean_correction: float, root_correction: float, rectification: float, unbeta1: float,
    beta1: float, beta2: float, unbeta2: float, eps: float, weight_decay: float, near: bool,
    rectified: bool, decays: bool, decoupled: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [])
    for param, grad, mean, square in zip(params, grads, means, squares, strict=True):
        slope = -grad if maximize else grad
        if decays and decoupled:
            param = param * weight_decay
        elif decays:
            slope = slope + weight_decay * param
        new[1].append(beta1 * mean + unbeta1 * slope)
        new[2].append(beta2 * square + unbeta2 * slope**2)
        move = lr * new[1][-1] / mean_correction
        if rectified:
            move = move * rectification * root_correction / (np.sqrt(new[2][-1]) + eps)
        new[0].append(param - move)
    return (*new[0], *new[1], *new[2])


@radam_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (0.01, 0.3, 0.2, 0.7, 0.1, 0.9, 0.999, 0.001, 1e-8, 0.95)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng, positive=True),
    )
    yield (*state, *numbers, True, False, False, False, False), {}
    yield (*state, *numbers, False, True, True, True, True), {}
    yield (*state, *numbers, True, True, True, False, False), {}
