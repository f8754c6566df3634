"""Events: one for each call, plan and kernel, and their sums by name. Times are microseconds."""

from __future__ import annotations

from typing import Any, NamedTuple

from rushlight.profiler.activity import DeviceType


class Interval(NamedTuple):
    """From ``start`` to ``end``, in microseconds since the profile began."""

    start: float
    end: float

    def elapsed_us(self) -> float:
        """How long it took."""
        return self.end - self.start


def form_time(microseconds: float, unit: str | None = None) -> str:
    """A time as PyTorch's tables write it.

    >>> form_time(1.5), form_time(2500), form_time(3e6), form_time(49.0, "ms")
    ('1.500us', '2.500ms', '3.000s', '0.049ms')
    """
    scales = {"s": 1e6, "ms": 1e3, "us": 1.0}
    if unit is None:
        unit = next((each for each in scales if microseconds >= scales[each]), "us")
    if unit not in scales:
        raise ValueError(f"time_unit must be 's', 'ms' or 'us', not {unit!r}")
    return f"{microseconds / scales[unit]:.3f}{unit}"


class _Times:
    """What events and sums of events have in common."""

    count: int
    cpu_time_total: float
    self_cpu_time_total: float

    # There is no other device; these are asked for by name all the same.
    use_device = None
    device_type = DeviceType.CPU
    device_time_total = self_device_time_total = device_time = 0.0
    cuda_time_total = self_cuda_time_total = cuda_time = 0.0
    device_memory_usage = self_device_memory_usage = 0
    is_async = is_remote = is_legacy = False
    node_id = -1
    overload_name = ""

    @property
    def cpu_time(self) -> float:
        """The mean of a call."""
        return self.cpu_time_total / self.count if self.count else 0.0

    @property
    def cpu_time_str(self) -> str:
        return form_time(self.cpu_time)

    @property
    def cpu_time_total_str(self) -> str:
        return form_time(self.cpu_time_total)

    @property
    def self_cpu_time_total_str(self) -> str:
        return form_time(self.self_cpu_time_total)


class FunctionEvent(_Times):
    """One call, with those inside it as ``cpu_children``.

    ``flops`` and ``bytes`` are a kernel's arithmetic operations and the bytes it reads and writes.
    """

    count = 1

    def __init__(
        self,
        id: int,
        name: str,
        thread: int,
        start_us: float,
        end_us: float,
        *,
        kind: str = "op",
        input_shapes: list[Any] | None = None,
        concrete_inputs: list[Any] | None = None,
        stack: tuple[str, ...] = (),
        memory: int = 0,
        flops: int = 0,
        bytes: int = 0,
    ) -> None:
        self.id = id
        self.name = self.trace_name = name
        self.thread = thread
        self.fwd_thread: int | None = None
        self.time_range = Interval(start_us, end_us)
        self.kind = kind  # op, annotation, plan, kernel or compile
        self.is_user_annotation = kind == "annotation"
        self.input_shapes = [] if input_shapes is None else input_shapes
        self.concrete_inputs = [] if concrete_inputs is None else concrete_inputs
        self.kwinputs: dict[str, Any] = {}
        self.stack = list(stack)
        self.self_cpu_memory_usage = memory
        self.flops = flops
        self.bytes = bytes
        self.scope = 7 if self.is_user_annotation else 0
        self.sequence_nr = -1
        self.device_index = 0
        self.kernels: list[Any] = []
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []

    def append_cpu_child(self, child: FunctionEvent) -> None:
        """``child`` happened inside this call."""
        self.cpu_children.append(child)
        child.cpu_parent = self

    @property
    def key(self) -> str:
        """What it is summed up under: all steps of a profile are one."""
        return "ProfilerStep*" if self.name.startswith("ProfilerStep#") else self.name

    @property
    def cpu_time_total(self) -> float:  # type: ignore[override]
        return self.time_range.elapsed_us()

    @property
    def self_cpu_time_total(self) -> float:  # type: ignore[override]
        return self.cpu_time_total - sum(each.cpu_time_total for each in self.cpu_children)

    @property
    def cpu_memory_usage(self) -> int:
        """Bytes that were taken for results, in here and inside."""
        return self.self_cpu_memory_usage + sum(c.cpu_memory_usage for c in self.cpu_children)

    def __repr__(self) -> str:
        return (
            f"<FunctionEvent id={self.id} name={self.name} node_id=-1 cpu_time={self.cpu_time_str} "
            f"start_us={self.time_range.start:.3f} end_us={self.time_range.end:.3f} "
            f"cpu_children={[child.id for child in self.cpu_children]} thread={self.thread} "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage}>"
        )


class FunctionEventAvg(_Times):
    """All events of one key, added up."""

    def __init__(self) -> None:
        self.key: str | None = None
        self.count = 0
        self.kind = "op"
        self.is_user_annotation = False
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.cpu_memory_usage = self.self_cpu_memory_usage = 0
        self.flops = self.bytes = 0
        self.least_us = 0.0  # what the machine would need: see roofline.py
        self.input_shapes: Any = []
        self.stack: list[str] = []
        self.scope = 0
        self.cpu_parent: FunctionEvent | None = None
        self.cpu_children: list[FunctionEvent] = []

    def add(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        """Add an event, or another sum, of the same key. Returns this one."""
        if self.key is None:
            self.key, self.kind, self.scope = other.key, other.kind, other.scope
            self.is_user_annotation = other.is_user_annotation
            self.input_shapes, self.stack = other.input_shapes, other.stack
            self.cpu_parent, self.cpu_children = other.cpu_parent, other.cpu_children
        elif other.key != self.key:
            raise AssertionError(f"an event of {other.key!r} cannot be added to {self.key!r}")
        inside = isinstance(other, FunctionEvent) and _inside_its_like(other)
        if not inside:  # what a call of the same name counts already
            self.cpu_time_total += other.cpu_time_total
            self.cpu_memory_usage += other.cpu_memory_usage
        self.self_cpu_time_total += other.self_cpu_time_total
        self.self_cpu_memory_usage += other.self_cpu_memory_usage
        self.flops += other.flops
        self.bytes += other.bytes
        self.count += other.count
        return self

    def __iadd__(self, other: FunctionEvent | FunctionEventAvg) -> FunctionEventAvg:
        return self.add(other)

    def __repr__(self) -> str:
        return (
            f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} "
            f"cpu_time={self.cpu_time_str}  self_cuda_time=0.000us cuda_time=0.000us "
            f"input_shapes={self.input_shapes} cpu_memory_usage={self.cpu_memory_usage} "
            "cuda_memory_usage=0>"
        )


def _inside_its_like(event: FunctionEvent) -> bool:
    parent = event.cpu_parent
    while parent is not None:
        if parent.name == event.name:
            return True
        parent = parent.cpu_parent
    return False
