"""``torch.jit``: there is no TorchScript, and what is given to it stays as it is.

Every operation is compiled as it is recorded, so ``script`` and ``trace`` have nothing to add: they
return the function or module itself, which gives the same numbers. Files of scripted modules are
neither written nor read.
"""

from collections.abc import Callable
from typing import Any, Final

from rushlight.futures import Future

_WHY = (
    "torch.jit.{}: TorchScript is not part of Rushlight. Every operation is compiled as it is "
    "recorded: call the module or function as it is, and save its state_dict"
)


def _absent(name: str) -> Callable[..., Any]:
    def absent(*args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(_WHY.format(name))

    absent.__name__ = absent.__qualname__ = name
    absent.__doc__ = "Raises NotImplementedError."
    return absent


class TracerWarning(Warning):
    """What PyTorch warns with while it traces; filters may name it."""


_get_trace_graph = _absent("_get_trace_graph")


def _called(what: Any, name: str) -> Any:
    if not callable(what):
        raise TypeError(
            f"torch.jit.{name}: needs a function or a module, got {type(what).__name__}"
        )
    return what


def script(
    obj: Any,
    optimize: Any = None,
    _frames_up: int = 0,
    _rcb: Any = None,
    example_inputs: Any = None,
) -> Any:
    """The function, module or class itself: also as a decorator.

    >>> @script
    ... def double(x):
    ...     return x + x
    >>> double(2)
    4
    """
    return _called(obj, "script")


def trace(func: Any, example_inputs: Any = None, *args: Any, **kwargs: Any) -> Any:
    """The function or module itself. What it does may go on depending on values, unlike a trace."""
    return _called(func, "trace")


def freeze(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """The module itself. Raises RuntimeError if it is in training mode."""
    if _called(mod, "freeze").training:
        raise RuntimeError(
            "Freezing is currently only implemented for modules in eval mode. Please call .eval() "
            "on your module before freezing."
        )
    return mod


def optimize_for_inference(mod: Any, *args: Any, **kwargs: Any) -> Any:
    """The module itself."""
    return _called(mod, "optimize_for_inference")


trace_module, load, save = _absent("trace_module"), _absent("load"), _absent("save")


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


def _overload(func: Any) -> Any:
    """The function itself: the last one of a name is the one that is called."""
    return func


_overload_method = _overload


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The function itself; also with arguments, as a decorator."""
    return drop if callable(drop) else _same


def unused(fn: Any) -> Any:
    """The function itself."""
    return fn


def fork(func: Callable[..., Any], *args: Any, **kwargs: Any) -> Future[Any]:
    """``func(*args, **kwargs)``, called now, as a Future: so does PyTorch outside of scripts."""
    made: Future[Any] = Future()
    made.set_result(func(*args, **kwargs))
    return made


def wait(future: Future[Any]) -> Any:
    """What a Future holds, once it is there."""
    return future.wait()


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value."""
    return the_value


def isinstance(obj: Any, target_type: Any) -> bool:
    """Whether ``obj`` is an instance of a class, or of one of several."""
    return issubclass(type(obj), target_type)


__all__ = [
    "Final", "ScriptFunction", "ScriptModule", "annotate", "export", "fork", "freeze", "ignore",
    "interface", "is_scripting", "is_tracing", "isinstance", "load", "optimize_for_inference",
    "save", "script", "script_if_tracing", "script_method", "trace", "trace_module", "unused",
    "wait",
]  # fmt: skip
