"""``torch.profiler``: where the time goes.

READ FIRST: recorder.py (what is written down, and how it costs nothing while nobody profiles),
event_list.py (what becomes of it). ``kernels.KernelTimes`` is the cheap part: times by kernel.
"""

from rushlight.autograd.profiler import record_function
from rushlight.profiler.activity import (
    DeviceType,
    ProfilerAction,
    ProfilerActivity,
    kineto_available,
    schedule,
    supported_activities,
)
from rushlight.profiler.kernels import KernelRow, KernelTimes
from rushlight.profiler.profile import profile, tensorboard_trace_handler

__all__ = [
    "DeviceType", "KernelRow", "KernelTimes", "ProfilerAction", "ProfilerActivity",
    "kineto_available", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]  # fmt: skip
