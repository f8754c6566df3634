"""``torch.autograd.profiler``: named ranges; ``profile`` is at home in rushlight.profiler."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable
from typing import Any

from rushlight.base import spans

_ELSEWHERE = {
    "profile": "rushlight.profiler.range",
    "EventList": "rushlight.profiler.event_list",
    "FunctionEvent": "rushlight.profiler.events",
    "kineto_available": "rushlight.profiler.activity",
}


class record_function:
    """A named range of the program, as a context manager or decorator.

    While a profile records, the range is one of its events; otherwise it does nothing.

    >>> import rushlight as torch
    >>> with torch.profiler.profile() as prof, record_function("mine"):
    ...     y = torch.ones(2) + 1
    >>> [event.name for event in prof.events()][0]
    'mine'
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name
        self.args = args
        self._open: list[spans.Token] = []

    def __enter__(self) -> record_function:
        self._open.append(spans.enter(self.name))
        return self

    def __exit__(self, *details: object) -> None:
        spans.leave(self._open.pop())

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with record_function(self.name, self.args):
                return function(*args, **kwargs)

        return wrapped


class emit_nvtx:
    """Ranges for NVIDIA's profiler: entering it raises as in PyTorch's CPU build."""

    def __init__(self, enabled: bool = True, record_shapes: bool = False) -> None:
        self.enabled = enabled

    def __enter__(self) -> emit_nvtx:
        if self.enabled:
            raise AssertionError("Torch not compiled with CUDA enabled")
        return self

    def __exit__(self, *details: object) -> None:
        pass


def __getattr__(name: str) -> Any:
    """What stands on top of everything that it measures is imported when it is asked for."""
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'torch.autograd.profiler' has no attribute '{name}'")
    found = globals()[name] = getattr(importlib.import_module(_ELSEWHERE[name]), name)
    return found


__all__ = [
    "EventList", "FunctionEvent", "emit_nvtx", "kineto_available", "profile", "record_function",  # noqa: F822
]  # fmt: skip
