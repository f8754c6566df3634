"""What can be recorded, and what a profile does in a step: PyTorch's enumerations."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum

from rushlight.base.warn import warn


class ProfilerActivity(Enum):
    """Where the work is done. CPU is what there is here; others are accepted, and empty."""

    CPU = 0
    XPU = 1
    MTIA = 2
    CUDA = 3
    HPU = 4
    PrivateUse1 = 5


class DeviceType(Enum):
    """The kind of device an event belongs to: always CPU."""

    CPU = 0
    CUDA = 1


class ProfilerAction(Enum):
    """What a profile does in one step."""

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What this machine's profile holds: the CPU."""
    return {ProfilerActivity.CPU}


def kineto_available() -> bool:
    """True: programs ask before they profile. (The profiler is our own, in Python.)"""
    return True


def schedule(
    *,
    wait: int,
    warmup: int,
    active: int,
    repeat: int = 0,
    skip_first: int = 0,
    skip_first_wait: int = 0,
) -> Callable[[int], ProfilerAction]:
    """After ``skip_first`` steps, cycles of ``wait``, ``warmup`` and ``active`` steps.

    ``repeat`` cycles, or without end where it is 0. With ``skip_first_wait`` the first cycle does
    not wait. AssertionError where a number is negative, or ``active`` is 0.

    >>> plan = schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"Invalid profiler schedule arguments. Got wait={wait} (need >= 0), warmup={warmup} "
            f"(need >= 0), active={active} (need > 0), repeat={repeat} (need >= 0), "
            f"skip_first={skip_first} (need >= 0)."
        )
    if warmup == 0:
        warn("Profiler won't be using warmup, this can skew profiler results")

    def action(step: int) -> ProfilerAction:
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        place = step - skip_first
        if place < 0:
            return ProfilerAction.NONE
        if skip_first_wait:
            place += wait
        cycle, place = divmod(place, wait + warmup + active)
        if (repeat and cycle >= repeat) or place < wait:
            return ProfilerAction.NONE
        if place < wait + warmup:
            return ProfilerAction.WARMUP
        last = place == wait + warmup + active - 1
        return ProfilerAction.RECORD_AND_SAVE if last else ProfilerAction.RECORD

    return action
