"""DistributedDataParallel: needs a process group, which there is not."""

from __future__ import annotations

from typing import Any

from rushlight.nn.modules.module import Module


class DistributedDataParallel(Module):
    """Averages gradients over processes in PyTorch. Making one raises NotImplementedError."""

    def __init__(self, module: Module, *args: Any, **kwargs: Any) -> None:
        raise NotImplementedError(
            "torch.nn.parallel.DistributedDataParallel: there is no process group, as Rushlight "
            "trains in one process; use the module itself"
        )
