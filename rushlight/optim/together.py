"""The parameters of a group that one call of an update rule can take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rushlight.optim.optimizer import Optimizer


class Together(NamedTuple):
    """Parameters whose numbers (step count ...) are equal, with what belongs to them."""

    numbers: tuple[float, ...]
    params: list[Any]
    grads: list[Any]
    tensors: tuple[list[Any], ...]
    states: list[dict[str, Any]]


def together(
    optimizer: Optimizer,
    group: dict[str, Any],
    start: Callable[[dict[str, Any], Any, Any], dict[str, Any]],
    tensors: tuple[str, ...],
    numbers: tuple[str, ...] = ("step",),
) -> Iterable[Together]:
    """The parameters of ``group`` with a gradient, by their ``numbers``: nearly always all in one.

    ``start(group, param, grad)`` makes the state of a parameter met for the first time. The step
    counts are advanced.
    """
    found: dict[tuple[float, ...], Together] = {}
    for param in group["params"]:
        grad = param._grad
        if grad is None:
            continue
        state = optimizer._state[param]
        if not state:
            state.update(start(group, param, grad))
        state["step"] += 1.0
        key = tuple(state[name] for name in numbers)
        lists = found.get(key)
        if lists is None:
            lists = found[key] = Together(key, [], [], tuple([] for _ in tensors), [])
        lists.params.append(param)
        lists.grads.append(grad)
        lists.states.append(state)
        for name, each in zip(tensors, lists.tensors, strict=True):
            each.append(state[name])
    return found.values()
