"""``torch.distributed.fsdp``: parameters that lie on several machines, which are left out."""

from rushlight.distributed.fsdp.fully_sharded_data_parallel import (
    FSDPModule,
    FullyShardedDataParallel,
    StateDictType,
    fully_shard,
)

__all__ = ["FSDPModule", "FullyShardedDataParallel", "StateDictType", "fully_shard"]
