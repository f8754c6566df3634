"""``torch.profiler``: where the time goes. ``kernels.KernelTimes`` is the cheap core."""

from rushlight.profiler.kernels import KernelRow, KernelTimes

__all__ = ["KernelRow", "KernelTimes"]
