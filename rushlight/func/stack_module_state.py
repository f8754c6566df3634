"""``stack_module_state``: many modules of one kind as one, for ``vmap`` over their parameters."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor
from rushlight.tensor.wrap import function


def _stacked(tensors: list[Tensor]) -> Tensor:
    wants = [each.requires_grad for each in tensors]
    if any(wants) and not all(wants):
        raise RuntimeError(
            "Expected all parameters to have the same .requires_grad: either all or none of the "
            "models' parameters of one name may want a gradient"
        )
    made: Tensor = function("stack")(tensors)
    if all(each.is_leaf for each in tensors):
        made = made._alias()
        made.requires_grad = all(wants)
    return made


def stack_module_state(models: Any) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """(parameters, buffers): by name, those of all models stacked along a new first axis.

    >>> import rushlight as torch
    >>> models = [torch.nn.Linear(2, 3) for _ in range(4)]
    >>> params, buffers = torch.func.stack_module_state(models)
    >>> params["weight"].shape
    torch.Size([4, 3, 2])
    """
    modules = list(models)
    if not modules:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(each.training != modules[0].training for each in modules):
        raise RuntimeError(
            "stack_module_state: Expected all models to have the same training/eval mode."
        )
    if any(type(each) is not type(modules[0]) for each in modules):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(each.named_parameters()) for each in modules]
    buffers = [dict(each.named_buffers()) for each in modules]
    return (
        {name: _stacked([each[name] for each in parameters]) for name in parameters[0]},
        {name: _stacked([each[name] for each in buffers]) for name in buffers[0]},
    )
