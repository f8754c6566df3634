"""What is other than usual while something is traced: who hears of calls and parameters."""

from __future__ import annotations

import builtins
import functools
import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

import rushlight as torch
from rushlight.fx.names import snake_case
from rushlight.fx.proxy import AS_GIVEN, Proxy, proxies_in, spelled_out
from rushlight.nn import Module, Parameter
from rushlight.nn import functional as nn_functional

if TYPE_CHECKING:
    from rushlight.fx.tracer import Tracer

# Functions that tracing leaves whole: (the globals they are called from, their name).
_wrapped: list[tuple[dict[str, Any], str]] = []


def wrap(fn_or_name: Any) -> Any:
    """Tracing leaves this function of the calling module whole; called at the module's top.

    Raises RuntimeError for what is neither a function nor a name, and inside a function.
    """
    if not callable(fn_or_name) and not isinstance(fn_or_name, str):
        raise RuntimeError(
            f"Unsupported type {type(fn_or_name).__name__} for global function! Must be either a "
            "callable or the string name of a function"
        )
    caller = sys._getframe(1)
    if caller.f_code.co_name != "<module>":
        raise NotImplementedError("wrap must be called at the top level of a module")
    name = fn_or_name if isinstance(fn_or_name, str) else fn_or_name.__name__
    _wrapped.append((caller.f_globals, name))
    return fn_or_name


@contextmanager
def patched(tracer: Tracer, function: Any) -> Iterator[None]:
    """While it lasts, the tracer hears of modules that are called and parameters that are read."""
    usual_call, usual_get = Module.__call__, Module.__getattribute__

    def call(mod: Module, *args: Any, **kwargs: Any) -> Any:
        def forward(*args: Any, **kwargs: Any) -> Any:
            return usual_call(mod, *args, **kwargs)

        return tracer.call_module(mod, forward, args, kwargs)

    def get(mod: Module, name: str) -> Any:
        value = usual_get(mod, name)
        return tracer.parameter(value) if isinstance(value, Parameter) else value

    undo: list[Callable[[], None]] = []
    for space in _SPACES:
        undo.append(functools.partial(setattr, space, "__class__", type(space)))
        space.__class__ = _Hearing
    for names, name in [*_wrapped, *_autowrapped(tracer, function)]:
        original = names.get(name, getattr(builtins, name, None))
        if original is not None:
            undo.append(functools.partial(_restore, names, name, original, name in names))
            names[name] = _recording(original)
    Module.__call__ = call  # type: ignore[method-assign]
    Module.__getattribute__ = get  # type: ignore[method-assign, assignment]
    try:
        yield
    finally:
        del Module.__call__
        del Module.__getattribute__
        for each in reversed(undo):
            each()


def _restore(names: dict[str, Any], name: str, original: Any, there: bool) -> None:
    if there:
        names[name] = original
    else:
        del names[name]


def _autowrapped(tracer: Tracer, function: Any) -> list[tuple[dict[str, Any], str]]:
    """Where the functions that this tracer leaves whole are called from."""
    spaces = [vars(module) for module in tracer.autowrap_modules]
    wanted = {id(each) for each in tracer.autowrap_functions}
    wanted |= {id(each) for space in spaces for each in space.values() if callable(each)}
    names = getattr(inspect.unwrap(function), "__globals__", {})
    found = [(names, name) for name, value in names.items() if id(value) in wanted]
    return found + [
        (space, name)
        for space in spaces
        for name, value in space.items()
        if isinstance(value, FunctionType) and not name.startswith("_")
    ]


class _Hearing(ModuleType):
    """A module of functions while something is traced: they are noted as they were called."""

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if isinstance(value, FunctionType) and name[0] != "_" and name not in _ANSWERED:
            return _heard(value, self is nn_functional and name not in AS_GIVEN)
        return value


_SPACES = (torch, nn_functional)
# Questions about a value's kind, which a proxy answers as no tensor.
_ANSWERED = frozenset(("is_tensor", "is_storage", "typename", "tensor", "as_tensor", "compile"))


@functools.cache
def _heard(original: Callable[..., Any], spelled: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def heard(*args: Any, **kwargs: Any) -> Any:
        if proxies_in((args, kwargs)):
            if spelled:
                args, kwargs = spelled_out(original, args, kwargs)
            return Proxy.__torch_function__(original, (), args, kwargs)
        return original(*args, **kwargs)

    return heard


def _recording(original: Callable[..., Any]) -> Callable[..., Any]:
    """``original``, noted as one step where it is given a proxy."""

    @functools.wraps(original)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        found = proxies_in((args, kwargs))
        if not found:
            return original(*args, **kwargs)
        name = snake_case(original.__name__)
        return found[0].tracer.create_proxy("call_function", original, args, kwargs, name=name)

    return recorded
