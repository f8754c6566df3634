"""Gradient modes: whether operations are recorded for the backward pass; per thread."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from rushlight.engine.flush import flush
from rushlight.engine.trace import local


class _Mode:
    """A context manager that is a decorator too, for functions and generators."""

    def __enter__(self) -> Any:
        raise NotImplementedError

    def __exit__(self, *details: object) -> None:
        raise NotImplementedError

    def clone(self) -> _Mode:
        return type(self)()

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        if inspect.isclass(function):
            function.__init__ = self(function.__init__)  # type: ignore[misc]
            return function
        if inspect.isgeneratorfunction(function):
            return self._generator(function)

        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return wrapped

    def _generator(self, function: Callable[..., Any]) -> Callable[..., Any]:
        # The mode holds only while the generator itself runs, not while its user does.
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            sent: Any = None
            while True:
                try:
                    with self.clone():
                        item = generator.send(sent)
                except StopIteration as end:
                    return end.value
                sent = yield item

        return wrapped


class _Switch(_Mode):
    _wanted = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        # ``@torch.no_grad`` without parentheses decorates as well.
        made = super().__new__(cls)
        return made if function is None else made(function)

    def __enter__(self) -> None:
        trace = local.trace
        self._before = trace.grad
        trace.grad = self._wanted

    def __exit__(self, *details: object) -> None:
        local.trace.grad = self._before


class no_grad(_Switch):
    """Inside, nothing is recorded for the backward pass.

    >>> import rushlight as torch
    >>> x = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     print((x * 2).requires_grad)
    False
    """


class enable_grad(_Switch):
    """Inside, operations are recorded for the backward pass again."""

    _wanted = True


class set_grad_enabled(_Mode):
    """Switch recording on or off, at once; as a context manager, until its end."""

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)
        self._before = local.trace.grad
        local.trace.grad = self._mode

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        local.trace.grad = self._before
        return super().__call__(function)

    def clone(self) -> set_grad_enabled:
        return set_grad_enabled(self._mode)

    def __enter__(self) -> None:
        local.trace.grad = self._mode

    def __exit__(self, *details: object) -> None:
        local.trace.grad = self._before


class inference_mode(_Mode):
    """As no_grad; besides, no gradient can ever be computed through the tensors made inside.

    They are refused where a backward pass would need them, and where they are written to later.

    >>> import rushlight as torch
    >>> with torch.inference_mode():
    ...     x = torch.ones(2) * 2
    >>> x.is_inference(), x.clone().is_inference()
    (True, False)
    """

    def __new__(cls, mode: Any = True) -> Any:
        made = super().__new__(cls)
        if callable(mode):
            made.__init__(True)  # type: ignore[misc]
            return made(mode)
        return made

    def __init__(self, mode: Any = True) -> None:
        self._mode = mode if isinstance(mode, bool) else True

    def clone(self) -> inference_mode:
        return inference_mode(self._mode)  # type: ignore[no-any-return]

    def __enter__(self) -> None:
        trace = local.trace
        flush(trace)  # a flush says of all that it computes whether it was made inside
        self._state = (trace.grad, trace.inference)
        if self._mode:
            trace.grad, trace.inference = False, True
        else:
            trace.grad, trace.inference = True, False

    def __exit__(self, *details: object) -> None:
        trace = local.trace
        try:
            flush(trace)
        finally:
            trace.grad, trace.inference = self._state


class set_multithreading_enabled(_Mode):
    """Accepted: a backward pass is one plan, whose threads ``set_num_threads`` counts."""

    def __init__(self, mode: bool) -> None:
        self._mode = bool(mode)

    def clone(self) -> set_multithreading_enabled:
        return set_multithreading_enabled(self._mode)

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(self, *details: object) -> None:
        """Nothing to undo."""


def is_grad_enabled() -> bool:
    """Whether operations are recorded for the backward pass."""
    return local.trace.grad


def is_inference_mode_enabled() -> bool:
    """Whether this is inside ``inference_mode``."""
    return local.trace.inference
