"""What is around every optimiser's ``step``: hooks, and the flushes that carry it out.

Forward pass, backward pass and update run as one plan, made when the update has been recorded. Of a
long trace the update is a plan of its own: that of the second step differs from the first one's
(there is momentum now), and making the plan of all the rest once more would take a large network
half a second, where one more flush costs some ten microseconds.
"""

from __future__ import annotations

import functools
from collections import OrderedDict
from collections.abc import Callable
from itertools import chain
from typing import Any

from rushlight.base.hot import hot
from rushlight.engine.flush import flush
from rushlight.engine.trace import local
from rushlight.nn.modules.hooks import RemovableHandle

LONG = 256  # results and arrays of a trace

_global_pre_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()
_global_post_hooks: OrderedDict[int, Callable[..., Any]] = OrderedDict()


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(optimizer, args, kwargs)`` before the step of every optimizer."""
    handle = RemovableHandle(_global_pre_hooks)
    _global_pre_hooks[handle.id] = hook
    return handle


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(optimizer, args, kwargs)`` after the step of every optimizer."""
    handle = RemovableHandle(_global_post_hooks)
    _global_post_hooks[handle.id] = hook
    return handle


def with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """``step`` of a class, with hooks around it and its arithmetic carried out at its end."""

    @functools.wraps(step)
    @hot
    def hooked(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _global_pre_hooks or self._optimizer_step_pre_hooks:
            hooks = chain(_global_pre_hooks.values(), self._optimizer_step_pre_hooks.values())
            for hook in list(hooks):
                changed = hook(self, (self, *args), kwargs)
                if changed is not None:
                    if not isinstance(changed, tuple) or len(changed) != 2:
                        raise RuntimeError(
                            f"{step} must return None or a tuple of (new_args, new_kwargs), but "
                            f"got {changed}."
                        )
                    args, kwargs = changed[0][1:], changed[1]
        self._opt_called = True
        if local.trace.step.count > LONG:
            flush(over=True)
        result = step(self, *args, **kwargs)
        flush(over=True)
        if _global_post_hooks or self._optimizer_step_post_hooks:
            hooks = chain(self._optimizer_step_post_hooks.values(), _global_post_hooks.values())
            for hook in list(hooks):
                hook(self, (self, *args), kwargs)
        return result

    hooked.hooked = True  # type: ignore[attr-defined]
    # lr_scheduler looks for this to see whether somebody put another step in its place
    hooked._wrapped_by_lr_sched = True  # type: ignore[attr-defined]
    return hooked
