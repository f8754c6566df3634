"""Optimiser steps: one entry of the trace for all parameters of a group.

Each takes the tensors as lists and returns the new ones in a flat tuple: all new parameters, then
the new states in the order of the arguments. Numbers that change from step to step (learning rate,
bias corrections) are inputs; flags that decide the structure are constants. The order of
operations is PyTorch's, so that loss curves agree to rounding. Gradients do not flow through.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from rushlight.ir.build import binary, fma, unary
from rushlight.ir.graph import Node
from rushlight.ops.promote import full
from rushlight.ops.table import Scalar, composite


def add_scaled(x: Node, factor: Scalar, y: Node) -> Node:
    """x + factor * y."""
    return fma(full(factor, y.shape, y.dtype), y, x)


def add_product(x: Node, factor: Scalar, a: Node, b: Node) -> Node:
    """x + factor * a * b."""
    return fma(binary("mul", full(factor, a.shape, a.dtype), a), b, x)


def add_quotient(x: Node, factor: Scalar, a: Node, b: Node) -> Node:
    """x + factor * a / b."""
    return binary("add", x, binary("div", binary("mul", full(factor, a.shape, a.dtype), a), b))


def times(x: Node, factor: Scalar) -> Node:
    return binary("mul", x, full(factor, x.shape, x.dtype))


def toward(x: Node, end: Node, weight: Scalar, rest: Scalar, near: bool) -> Node:
    """x moved towards ``end`` by ``weight``; from the nearer side, ``rest`` being 1 - weight."""
    delta = binary("sub", end, x)
    if near:
        return fma(full(weight, x.shape, x.dtype), delta, x)
    return fma(unary("neg", delta), full(rest, x.shape, x.dtype), end)


def effective(param: Node, grad: Node, weight_decay: Scalar, decays: bool, maximize: bool) -> Node:
    """The gradient with sign and L2 penalty."""
    if maximize:
        grad = unary("neg", grad)
    return add_scaled(grad, weight_decay, param) if decays else grad


@composite(torch=False, differentiable=False)
def sgd_step(
    params: list[Node],
    grads: list[Node],
    momenta: list[Node],
    minus_lr: Scalar,
    momentum: Scalar,
    undamped: Scalar,
    weight_decay: Scalar,
    has_momentum: bool,
    first: bool,
    nesterov: bool,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Stochastic gradient descent. ``undamped`` is 1 - dampening; returns params + momenta.

    ``first``: there are no momenta yet (an empty list); they start as the gradients.
    """
    new_params, new_momenta = [], []
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        grad = effective(param, grad, weight_decay, decays, maximize)
        if has_momentum:
            if first:
                velocity = grad
            else:
                velocity = add_scaled(times(momenta[place], momentum), undamped, grad)
            new_momenta.append(velocity)
            grad = add_scaled(grad, momentum, velocity) if nesterov else velocity
        new_params.append(add_scaled(param, minus_lr, grad))
    return (*new_params, *new_momenta)


@sgd_step.reference
def _(
    params: list[Any], grads: list[Any], momenta: list[Any], minus_lr: float, momentum: float,
    undamped: float, weight_decay: float, has_momentum: bool, first: bool, nesterov: bool,
    decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new_params, new_momenta = [], []
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        if has_momentum:
            velocity = slope if first else momentum * momenta[place] + undamped * slope
            new_momenta.append(velocity)
            slope = slope + momentum * velocity if nesterov else velocity
        new_params.append(param + minus_lr * slope)
    return (*new_params, *new_momenta)


def three_shapes(rng: Any, *, positive: bool = False) -> list[Any]:
    low = 0.1 if positive else -1.0
    return [rng.uniform(low, 1, shape) for shape in ((3, 4), (5,), ())]


@sgd_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (-0.1, 0.9, 1.0, 0.01)
    yield (
        (three_shapes(rng), three_shapes(rng), [], *numbers, False, False, False, False, False),
        {},
    )
    yield (three_shapes(rng), three_shapes(rng), [], *numbers, True, True, False, True, False), {}
    yield (
        (
            three_shapes(rng),
            three_shapes(rng),
            three_shapes(rng),
            *numbers,
            True,
            False,
            True,
            True,
            True,
        ),
        {},
    )


@composite(torch=False, differentiable=False)
def adam_step(
    params: list[Node],
    grads: list[Node],
    means: list[Node],
    squares: list[Node],
    largest: list[Node],
    minus_step_size: Scalar,
    correction: Scalar,
    unbeta1: Scalar,
    beta1: Scalar,
    beta2: Scalar,
    unbeta2: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    near: bool,
    amsgrad: bool,
    decays: bool,
    decoupled: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """Adam and AdamW (Kingma and Ba 2014; Loshchilov and Hutter 2017).

    ``minus_step_size`` is -lr / (1 - beta1**t), ``correction`` sqrt(1 - beta2**t), ``unbeta`` 1 -
    beta. ``near``: 1 - beta1 < 0.5. For the decoupled decay ``weight_decay`` is the factor 1 - lr *
    decay. Returns params + means + squares + largest (AMSGrad's, else none).
    """
    new: tuple[list[Node], ...] = ([], [], [], [])
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        if decays and decoupled:
            param = times(param, weight_decay)
        grad = effective(param, grad, weight_decay, decays and not decoupled, maximize)
        mean = toward(means[place], grad, unbeta1, beta1, near)
        square = add_product(times(squares[place], beta2), unbeta2, grad, grad)
        peak = square
        if amsgrad:
            peak = binary("maximum", largest[place], square)
            new[3].append(peak)
        spread = binary("div", unary("sqrt", peak), full(correction, peak.shape, peak.dtype))
        spread = binary("add", spread, full(eps, peak.shape, peak.dtype))
        new[0].append(add_quotient(param, minus_step_size, mean, spread))
        new[1].append(mean)
        new[2].append(square)
    return (*new[0], *new[1], *new[2], *new[3])


@adam_step.reference
def _(
    params: list[Any], grads: list[Any], means: list[Any], squares: list[Any], largest: list[Any],
    minus_step_size: float, correction: float, unbeta1: float, beta1: float, beta2: float,
    unbeta2: float, eps: float, weight_decay: float, near: bool, amsgrad: bool, decays: bool,
    decoupled: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [], [])
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        slope = -grad if maximize else grad
        if decays and decoupled:
            param = param * weight_decay
        elif decays:
            slope = slope + weight_decay * param
        mean = beta1 * means[place] + unbeta1 * slope
        square = beta2 * squares[place] + unbeta2 * slope**2
        peak = np.maximum(largest[place], square) if amsgrad else square
        new[0].append(param + minus_step_size * mean / (np.sqrt(peak) / correction + eps))
        new[1].append(mean)
        new[2].append(square)
        new[3].extend([peak] if amsgrad else [])
    return (*new[0], *new[1], *new[2], *new[3])


@adam_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (-0.01, 0.9, 0.1, 0.9, 0.999, 0.001, 1e-8, 0.95)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng),
        three_shapes(rng, positive=True),
    )
    yield (*state, [], *numbers, True, False, False, False, False), {}
    yield (*state, [], *numbers, False, False, True, True, True), {}
    peaks = three_shapes(rng, positive=True)
    yield (*state, peaks, *numbers, True, True, True, False, False), {}


@composite(torch=False, differentiable=False)
def rmsprop_step(
    params: list[Node],
    grads: list[Node],
    squares: list[Node],
    means: list[Node],
    momenta: list[Node],
    minus_lr: Scalar,
    alpha: Scalar,
    unalpha: Scalar,
    eps: Scalar,
    weight_decay: Scalar,
    momentum: Scalar,
    near: bool,
    centered: bool,
    has_momentum: bool,
    decays: bool,
    maximize: bool,
) -> tuple[Node, ...]:
    """RMSprop (Hinton). ``unalpha`` is 1 - alpha, ``near``: it is below 0.5.

    Returns params + squares + means (if centered) + momenta (if there is momentum).
    """
    new: tuple[list[Node], ...] = ([], [], [], [])
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        grad = effective(param, grad, weight_decay, decays, maximize)
        square = add_product(times(squares[place], alpha), unalpha, grad, grad)
        spread = square
        if centered:
            mean = toward(means[place], grad, unalpha, alpha, near)
            new[2].append(mean)
            spread = add_product(square, -1.0, mean, mean)
        spread = binary("add", unary("sqrt", spread), full(eps, square.shape, square.dtype))
        if has_momentum:
            velocity = add_quotient(times(momenta[place], momentum), 1.0, grad, spread)
            new[3].append(velocity)
            new[0].append(add_scaled(param, minus_lr, velocity))
        else:
            new[0].append(add_quotient(param, minus_lr, grad, spread))
        new[1].append(square)
    return (*new[0], *new[1], *new[2], *new[3])


@rmsprop_step.reference
def _(
    params: list[Any], grads: list[Any], squares: list[Any], means: list[Any], momenta: list[Any],
    minus_lr: float, alpha: float, unalpha: float, eps: float, weight_decay: float,
    momentum: float, near: bool, centered: bool, has_momentum: bool, decays: bool, maximize: bool,
) -> tuple[Any, ...]:  # fmt: skip
    new: tuple[list[Any], ...] = ([], [], [], [])
    for place, (param, grad) in enumerate(zip(params, grads, strict=True)):
        slope = (-grad if maximize else grad) + (weight_decay * param if decays else 0)
        square = alpha * squares[place] + unalpha * slope**2
        variance = square
        if centered:
            mean = alpha * means[place] + unalpha * slope
            variance = square - mean**2
            new[2].append(mean)
        move = slope / (np.sqrt(variance) + eps)
        if has_momentum:
            move = momentum * momenta[place] + move
            new[3].append(move)
        new[0].append(param + minus_lr * move)
        new[1].append(square)
    return (*new[0], *new[1], *new[2], *new[3])


@rmsprop_step.samples
def _(rng: Any) -> Iterator[Any]:
    numbers = (-0.01, 0.9, 0.1, 1e-8, 0.05, 0.8)
    state = (
        three_shapes(rng),
        three_shapes(rng),
        [np.asarray(each + 1) for each in three_shapes(rng, positive=True)],
    )
    small = [np.asarray(each * 0.1) for each in three_shapes(rng)]
    yield (*state, [], [], *numbers, True, False, False, False, False), {}
    yield (*state, small, three_shapes(rng), *numbers, True, True, True, True, True), {}
