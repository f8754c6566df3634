"""Streams, events and the current device: nothing of it is there, and ``with`` takes None."""

from __future__ import annotations

from typing import Any


class _Absent:
    """What cannot be made without CUDA; nothing is an instance of it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        raise RuntimeError(
            f"torch.cuda.{type(self).__name__} requires CUDA support: Rushlight computes on the "
            "CPU; ask torch.cuda.is_available() first"
        )


class Stream(_Absent):
    """A queue of work on a CUDA device."""


class ExternalStream(Stream):
    """A queue that another library made."""


class Event(_Absent):
    """A mark in a stream. Time a program here with ``time.perf_counter`` around ``.item()``."""


class CUDAGraph(_Absent):
    """A recorded sequence of kernels. Plans are recorded and replayed here by themselves."""


class graph(_Absent):
    """Records a ``CUDAGraph``."""


class StreamContext:
    """``with torch.cuda.stream(None)``: nothing happens, as in PyTorch without CUDA."""

    def __init__(self, stream: Any) -> None:
        self.stream = stream

    def __enter__(self) -> None:
        return None

    def __exit__(self, *exception: object) -> None:
        return None


def stream(stream: Any) -> StreamContext:
    """The context of a stream; None, without CUDA."""
    return StreamContext(stream)


class device:
    """``with torch.cuda.device(x)``: nothing to switch where ``x`` is None or negative."""

    def __init__(self, device: Any) -> None:
        self.idx = device if isinstance(device, int) else getattr(device, "index", None)

    def __enter__(self) -> None:
        if self.idx is not None and self.idx >= 0:
            raise AssertionError("Torch not compiled with CUDA enabled")

    def __exit__(self, *exception: object) -> bool:
        return False


class device_of(device):
    """The device that a tensor lives on; for those of the CPU nothing is switched."""

    def __init__(self, obj: Any) -> None:
        super().__init__(-1)
