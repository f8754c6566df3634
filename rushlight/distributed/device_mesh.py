"""``torch.distributed.device_mesh``: processes in rows and columns, which are left out."""

from __future__ import annotations

from rushlight.base.left_out import absent_class

_WHY = "it is one process; DistributedDataParallel runs in a world of one"

DeviceMesh = absent_class("torch.distributed.device_mesh.DeviceMesh", _WHY)
init_device_mesh = absent_class("torch.distributed.device_mesh.init_device_mesh", _WHY)

__all__ = ["DeviceMesh", "init_device_mesh"]
