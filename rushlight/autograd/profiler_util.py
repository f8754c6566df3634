"""``torch.autograd.profiler_util``: the classes of events, at home in rushlight.profiler."""

from __future__ import annotations

import importlib
from typing import Any

_ELSEWHERE = {
    "EventList": "event_list", "FunctionEvent": "events", "FunctionEventAvg": "events",
    "Interval": "events",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _ELSEWHERE:
        raise AttributeError(f"module 'torch.autograd.profiler_util' has no attribute '{name}'")
    return getattr(importlib.import_module(f"rushlight.profiler.{_ELSEWHERE[name]}"), name)
