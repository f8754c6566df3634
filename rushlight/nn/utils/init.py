"""torch.nn.utils.skip_init: a module without the work of drawing its first values."""

from __future__ import annotations

import inspect
from typing import Any

from rushlight.nn.modules.module import Module
from rushlight.tensor import get_rng_state, set_rng_state

__all__ = ["skip_init"]


def skip_init(module_cls: Any, *args: Any, **kwargs: Any) -> Any:
    """``module_cls(*args, **kwargs)`` with parameters of arbitrary values; nothing is drawn.

    Raises RuntimeError for classes that are no Module or take no ``device``.
    """
    if not issubclass(module_cls, Module):
        raise RuntimeError(f"Expected a Module; got {module_cls}")
    if "device" not in inspect.signature(module_cls).parameters:
        raise RuntimeError("Module must support a 'device' arg to skip initialization")
    state = get_rng_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        set_rng_state(state)
