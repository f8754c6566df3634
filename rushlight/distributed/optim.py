"""``torch.distributed.optim``: an optimiser whose state the processes share between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from rushlight.distributed.group import ProcessGroup, member
from rushlight.optim import Optimizer


class ZeroRedundancyOptimizer(Optimizer):
    """An optimiser of ``optimizer_class`` of which each process keeps the state of its share.

    In a group of one the share is everything: ``optim`` is the whole optimiser, and groups and
    state are its own. Rajbhandari et al. 2019, https://arxiv.org/abs/1910.02054
    """

    def __init__(
        self,
        params: Iterable[Any],
        optimizer_class: type[Optimizer],
        process_group: ProcessGroup | None = None,
        parameters_as_bucket_view: bool = False,
        overlap_with_ddp: bool = False,
        **defaults: Any,
    ) -> None:
        member(process_group)
        self.optim: Optimizer | None = None
        super().__init__(params, defaults)
        self.optim = optimizer_class(self.param_groups, **defaults)
        self.param_groups = self.optim.param_groups

    @property
    def state(self) -> defaultdict[Any, Any]:
        """The optimiser's state."""
        return self._state if self.optim is None else self.optim.state

    @state.setter
    def state(self, state: defaultdict[Any, Any]) -> None:
        if self.optim is None:
            self._state = state
        else:
            self.optim.state = state

    def step(self, closure: Callable[[], Any] | None = None, **kwargs: Any) -> Any:
        """The optimiser's step."""
        assert self.optim is not None
        return self.optim.step(closure, **kwargs) if closure else self.optim.step(**kwargs)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Parameters with their own settings."""
        if self.optim is None:
            super().add_param_group(param_group)
        else:
            self.optim.add_param_group(param_group)

    def consolidate_state_dict(self, to: int = 0) -> None:
        """The state is whole already."""

    def state_dict(self) -> dict[str, Any]:
        """As the optimiser alone would give it."""
        assert self.optim is not None
        return self.optim.state_dict()

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take the state of a ``state_dict``, of this class or of the optimiser alone."""
        assert self.optim is not None
        self.optim.load_state_dict(state_dict)
        self.param_groups = self.optim.param_groups


__all__ = ["ZeroRedundancyOptimizer"]
