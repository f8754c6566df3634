"""torch.optim.swa_utils: models that are averages of a model over its training.

Sources: Izmailov et al. 2018 (stochastic weight averaging), Polyak and Juditsky 1992.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from copy import deepcopy
from itertools import chain
from math import cos, pi
from typing import Any

from rushlight.autograd import no_grad
from rushlight.nn.modules.batchnorm import _BatchNorm
from rushlight.nn.modules.module import Module
from rushlight.optim.lr_scheduler.base import LRScheduler, per_group
from rushlight.optim.optimizer import Optimizer
from rushlight.tensor import int64, tensor

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], None]:
    """A ``multi_avg_fn``: averages that forget, ``decay`` of the old and the rest of the new."""
    _check_decay(decay)

    @no_grad()
    def update(averages: list[Any], currents: list[Any], count: Any) -> None:
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(average * decay + current * (1 - decay))

    return update


def get_swa_multi_avg_fn() -> Callable[[Any, Any, Any], None]:
    """A ``multi_avg_fn``: the mean of all models so far."""

    @no_grad()
    def update(averages: list[Any], currents: list[Any], count: Any) -> None:
        for average, current in zip(averages, currents, strict=True):
            if average.is_floating_point() or average.is_complex():
                average.lerp_(current, float(1 / (count + 1)))
            else:
                average.add_((current - average) / (count + 1))

    return update


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Any, Any, Any], Any]:
    """An ``avg_fn``: ``decay`` of the old value and the rest of the new."""
    _check_decay(decay)

    @no_grad()
    def update(average: Any, current: Any, count: Any) -> Any:
        return decay * average + (1 - decay) * current

    return update


def get_swa_avg_fn() -> Callable[[Any, Any, Any], Any]:
    """An ``avg_fn``: the mean of all values so far."""

    @no_grad()
    def update(average: Any, current: Any, count: Any) -> Any:
        return average + (current - average) / (count + 1)

    return update


class AveragedModel(Module):
    """A copy of ``model`` whose parameters are averages over the calls of update_parameters.

    The first call copies. ``avg_fn(average, current, n_averaged)`` gives the new value of one
    tensor, ``multi_avg_fn`` changes lists of them (of one dtype) in place; without either the
    average is the mean. Buffers are copied, or averaged with ``use_buffers``.

    >>> import rushlight as torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> average = torch.optim.swa_utils.AveragedModel(model)
    >>> for weight in (1.0, 2.0, 6.0):
    ...     _ = torch.nn.init.constant_(model.weight, weight)
    ...     average.update_parameters(model)
    >>> average.module.weight.item()
    3.0
    """

    n_averaged: Any

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Callable[[Any, Any, Any], Any] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, dtype=int64, device=device))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take ``model``, as it is now, into the average."""
        mine: Iterable[Any] = self.parameters()
        theirs: Iterable[Any] = model.parameters()
        if self.use_buffers:
            mine = chain(self.module.parameters(), self.module.buffers())
            theirs = chain(model.parameters(), model.buffers())
        pairs = [(a.detach(), b.detach()) for a, b in zip(mine, theirs, strict=False)]
        if self.n_averaged == 0:
            for average, current in pairs:
                average.copy_(current)
        elif self.multi_avg_fn is not None:
            by_dtype: dict[Any, tuple[list[Any], list[Any]]] = {}
            for average, current in pairs:
                lists = by_dtype.setdefault(average.dtype, ([], []))
                lists[0].append(average)
                lists[1].append(current)
            for averages, currents in by_dtype.values():
                self.multi_avg_fn(averages, currents, self.n_averaged)
        elif self.avg_fn is not None:
            for average, current in pairs:
                average.copy_(self.avg_fn(average, current, self.n_averaged))
        else:
            mean = get_swa_avg_fn()
            for average, current in pairs:
                average.copy_(mean(average, current, self.n_averaged))
        if not self.use_buffers:
            for kept, buffer in zip(self.module.buffers(), model.buffers(), strict=True):
                kept.detach().copy_(buffer.detach())
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of ``model``'s batch norms anew, in one pass over ``loader``.

    Of a batch that is a list or tuple the first element goes into the model.
    """
    momenta: dict[Any, Any] = {}
    for module in model.modules():
        if isinstance(module, _BatchNorm):
            module.reset_running_stats()
            momenta[module] = module.momentum
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.momentum = None  # the mean over all batches
    for batch in loader:
        inputs = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(inputs if device is None else inputs.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """Goes from the present rate to ``swa_lr`` within ``anneal_epochs``, by a cosine or a line."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: Any,
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        rates = per_group("swa_lr", optimizer, swa_lr)
        for rate, group in zip(rates, optimizer.param_groups, strict=True):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How much of the way is behind after ``t`` (0 to 1) of the time."""
        return (1 - cos(pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def _share(self, step: int) -> float:
        return self.anneal_func(max(0, min(1, step / max(1, self.anneal_epochs))))

    def get_lr(self) -> list[Any]:
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._share(step - 1), self._share(step)
        rates = []
        for group in self.optimizer.param_groups:
            final = group["swa_lr"]
            # Where the rate would have begun for it to be what it is.
            first = final if before == 1 else (group["lr"] - before * final) / (1 - before)
            rates.append(final * now + first * (1 - now))
        return rates
