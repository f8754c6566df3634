"""DataParallel: with one CPU it calls its module, as PyTorch does where there is no GPU."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rushlight.nn.modules.module import Module


def _no_devices(device_ids: Sequence[Any] | None) -> None:
    if device_ids:
        raise NotImplementedError(
            f"DataParallel(device_ids={list(device_ids)}): Rushlight has no GPU here; leave "
            "device_ids out and the module runs on the CPU"
        )


class DataParallel(Module):
    """The module under the name ``module``: state dicts have its prefix."""

    def __init__(
        self,
        module: Module,
        device_ids: Sequence[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
    ) -> None:
        super().__init__()
        _no_devices(device_ids)
        self.module = module
        self.device_ids: list[Any] = []

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)


def data_parallel(
    module: Module,
    inputs: Any,
    device_ids: Sequence[Any] | None = None,
    output_device: Any = None,
    dim: int = 0,
    module_kwargs: dict[str, Any] | None = None,
) -> Any:
    """Call ``module`` on ``inputs``."""
    _no_devices(device_ids)
    args = inputs if isinstance(inputs, tuple) else (inputs,)
    return module(*args, **(module_kwargs or {}))
