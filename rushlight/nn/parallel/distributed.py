"""DistributedDataParallel: in a group of one process the module, under another name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rushlight.distributed.algorithms.join import Join, Joinable, JoinHook
from rushlight.distributed.group import member
from rushlight.nn.modules.module import Module


class DistributedDataParallel(Module, Joinable):
    """The module under the name ``module``: state dicts have its prefix.

    With one process there is nothing to average, so that gradients are the module's own. Raises
    ValueError without a process group, RuntimeError if no parameter needs a gradient.
    """

    def __init__(
        self,
        module: Module,
        device_ids: list[Any] | None = None,
        output_device: Any = None,
        dim: int = 0,
        broadcast_buffers: bool | None = None,
        init_sync: bool = True,
        process_group: Any = None,
        bucket_cap_mb: float | None = None,
        find_unused_parameters: bool = False,
        check_reduction: bool = False,
        gradient_as_bucket_view: bool = False,
        static_graph: bool = False,
        delay_all_reduce_named_params: Any = None,
        param_to_hook_all_reduce: Any = None,
        mixed_precision: Any = None,
        device_mesh: Any = None,
        skip_all_reduce_unused_params: bool = False,
        bucket_cap_mb_list: list[float] | None = None,
        batched_grad_copy: bool = False,
        forward_sync_buffers: bool | None = None,
    ) -> None:
        group = member(process_group)
        super().__init__()
        parameters = [p for p in module.parameters() if p.requires_grad]
        if not parameters:
            raise RuntimeError(
                "DistributedDataParallel is not needed when a module doesn't have any parameter "
                "that requires a gradient."
            )
        if device_ids and any(p.device.type == "cpu" for p in parameters):
            raise ValueError(
                "DistributedDataParallel device_ids and output_device arguments only work with "
                f"GPU modules, but got device_ids {device_ids} and a module on the CPU; leave "
                "device_ids out"
            )
        self.module = module
        self.process_group = group
        self.device_ids = None
        self.output_device = None
        self.dim = dim
        self.device = parameters[0].device
        self.broadcast_buffers = True if broadcast_buffers is None else broadcast_buffers
        self.find_unused_parameters = find_unused_parameters
        self.gradient_as_bucket_view = gradient_as_bucket_view
        self.static_graph = static_graph
        self.require_backward_grad_sync = True

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        return self.module(*inputs, **kwargs)

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Gradients within are not averaged over processes, nor are they with one process."""
        before, self.require_backward_grad_sync = self.require_backward_grad_sync, False
        try:
            yield
        finally:
            self.require_backward_grad_sync = before

    @contextmanager
    def join(
        self, divide_by_initial_world_size: bool = True, enable: bool = True,
        throw_on_early_termination: bool = False,
    ) -> Iterator[None]:  # fmt: skip
        """Around a loop of as many batches as this process has: alone it runs as it is."""
        with Join([self], enable, throw_on_early_termination):
            yield

    def join_hook(self, **kwargs: Any) -> JoinHook:
        """Nothing is to be done for other processes."""
        return JoinHook()

    @property
    def join_device(self) -> Any:
        """Where the module is."""
        return self.device

    @property
    def join_process_group(self) -> Any:
        """The group given at the start."""
        return self.process_group

    def register_comm_hook(self, state: object, hook: Any) -> None:
        """Raises NotImplementedError: nothing is sent that a hook could change."""
        raise NotImplementedError(
            "DistributedDataParallel.register_comm_hook: with one process no gradients are sent, "
            "so that there are no buckets for a hook; leave it out"
        )
