"""torch.nn.utils.stateless.functional_call: a module run with other parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rushlight.base.warn import warn
from rushlight.tensor import Tensor

__all__ = ["functional_call"]


def _tied_names(module: Any) -> dict[str, set[str]]:
    """For each name all names of the same tensor."""
    by_tensor: dict[int, set[str]] = {}
    named = [
        *module.named_parameters(remove_duplicate=False),
        *module.named_buffers(remove_duplicate=False),
    ]
    for name, tensor in named:
        by_tensor.setdefault(id(tensor), set()).add(name)
    return {name: names for names in by_tensor.values() for name in names}


def _with_tied(module: Any, given: dict[str, Any]) -> dict[str, Any]:
    tied = _tied_names(module)
    result = dict(given)
    for name, value in given.items():
        for other in tied.get(name, ()):
            if other in given and given[other] is not value:
                raise ValueError(
                    f"functional_call got multiple values for keys {sorted((name, other))}, which "
                    "are tied. Consider using tie_weights=False"
                )
            result[other] = value
    return result


def _owner(module: Any, path: str) -> tuple[Any, str]:
    *places, name = path.split(".")
    for place in places:
        module = getattr(module, place)
    return module, name


@contextmanager
def _swapped(module: Any, values: dict[str, Any], strict: bool) -> Iterator[None]:
    """Inside, the named parameters and buffers are ``values``; what is read is these."""
    known = {name for name, _ in module.named_parameters(remove_duplicate=False)}
    known |= {name for name, _ in module.named_buffers(remove_duplicate=False)}
    unexpected = sorted(name for name in values if name not in known)
    missing = sorted(name for name in known if name not in values)
    if strict and (unexpected or missing):
        text = f"Error(s) in reparametrizing for {type(module).__name__}:"
        for what, names in (("Unexpected", unexpected), ("Missing", missing)):
            if names:
                quoted = ", ".join(f"'{name}'" for name in names)
                text += f"\n\t{what} key(s): {quoted}."
        raise RuntimeError(text)
    before: list[tuple[Any, str, Any]] = []
    try:
        for path in known & values.keys():
            owner, name = _owner(module, path)
            registry = owner._parameters if name in owner._parameters else owner._buffers
            before.append((registry, name, registry[name]))
            registry[name] = values[path]
        yield
    finally:
        for registry, name, value in reversed(before):
            registry[name] = value


def functional_call(
    module: Any, parameters_and_buffers: Mapping[str, Tensor], args: Any = None,
    kwargs: dict[str, Any] | None = None, *, tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """``module(*args, **kwargs)`` with these parameters and buffers; the module keeps its own.

    ``tie_weights``: what is given for one name of a shared tensor holds for all its names.
    ``strict``: exactly the module's names must be given.
    """
    warn(
        "`torch.nn.utils.stateless.functional_call` is deprecated as of PyTorch 2.0 and will be "
        "removed in a future version of PyTorch. Please use `torch.func.functional_call` instead "
        "which is a drop-in replacement.",
        FutureWarning,
    )
    return call_with(module, parameters_and_buffers, args, kwargs, tie_weights, strict)


def call_with(
    module: Any, values: Mapping[str, Any], args: Any, kwargs: dict[str, Any] | None,
    tie_weights: bool, strict: bool,
) -> Any:  # fmt: skip
    """What torch.func.functional_call does."""
    given = _with_tied(module, dict(values)) if tie_weights else dict(values)
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    with _swapped(module, given, strict):
        return module(*positional, **(kwargs or {}))
