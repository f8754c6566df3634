"""``torch.compile``: every step is compiled anyway, so it only checks and wraps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight._dynamo.exc import InvalidBackend
from rushlight.base.warn import warn_once
from rushlight.compiler.backends import MODES, list_backends
from rushlight.nn.modules.module import Module


class OptimizedModule(Module):
    """What ``torch.compile(module)`` gives: the module under the name ``_orig_mod``.

    Attributes are the module's own, read and written; names in ``state_dict()`` begin with
    ``_orig_mod.``; hooks on this one run around the module's.

    >>> import rushlight as torch
    >>> compiled = torch.compile(torch.nn.Linear(2, 3))
    >>> compiled.in_features, list(compiled.state_dict())
    (2, ['_orig_mod.weight', '_orig_mod.bias'])
    """

    def __init__(self, mod: Module, dynamo_ctx: Any = None) -> None:
        super().__init__()
        self._modules["_orig_mod"] = mod

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module does."""
        return self._orig_mod(*args, **kwargs)

    @property
    def training(self) -> bool:
        """The module's mode."""
        return bool(self._orig_mod.training)

    @training.setter
    def training(self, value: bool) -> None:
        self._orig_mod.training = value

    def __getattr__(self, name: str) -> Any:
        if name == "_orig_mod":
            modules = self.__dict__.get("_modules", {})
            if name not in modules:  # not there yet, while a copy is made
                raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
            return modules[name]
        return getattr(self._orig_mod, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in self.__dict__ or hasattr(type(self), name):
            super().__setattr__(name, value)
        else:
            setattr(self._orig_mod, name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self._orig_mod, name)

    def __len__(self) -> int:
        if hasattr(self._orig_mod, "__len__"):
            return len(self._orig_mod)
        raise TypeError(f"{type(self._orig_mod).__name__} does not support len()")

    def __bool__(self) -> bool:
        return True

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *dir(self._orig_mod)})

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._orig_mod,)


def compile(
    model: Callable[..., Any] | None = None, *, fullgraph: bool = False,
    dynamic: bool | None = None, backend: Any = None, mode: str | None = None,
    options: Any = None, name: str | None = None, disable: bool = False,
    recompile_limit: int | None = None, isolate_recompiles: bool = False,
) -> Any:  # fmt: skip
    """A module wrapped as :class:`OptimizedModule`, a function itself. Also a decorator.

    The backends and modes of PyTorch are known by name (RuntimeError for others) and mean the
    same here; a backend that is a function is not called, there is no graph of Python's to give,
    and a warning says so.
    """
    if mode is not None and options is not None:
        raise RuntimeError(
            "Either mode or options can be specified, but both can't be specified at the same time."
        )
    if mode is not None and backend in (None, "inductor") and mode not in MODES:
        raise RuntimeError(f"Unrecognized mode={mode}, should be one of: {', '.join(MODES)}")
    if isinstance(backend, str) and backend not in list_backends(()):
        raise InvalidBackend(backend)
    if callable(backend):
        warn_once(
            f"torch.compile: the backend {getattr(backend, '__name__', backend)!r} is not called: "
            "steps are compiled as they run. torch.fx.symbolic_trace gives a graph to work on"
        )
    if model is None:
        return lambda function: compile(function, disable=disable)
    if not callable(model):
        raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")
    if disable or not isinstance(model, Module) or isinstance(model, OptimizedModule):
        return model
    return OptimizedModule(model)
