"""torch.utils.benchmark: how long a statement takes."""

from __future__ import annotations

from typing import Any

from rushlight.utils.benchmark.measurement import Measurement, TaskSpec, select_unit
from rushlight.utils.benchmark.timer import Timer, set_torch_threads, timer

__all__ = ["Measurement", "TaskSpec", "Timer", "select_unit", "set_torch_threads", "timer"]

_ABSENT = (
    "CallgrindStats",
    "Compare",
    "FunctionCounts",
    "FuzzedParameter",
    "FuzzedTensor",
    "Fuzzer",
)


def __getattr__(name: str) -> Any:
    if name in _ABSENT:
        raise NotImplementedError(f"torch.utils.benchmark.{name} is not in Rushlight")
    raise AttributeError(f"module 'torch.utils.benchmark' has no attribute '{name}'")
