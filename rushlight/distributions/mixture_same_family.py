"""Mixtures of distributions of one family."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.categorical import Categorical
from rushlight.distributions.distribution import Distribution


class MixtureSameFamily(Distribution):
    """Draws a component by ``mixture_distribution``, then from that of the component.

    The components are the last batch axis of ``component_distribution``.
    """

    arg_constraints: dict[str, Any] = {}  # noqa: RUF012
    has_rsample = False

    def __init__(
        self, mixture_distribution: Categorical, component_distribution: Distribution,
        validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution need to be an instance of "
                "torch.distributions.Distribution"
            )
        mixed = tuple(mixture_distribution.batch_shape)
        whole = tuple(component_distribution.batch_shape)
        for a, b in zip(reversed(mixed), reversed(whole[:-1]), strict=False):
            if a != 1 and b != 1 and a != b:
                raise ValueError(
                    f"`mixture_distribution.batch_shape` ({torch.Size(mixed)}) is not compatible "
                    "with `component_distribution.batch_shape`("
                    f"{torch.Size(whole[:-1])})"
                )
        count = mixture_distribution.logits.shape[-1]
        if whole and count != whole[-1]:
            raise ValueError(
                f"`mixture_distribution component` ({count}) does not equal "
                f"`component_distribution.batch_shape[-1]` ({whole[-1]})"
            )
        self._mixture_distribution = mixture_distribution
        self._component_distribution = component_distribution
        self._num_component = whole[-1]
        event = tuple(component_distribution.event_shape)
        self._event_ndims = len(event)
        super().__init__(whole[:-1], event, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        grown = self._get_checked_instance(type(self), _instance)
        grown.__dict__.update(self.__dict__)
        batch = tuple(batch_shape)
        grown._component_distribution = self._component_distribution.expand(
            (*batch, self._num_component)
        )
        grown._mixture_distribution = self._mixture_distribution.expand(batch)
        grown._batch_shape = torch.Size(batch)
        return grown

    @constraints.dependent_property
    def support(self) -> Any:
        return constraints.MixtureSameFamilyConstraint(self._component_distribution.support)

    @property
    def mixture_distribution(self) -> Categorical:
        """What draws the component."""
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        """The components."""
        return self._component_distribution

    def _weights(self) -> Any:
        probs = self._mixture_distribution.probs
        return probs.reshape(tuple(probs.shape) + (1,) * self._event_ndims)

    @property
    def mean(self) -> Any:
        means = self._component_distribution.mean
        return torch.sum(self._weights() * means, dim=-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        axis, weights = -1 - self._event_ndims, self._weights()
        apart = (self._component_distribution.mean - self.mean.unsqueeze(axis)).pow(2.0)
        inside = torch.sum(weights * self._component_distribution.variance, dim=axis)
        return inside + torch.sum(weights * apart, dim=axis)

    def cdf(self, x: Any) -> Any:
        x = x.unsqueeze(-1 - self._event_ndims)
        return torch.sum(
            self._component_distribution.cdf(x) * self._mixture_distribution.probs, dim=-1
        )

    def log_prob(self, x: Any) -> Any:
        if self._validate_args:
            self._validate_sample(x)
        logs = self._component_distribution.log_prob(x.unsqueeze(-1 - self._event_ndims))
        weights = torch.log_softmax(self._mixture_distribution.logits, dim=-1)
        return torch.logsumexp(logs + weights, dim=-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        with torch.no_grad():
            axis = len(tuple(sample_shape)) + len(self._batch_shape)
            event = tuple(self._event_shape)
            picked = self._mixture_distribution.sample(sample_shape)
            drawn = self._component_distribution.sample(sample_shape)
            place = picked.reshape(tuple(picked.shape) + (1,) * (len(event) + 1))
            place = place.expand((*picked.shape, 1, *event))
            return torch.gather(drawn, axis, place).squeeze(axis)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self._mixture_distribution},\n  "
            f"{self._component_distribution})"
        )
