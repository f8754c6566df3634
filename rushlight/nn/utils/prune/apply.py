"""The functions: prune a parameter of a module, several at once, undo, ask."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rushlight.nn.utils.prune.container import PruningContainer
from rushlight.nn.utils.prune.method import BasePruningMethod
from rushlight.nn.utils.prune.methods import (
    CustomFromMask,
    Identity,
    L1Unstructured,
    LnStructured,
    RandomStructured,
    RandomUnstructured,
)
from rushlight.tensor import Tensor, cat, ones_like


def identity(module: Any, name: str) -> Any:
    """Give the parameter a mask of ones. Returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune ``amount`` elements (a number or a share) at random. Returns the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Any, name: str, amount: Any, importance_scores: Tensor | None = None
) -> Any:
    """Prune the ``amount`` elements of the smallest absolute value. Returns the module.

    >>> import rushlight as torch
    >>> m = torch.nn.utils.prune.l1_unstructured(torch.nn.Linear(4, 2), "weight", amount=0.5)
    >>> float((m.weight == 0).sum())
    4.0
    """
    L1Unstructured.apply(module, name, amount=amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune ``amount`` channels of axis ``dim`` at random. Returns the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Tensor | None = None
) -> Any:
    """Prune the ``amount`` channels of axis ``dim`` of the smallest n-norm. Returns the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune the elements of several (module, name) as if they were one tensor."""
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    listed = list(parameters)
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores should be of type dict")
    importance = cat(
        [scores.get((module, name), getattr(module, name)).reshape(-1) for module, name in listed]
    )
    defaults = cat(
        [
            getattr(module, name + "_mask", ones_like(getattr(module, name))).reshape(-1)
            for module, name in listed
        ]
    )
    container = PruningContainer()
    container._tensor_name = "temp"
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    container.add_pruning_method(method)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    final = container.compute_mask(importance.detach(), defaults)
    start = 0
    for module, name in listed:
        parameter = getattr(module, name)
        count = parameter.numel()
        mask = final[start : start + count].reshape(parameter.shape)
        custom_from_mask(module, name, mask=mask)
        start += count


def custom_from_mask(module: Any, name: str, mask: Tensor) -> Any:
    """Prune where ``mask`` is 0. Returns the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Any, name: str) -> Any:
    """Make pruning of the parameter permanent. Raises ValueError where it is not pruned."""
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Any) -> bool:
    """Whether a parameter of the module or of its children is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for _, submodule in module.named_modules()
        for hook in submodule._forward_pre_hooks.values()
    )
