"""Every optimiser with every option, drawn from its own signature: what both engines run."""

from __future__ import annotations

import inspect
import random
from collections.abc import Iterator
from typing import Any

import numpy as np

Settings = dict[str, Any]

# What an option may be; a number under "lr" may also be a tensor, told by the text "tensor".
VALUES: dict[str, list[Any]] = {
    "lr": [0.02, "tensor"], "betas": [(0.8, 0.95), (0.0, 0.5)], "eps": [1e-4],
    "weight_decay": [0.1], "momentum": [0.9, 0.3], "dampening": [0.4], "nesterov": [True],
    "amsgrad": [True], "maximize": [True], "foreach": [True, False], "fused": [True, False],
    "capturable": [True], "differentiable": [True], "alpha": [0.9, 0.6], "centered": [True],
    "lr_decay": [0.1], "initial_accumulator_value": [0.5], "rho": [0.7], "lambd": [0.05],
    "t0": [5], "momentum_decay": [0.02], "decoupled_weight_decay": [True],
    "etas": [(0.3, 1.5)], "step_sizes": [(0.001, 0.05)], "beta2_decay": [-0.5],
    "d": [1.5], "ns_coefficients": [(1.875, -1.25, 0.375)], "ns_steps": [2],
    "adjust_lr_fn": ["original", "match_rms_adamw"], "max_iter": [3], "max_eval": [2, 7],
    "tolerance_grad": [1e-2], "tolerance_change": [1e-3], "history_size": [2],
    "line_search_fn": ["strong_wolfe"],
}  # fmt: skip
MORE_FOR = {"Adafactor": {"eps": [(None, 1e-3), (1e-6, 1e-2)]}}
KINDS = ("float32", "float64", "bfloat16", "complex64")


def optimizer_classes(torch: Any) -> list[str]:
    """The names of all optimisers but their base class."""
    base = torch.optim.Optimizer
    return sorted(
        name for name, value in vars(torch.optim).items()
        if isinstance(value, type) and issubclass(value, base) and value is not base
    )  # fmt: skip


def options(torch: Any, name: str) -> list[str]:
    """The names of the options, in order."""
    return list(inspect.signature(getattr(torch.optim, name)).parameters)[1:]


def cases(torch: Any, name: str, mixtures: int) -> Iterator[tuple[str, Settings]]:
    """(dtype, settings): each value of each option alone, then mixtures of several."""
    values = {
        key: [*MORE_FOR.get(name, {}).get(key, ()), *VALUES[key]][:2]
        if key in MORE_FOR.get(name, {}) else VALUES[key]
        for key in sorted(options(torch, name))
    }  # fmt: skip
    # A quasi-Newton step near the bottom divides rounding by rounding: only in double precision.
    kinds = ("float64", "complex128") if name == "LBFGS" else KINDS
    for kind in kinds:
        yield kind, {}
    for key, each in values.items():
        for value in each:
            yield kinds[0], {key: value}
    rng = random.Random(name)
    mixed = [key for key in values if key not in ("capturable", "differentiable")]
    for _ in range(mixtures):
        keys = rng.sample(mixed, rng.randint(2, min(6, len(mixed))))
        drawn = {key: rng.choice(values[key]) for key in keys}
        if "nesterov" in drawn and name == "SGD":
            drawn = {**drawn, "momentum": 0.9, "dampening": 0.0}
        yield rng.choice((kinds[0], kinds[0], *kinds)), drawn


def parameters(torch: Any, name: str, kind: str) -> list[Any]:
    """What is trained: a matrix, a vector, a number, nothing; for Muon only matrices."""
    shapes: tuple[tuple[int, ...], ...] = ((4, 3), (5,), (), (2, 3, 2), (0, 3))
    if name == "Muon":
        shapes = ((4, 3), (3, 5))
    if name == "Adafactor":
        shapes = shapes[:4]  # it divides by the number of elements
    if name == "SparseAdam":
        shapes = ((4, 3), (5, 2))
    rng = np.random.default_rng(3)
    made = []
    for shape in shapes:
        values = rng.normal(size=shape)
        if kind.startswith("complex"):
            values = values + 1j * rng.normal(size=shape)
        made.append(torch.nn.Parameter(torch.tensor(values).to(getattr(torch, kind))))
    return made


def loss_of(torch: Any, params: list[Any], step: int) -> Any:
    """A valley whose bottom moves; every parameter has its own slope."""
    total: Any = 0.0
    for place, param in enumerate(params):
        if place == 2 and step % 4 == 1:
            continue  # no gradient in this step
        aim = np.cos(np.arange(param.numel()) * 1.3 + place).reshape(tuple(param.shape))
        away = param - torch.tensor(aim).to(param.dtype)
        size = away.abs() if param.dtype.is_complex else away
        total = total + (size * size * (place + 1)).sum() + (size.sum() * 0.3).cos()
    return total


def make(torch: Any, name: str, params: list[Any], settings: Settings) -> Any:
    """The optimiser: two groups where it takes them, the second with a rate of its own."""
    given = dict(settings)
    if given.get("lr") == "tensor":
        given["lr"] = torch.tensor(0.02)
    if name == "LBFGS":
        return torch.optim.LBFGS(params, **given)
    groups = [{"params": params[:1]}, {"params": params[1:], "lr": 0.03}]
    return getattr(torch.optim, name)(groups, **given)


def one_step(torch: Any, name: str, optimizer: Any, params: list[Any], step: int) -> Any:
    """The loss before the step."""

    def closure() -> Any:
        optimizer.zero_grad()
        loss = loss_of(torch, params, step)
        loss.backward()
        if name == "SparseAdam":
            for param in params:
                rows = param.grad.clone()
                rows[step % 2 :: 2] = 0
                param.grad = rows.to_sparse(1) if step % 3 else rows.to_sparse()
        return loss

    if name == "LBFGS" or step % 2:
        return optimizer.step(closure)
    loss = closure()
    optimizer.step()
    return loss


def differentiable(torch: Any, name: str, settings: Settings) -> list[Any]:
    """Slopes of the loss after three steps that were themselves recorded."""
    starts = [p.detach().clone().requires_grad_() for p in parameters(torch, name, "float64")]
    rate = torch.tensor(0.02, dtype=torch.float64, requires_grad=True)
    params = [start.clone() for start in starts]
    for param in params:
        param.retain_grad()
    given = {**settings, "differentiable": True}
    learns = given.get("lr") == "tensor"
    if learns:
        given["lr"] = rate
    optimizer = getattr(torch.optim, name)(params, **given)
    for _ in range(3):
        grads = torch.autograd.grad(loss_of(torch, params, 0), params, create_graph=True)
        for param, grad in zip(params, grads, strict=True):
            param.grad = grad
        optimizer.step()
    wanted = [*starts, rate] if learns else starts
    return list(torch.autograd.grad(loss_of(torch, params, 0), wanted, allow_unused=True))
