"""``torch.distributed.tensor``: tensors that lie on several machines, which are left out."""

from __future__ import annotations

from rushlight.base.left_out import ONE_PROCESS, absent_class
from rushlight.distributed.device_mesh import DeviceMesh, init_device_mesh
from rushlight.distributed.tensor.placement_types import Partial, Placement, Replicate, Shard

DTensor = absent_class("torch.distributed.tensor.DTensor", ONE_PROCESS)
distribute_tensor = absent_class("torch.distributed.tensor.distribute_tensor", ONE_PROCESS)
distribute_module = absent_class("torch.distributed.tensor.distribute_module", ONE_PROCESS)

__all__ = [
    "DTensor", "DeviceMesh", "Partial", "Placement", "Replicate", "Shard", "distribute_module",
    "distribute_tensor", "init_device_mesh",
]  # fmt: skip
