"""``torch.jit``: TorchScript is not here; what only marks functions for it does nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

_WHY = (
    "torch.jit.{}: TorchScript is not part of Rushlight. Every operation is compiled as it is "
    "recorded: call the module or function as it is"
)


def _absent(name: str) -> Callable[..., Any]:
    def absent(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(_WHY.format(name))

    absent.__name__ = absent.__qualname__ = name
    absent.__doc__ = "Raises NotImplementedError."
    return absent


script, trace, trace_module = _absent("script"), _absent("trace"), _absent("trace_module")
load, save, freeze = _absent("load"), _absent("save"), _absent("freeze")
optimize_for_inference = _absent("optimize_for_inference")


class ScriptModule:
    """Nothing is an instance of this."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(_WHY.format("ScriptModule"))


class ScriptFunction(ScriptModule):
    """Nothing is an instance of this."""


def is_scripting() -> bool:
    """Never."""
    return False


def is_tracing() -> bool:
    """Never."""
    return False


def _same(function: Any) -> Any:
    return function


export = _same
script_if_tracing = _same
script_method = _same
interface = _same


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself; also with arguments, as a decorator."""
    return drop if callable(drop) else _same


def unused(fn: Any) -> Any:
    """The function itself."""
    return fn


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether ``obj`` is an instance of a class, or of one of several."""
    return issubclass(type(obj), target_type)


__all__ = [
    "Final", "ScriptFunction", "ScriptModule", "annotate", "export", "freeze", "ignore",
    "interface", "is_scripting", "is_tracing", "isinstance", "load", "optimize_for_inference",
    "save", "script", "script_if_tracing", "script_method", "trace", "trace_module", "unused",
]  # fmt: skip
