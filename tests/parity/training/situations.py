"""What is done to each layer: the same steps under Rushlight and PyTorch, results as NumPy.

A situation is a function (torch, row) -> what was seen: a dict of arrays and texts. An error is
seen too, by its class.
"""

from __future__ import annotations

import copy
import inspect
import io
import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

SEED = 11
Seen = dict[str, Any]


def resolved(torch: Any, value: Any) -> Any:
    """An argument: a function of the library is called with it."""
    return value(torch) if inspect.isfunction(value) else value


def build(torch: Any, row: Any, **more: Any) -> Any:
    """The module of a row, first numbers from the seed."""
    name, args, kwargs, _ = row
    torch.manual_seed(SEED)
    given = {key: resolved(torch, value) for key, value in kwargs.items()}
    return getattr(torch.nn, name)(*(resolved(torch, each) for each in args), **given, **more)


def inputs(torch: Any, row: Any, change: Callable[[Any], Any] = lambda x: x) -> list[Any]:
    """A row's inputs, changed, then wanting gradients where they are real numbers."""
    torch.manual_seed(SEED + 1)
    made = []
    for each in row[3]:
        plain = not callable(each)
        value = torch.randn(*each) if plain else each(torch)
        value = on_tensors(torch, value, change)
        if plain and isinstance(value, torch.Tensor) and value.is_floating_point():
            value = value.detach().requires_grad_()
        made.append(value)
    return made


def on_tensors(torch: Any, value: Any, change: Callable[[Any], Any]) -> Any:
    """``change`` applied to a tensor, or to each of a tuple."""
    if isinstance(value, torch.Tensor):
        return change(value)
    if type(value) is tuple:
        return tuple(on_tensors(torch, each, change) for each in value)
    return value


def leaves(torch: Any, value: Any) -> list[Any]:
    """The tensors of what a module returned."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, (tuple, list)):
        return [leaf for each in value for leaf in leaves(torch, each)]
    return []


def array(tensor: Any) -> Any:
    """A tensor's numbers with its dtype: bfloat16 widened."""
    if tensor is None:
        return None
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    kind = str(tensor.dtype)
    return kind, (tensor.float() if kind == "torch.bfloat16" else tensor).numpy().copy()


def weighed(outs: list[Any]) -> Any:
    """One number that depends on every output, each element with another weight."""
    total: Any = 0.0
    for out in outs:
        count = out.numel()
        weights = np.cos(np.arange(count) * 0.7 + 0.3).reshape(tuple(out.shape))
        total = total + (out * out.new_tensor(weights.tolist()).reshape(out.shape)).sum()
    return total


def forward_backward(torch: Any, module: Any, given: list[Any], seen: Seen) -> None:
    """Outputs, and gradients of inputs and parameters."""
    outs = leaves(torch, module(*given))
    for place, out in enumerate(outs):
        seen[f"out {place}"] = array(out)
        seen[f"stride {place}"] = str(out.stride()) if out.numel() else ""
    wanted = [out for out in outs if out.requires_grad]
    seen["wanting"] = [out.requires_grad for out in outs]
    if wanted:
        weighed(wanted).backward()
    for place, value in enumerate(given):
        for leaf in leaves(torch, value):
            if leaf.requires_grad and leaf.is_leaf:
                seen[f"grad of input {place}"] = array(leaf.grad)
    for key, parameter in module.named_parameters():
        seen[f"grad of {key}"] = array(parameter.grad)
    states(module, seen, "after ")
    seen["next draw"] = array(torch.rand(2))


def states(module: Any, seen: Seen, head: str = "") -> None:
    """Every entry of the state dict."""
    for key, value in module.state_dict().items():
        known = hasattr(value, "is_sparse") and "Uninitialized" not in type(value).__name__
        seen[f"{head}{key}"] = array(value) if known else type(value).__name__


def described(torch: Any, row: Any) -> Seen:
    """Printed form, names, first values, what is remembered about versions."""
    seen: Seen = {}
    module = build(torch, row)
    seen["repr"] = repr(module)
    seen["extra"] = module.extra_repr()
    states(module, seen)
    seen["metadata"] = repr(module.state_dict()._metadata)
    seen["parameters"] = [
        (key, str(value.dtype), list(value.shape), value.requires_grad, type(value).__name__)
        for key, value in module.named_parameters()
        if not torch.nn.parameter.is_lazy(value)
    ]
    seen["buffers"] = [key for key, _ in module.named_buffers()]
    seen["modules"] = [(key, type(value).__name__) for key, value in module.named_modules()]
    seen["public"] = [
        (key, repr(value)) for key, value in vars(module).items()
        if not key.startswith("_") and isinstance(value, (int, float, str, tuple, list, bool))
    ]  # fmt: skip
    seen["names"] = [
        key for key in vars(module) if not key.startswith("_") and key not in module._parameters
        and key not in module._buffers and key not in module._modules
    ]  # fmt: skip
    seen["constants"] = repr(getattr(module, "__constants__", None))
    seen["training"] = module.training
    module.apply(lambda each: each.reset_parameters() if hasattr(each, "reset_parameters") else 0)
    states(module, seen, "reset ")
    for way in (type(module).__init__, type(module).forward):
        seen[f"signature of {way.__name__}"] = signature(way)
    return seen


def signature(function: Any) -> list[tuple[str, str, str]]:
    """Names, kinds and defaults."""
    return [
        (p.name, str(p.kind), "" if p.default is p.empty else repr(p.default).split(" at 0x")[0])
        for p in inspect.signature(function).parameters.values()
    ]


def on(change: Callable[[Any, Any], Any], **more: Any) -> Callable[[Any, Any], Seen]:
    """Forward and backward with every input changed by ``change(torch, x)``."""

    def situation(torch: Any, row: Any) -> Seen:
        seen: Seen = {}
        module = build(torch, row, **more)
        given = inputs(torch, row, lambda x: change(torch, x))
        forward_backward(torch, module, given, seen)
        return seen

    return situation


def as_dtype(name: str) -> Callable[[Any, Any], Seen]:
    """The module and its inputs in another dtype."""

    def situation(torch: Any, row: Any) -> Seen:
        seen: Seen = {}
        dtype = getattr(torch, name)
        module = build(torch, row).to(dtype)
        given = inputs(torch, row, lambda x: x.to(dtype) if x.is_floating_point() else x)
        forward_backward(torch, module, given, seen)
        return seen

    return situation


def made_double(torch: Any, row: Any) -> Seen:
    """dtype and device at construction."""
    seen: Seen = {}
    module = build(torch, row, dtype=torch.float64, device="cpu")
    states(module, seen)
    given = inputs(torch, row, lambda x: x.double() if x.is_floating_point() else x)
    forward_backward(torch, module, given, seen)
    return seen


def evaluated(torch: Any, row: Any) -> Seen:
    """eval(): twice, the first with gradients, the second without."""
    seen: Seen = {}
    module = build(torch, row)
    given = inputs(torch, row)
    module(*given)
    module.eval()
    forward_backward(torch, module, given, seen)
    with torch.no_grad():
        for place, out in enumerate(leaves(torch, module(*given))):
            seen[f"no_grad {place}"] = array(out)
    with torch.inference_mode():
        for place, out in enumerate(leaves(torch, module(*given))):
            seen[f"inference {place}"] = array(out)
    return seen


def copied(torch: Any, row: Any) -> Seen:
    """deepcopy, pickle and torch.save give modules that go on alike and share nothing."""
    seen: Seen = {}
    module = build(torch, row)
    try:
        given = inputs(torch, row)
        module(*given)
    except NotImplementedError:
        given = []
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    for name, other in {
        "deepcopy": copy.deepcopy(module), "pickle": pickle.loads(pickle.dumps(module)),
        "saved": torch.load(file, weights_only=False),
    }.items():  # fmt: skip
        seen[f"{name} repr"] = repr(other)
        seen[f"{name} type"] = type(other).__name__
        mine = {p.data_ptr() for p in module.parameters() if p.numel()}
        seen[f"{name} shares"] = bool(mine & {p.data_ptr() for p in other.parameters()})
        if given:
            torch.manual_seed(4)
            for place, out in enumerate(leaves(torch, other(*given))):
                seen[f"{name} out {place}"] = array(out)
    return seen


def trained(torch: Any, row: Any) -> Seen:
    """20 steps of SGD with momentum, the inputs learn too; the state dict into a fresh module."""
    seen: Seen = {}
    module = build(torch, row)
    given = inputs(torch, row)
    module(*given)
    learning = [leaf for leaf in leaves(torch, tuple(given)) if leaf.requires_grad]
    learning = [leaf for leaf in learning if leaf.is_leaf] + list(module.parameters())
    optimizer = torch.optim.SGD(learning, lr=0.01, momentum=0.5)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        outs = [out for out in leaves(torch, module(*given)) if out.requires_grad]
        loss = sum((out * out).mean() for out in outs)
        loss.backward(retain_graph=True)
        optimizer.step()
        losses.append(loss.item())
    states(module, seen)
    seen["losses"] = ("torch.float32", np.array(losses))
    for place, leaf in enumerate(learning):
        seen[f"learned {place}"] = array(leaf)
    other = build(torch, row)
    seen["keys"] = repr(other.load_state_dict(module.state_dict()))
    states(other, seen, "loaded ")
    return seen


def noncontiguous(torch: Any, x: Any) -> Any:
    """The same numbers, every second element of a larger memory, axes turned."""
    if x.dim() < 2:
        return torch.stack([x, x], -1)[..., 0]
    turned = torch.stack([x, x], -1).transpose(0, x.dim() - 1).contiguous()
    return turned.transpose(0, x.dim() - 1)[..., 0]


def _float_only(change: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda torch, x: change(x) if x.is_floating_point() else x


def _channels_last(torch: Any, x: Any) -> Any:
    kinds = {4: "channels_last", 5: "channels_last_3d"}
    kind = kinds.get(x.dim())
    return x if kind is None else x.contiguous(memory_format=getattr(torch, kind))


SITUATIONS: dict[str, Callable[[Any, Any], Seen]] = {
    "described": described,
    "plain": on(lambda torch, x: x),
    "trained": trained,
    "evaluated": evaluated,
    "copied": copied,
    "double": as_dtype("float64"),
    "bfloat16": as_dtype("bfloat16"),
    "half": as_dtype("float16"),
    "complex": as_dtype("complex64"),
    "made double": made_double,
    "no argument": lambda torch, row: build(torch, row, nonsense=3),
    "noncontiguous": on(noncontiguous),
    "channels last": on(_channels_last),
    "empty batch": on(lambda torch, x: x[:0] if x.dim() else x),
    "one of the batch": on(lambda torch, x: x[:1] if x.dim() else x),
    "unbatched": on(lambda torch, x: x[0] if x.dim() else x),
    "second batch axis": on(lambda torch, x: x[None]),
    "flat": on(lambda torch, x: x.flatten()),
    "one short": on(lambda torch, x: x[..., :-1] if x.dim() else x),
    "nothing in the last axis": on(lambda torch, x: x[..., :0] if x.dim() else x),
    "whole numbers": on(_float_only(lambda x: x.long())),
    "wrong dtype": on(_float_only(lambda x: x.double())),
    "large": on(_float_only(lambda x: x * 30.0)),
    "not finite": on(_float_only(lambda x: (x.abs() > 1).to(x.dtype) / 0 * x)),
}


def look(torch: Any, row: Any, name: str) -> Seen:
    """What a situation showed, or its error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen = SITUATIONS[name](torch, row)
            if not isinstance(seen, dict):
                seen = {"made": type(seen).__name__}
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__[:-2]]
            seen = {"error": kinds, "message": str(error)}
    seen["warnings"] = [(each.category.__name__, str(each.message)[:60]) for each in caught]
    return seen
