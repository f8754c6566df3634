"""The categorical distribution: one of several, as an index."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import (
    exactly_one,
    lazy_property,
    logits_to_probs,
    probs_to_logits,
)
from rushlight.distributions.distribution import Distribution


class Categorical(Distribution):
    """An index into the last axis of ``probs`` (any positive scale) or ``logits``.

    >>> import rushlight as torch
    >>> Categorical(torch.tensor([1.0, 3.0])).log_prob(torch.tensor(1)).exp()
    tensor(0.7500)
    """

    arg_constraints = {"probs": constraints.simplex, "logits": constraints.real_vector}  # noqa: RUF012
    has_enumerate_support = True

    def __init__(
        self, probs: Any = None, logits: Any = None, validate_args: bool | None = None
    ) -> None:
        self._by_probs = exactly_one(probs, logits)
        if self._by_probs:
            if probs.dim() < 1:
                raise ValueError("`probs` parameter must be at least one-dimensional.")
            self.probs = probs / probs.sum(-1, keepdim=True)
        else:
            if logits.dim() < 1:
                raise ValueError("`logits` parameter must be at least one-dimensional.")
            self.logits = logits - logits.logsumexp(dim=-1, keepdim=True)
        self._num_events = self._param.size()[-1]
        super().__init__(tuple(self._param.size())[:-1], validate_args=validate_args)

    @constraints.dependent_property(is_discrete=True, event_dim=0)
    def support(self) -> Any:
        return constraints.integer_interval(0, self._num_events - 1)

    @property
    def _param(self) -> Any:
        return self.__dict__["probs" if self._by_probs else "logits"]

    @lazy_property
    def logits(self) -> Any:
        """Log-chances."""
        return probs_to_logits(self.probs)

    @lazy_property
    def probs(self) -> Any:
        """Chances."""
        return logits_to_probs(self.logits)

    @property
    def param_shape(self) -> Any:
        """The shape of the chances."""
        return self._param.size()

    @property
    def mean(self) -> Any:
        return torch.full(tuple(self._batch_shape), math.nan, dtype=self.probs.dtype)

    @property
    def mode(self) -> Any:
        return self.probs.argmax(dim=-1)

    @property
    def variance(self) -> Any:
        return torch.full(tuple(self._batch_shape), math.nan, dtype=self.probs.dtype)

    def sample(self, sample_shape: Any = ()) -> Any:
        shape = self._extended_shape(sample_shape)
        rows = self.probs.reshape(-1, self._num_events)
        with torch.no_grad():
            drawn = torch.multinomial(rows, math.prod(sample_shape), True).t()
        return drawn.reshape(shape)

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        value, logs = value.long().unsqueeze(-1), self.logits
        if value.shape[:-1] != logs.shape[:-1]:
            value, logs = torch.broadcast_tensors(value, logs)
            value = value[..., :1]
        return logs.gather(-1, value).squeeze(-1)

    def entropy(self) -> Any:
        logs = torch.clamp(self.logits, min=torch.finfo(self.logits.dtype).min)
        return -(logs * self.probs).sum(-1)

    def enumerate_support(self, expand: bool = True) -> Any:
        values = torch.arange(self._num_events).view((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values
