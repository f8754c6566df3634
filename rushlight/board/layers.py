"""A model as a table: a row a layer, with shapes and parameters."""

from __future__ import annotations

from typing import Any

from rushlight.nn import Module
from rushlight.tensor import Tensor
from rushlight.tensor.modes import no_grad


def layer_table(model: Module, example: Any = None) -> dict[str, Any]:
    """Rows of every module (its own parameters only) and the sums, a shared parameter once.

    With ``example`` (a tensor, or a tuple of arguments) the model is called once, in eval mode and
    without gradients, and each row says what shape came out.

    >>> from rushlight import nn
    >>> table = layer_table(nn.Sequential(nn.Linear(2, 3), nn.ReLU()))
    >>> [(row["name"], row["class"], row["parameters"]) for row in table["layers"]]
    [('', 'Sequential', 0), ('0', 'Linear', 9), ('1', 'ReLU', 0)]
    """
    if not isinstance(model, Module):
        raise TypeError(f"model: got {type(model).__name__}, needs an nn.Module")
    outputs = {} if example is None else _outputs(model, example)
    seen: set[int] = set()
    rows, total, trainable = [], 0, 0
    for name, module in model.named_modules():
        shapes, count = {}, 0
        for own, parameter in module.named_parameters(recurse=False):
            shapes[own] = list(parameter.shape)
            if id(parameter) in seen:
                continue
            seen.add(id(parameter))
            count += parameter.numel()
            trainable += parameter.numel() if parameter.requires_grad else 0
        total += count
        rows.append(
            {
                "name": name,
                "class": type(module).__name__,
                "about": module.extra_repr(),
                "shapes": shapes,
                "output": outputs.get(id(module), ""),
                "parameters": count,
            }
        )
    return {"layers": rows, "parameters": total, "trainable": trainable}


def _outputs(model: Module, example: Any) -> dict[int, str]:
    """What shape each module gave, by its id; of several calls the last."""
    found: dict[int, str] = {}

    def note(module: Module, _: Any, output: Any) -> None:
        found[id(module)] = _shape(output)

    handles = [module.register_forward_hook(note) for module in model.modules()]
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with no_grad():
            model(*(example if isinstance(example, tuple) else (example,)))
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes:
            module.training = training
    return found


def _shape(output: Any) -> str:
    if isinstance(output, Tensor):
        return str(list(output.shape))
    if isinstance(output, tuple | list):
        return ", ".join(filter(None, map(_shape, output)))
    if isinstance(output, dict):
        return ", ".join(f"{key}: {_shape(each)}" for key, each in output.items())
    return ""
