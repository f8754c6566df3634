"""Hooks that see every parameter, buffer and child that any module is given."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rushlight.tensor.handle import RemovableHandle

Hooks = OrderedDict[int, Callable[..., Any]]

PARAMETER_HOOKS: Hooks = OrderedDict()
BUFFER_HOOKS: Hooks = OrderedDict()
MODULE_HOOKS: Hooks = OrderedDict()


def _add(hooks: Hooks, hook: Callable[..., Any]) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    return handle


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, parameter)`` whenever a module is given a parameter.

    What it returns, unless None, is kept in the parameter's place.

    >>> import rushlight as torch
    >>> hook = lambda module, name, parameter: print(name, tuple(parameter.shape))
    >>> handle = register_module_parameter_registration_hook(hook)
    >>> layer = torch.nn.Linear(2, 3)
    weight (3, 2)
    bias (3,)
    >>> handle.remove()
    """
    return _add(PARAMETER_HOOKS, hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, buffer)`` whenever a module is given a buffer (or None for it)."""
    return _add(BUFFER_HOOKS, hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, name, child)`` whenever a module is given a child (or None for it)."""
    return _add(MODULE_HOOKS, hook)


def after(hooks: Hooks, module: Any, name: str, value: Any) -> Any:
    """``value``, or what the hooks make of it."""
    for hook in hooks.values():
        changed = hook(module, name, value)
        if changed is not None:
            value = changed
    return value
