"""The classes of ``torch.distributed.fsdp``, which are left out."""

from __future__ import annotations

from rushlight.base.left_out import absent_class

_WHY = "it is one process; DistributedDataParallel runs in a world of one"

FSDPModule = absent_class("torch.distributed.fsdp.FSDPModule", _WHY)
FullyShardedDataParallel = absent_class("torch.distributed.fsdp.FullyShardedDataParallel", _WHY)
StateDictType = absent_class("torch.distributed.fsdp.StateDictType", _WHY)
fully_shard = absent_class("torch.distributed.fsdp.fully_shard", _WHY)

__all__ = ["FSDPModule", "FullyShardedDataParallel", "StateDictType", "fully_shard"]
