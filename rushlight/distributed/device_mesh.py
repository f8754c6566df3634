"""``torch.distributed.device_mesh``: processes in rows and columns, which are left out."""

from __future__ import annotations

from rushlight.base.left_out import ONE_PROCESS, absent_class

DeviceMesh = absent_class("torch.distributed.device_mesh.DeviceMesh", ONE_PROCESS)
init_device_mesh = absent_class("torch.distributed.device_mesh.init_device_mesh", ONE_PROCESS)

__all__ = ["DeviceMesh", "init_device_mesh"]
