"""Optimiser steps that scale by accumulated squares: Adagrad and Adadelta."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ir.build import binary, unary
from rushlight.ir.graph import Node
from rushlight.ops.optimizer import (
    add_product,
    add_quotient,
    add_scaled,
    effective,
    three_shapes,
    times,
)
from rushlight.ops.promote import full
from rushlight.ops.table import Scalar, composite


@composite(torch=False, differentiable=False)
def adagrad_step(
    params: list[Node],
    grads: list[Node],
    sums: list[Node],
    minus_lr: Scalar,
    weight_decay: Scalar,
    eps: Scalar,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Adagrad (Duchi, Hazan and Singer 2011). Returns params + sums."""
    new_params, new_sums = [], []
    for param, grad, total in zip(params, grads, sums, strict=True):
        grad = effective(param, grad, weight_decay, decays, maximize)
        total = add_product(total, 1.0, grad, grad)
        spread = binary("add", unary("sqrt", total), full(eps, total.shape, total.dtype))
        new_params.append(add_quotient(param, minus_lr, grad, spread))
        new_sums.append(total)
    return (*new_params, *new_sums)


@adagrad_step.reference
def _(
    params: list[Any], grads: list[Any], sums: list[Any], minus_lr: float, weight_decay: float,
    eps: float, decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new_params, new_sums = [], []
    for param, grad, total in zip(params, grads, sums, strict=True):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        new_sums.append(total + slope**2)
        new_params.append(param + minus_lr * slope / (np.sqrt(new_sums[-1]) + eps))
    return (*new_params, *new_sums)


@adagrad_step.samples
def _(rng: Any) -> Iterator[Any]:
    state = (three_shapes(rng), three_shapes(rng), three_shapes(rng, positive=True))
    yield (*state, -0.1, 0.05, 1e-10, False, False), {}
    yield (*state, -0.1, 0.05, 1e-10, True, True), {}


@composite(torch=False, differentiable=False)
def adadelta_step(
    params: list[Node],
    grads: list[Node],
    squares: list[Node],
    deltas: list[Node],
    minus_lr: Scalar,
    rho: Scalar,
    unrho: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Adadelta (Zeiler 2012). ``unrho`` is 1 - rho. Returns params + squares + deltas."""
    new: tuple[list[Node], ...] = ([], [], [])
    for param, grad, square, delta in zip(params, grads, squares, deltas, strict=True):
        grad = effective(param, grad, weight_decay, decays, maximize)
        tiny = full(eps, grad.shape, grad.dtype)
        square = add_product(times(square, rho), unrho, grad, grad)
        spread = unary("sqrt", binary("add", square, tiny))
        ratio = binary("div", unary("sqrt", binary("add", delta, tiny)), spread)
        move = binary("mul", ratio, grad)
        new[0].append(add_scaled(param, minus_lr, move))
        new[1].append(square)
        new[2].append(add_product(times(delta, rho), unrho, move, move))
    return (*new[0], *new[1], *new[2])


@adadelta_step.reference
def _(
    params: list[Any], grads: list[Any], squares: list[Any], deltas: list[Any], minus_lr: float,
    rho: float, unrho: float, eps: float, weight_decay: float, decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [])
    for param, grad, square, delta in zip(params, grads, squares, deltas, strict=True):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        square = rho * square + unrho * slope**2
        move = np.sqrt(delta + eps) / np.sqrt(square + eps) * slope
        new[0].append(param + minus_lr * move)
        new[1].append(square)
        new[2].append(rho * delta + unrho * move**2)
    return (*new[0], *new[1], *new[2])


@adadelta_step.samples
def _(rng: Any) -> Iterator[Any]:
    state = (
        three_shapes(rng), three_shapes(rng),
        three_shapes(rng, positive=True), three_shapes(rng, positive=True),
    )  # fmt: skip
    numbers = (-1.0, 0.9, 0.1, 1e-6, 0.05)
    yield (*state, *numbers, False, False), {}
    yield (*state, *numbers, True, True), {}
