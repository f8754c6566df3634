"""The generalised Pareto distribution."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import broadcast_all
from rushlight.distributions.distribution import Distribution


class GeneralizedPareto(Distribution):
    """What lies above a threshold ``loc``: tails of index ``concentration``."""

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real, "scale": constraints.positive, "concentration": constraints.real,
    }  # fmt: skip
    has_rsample = True

    def __init__(
        self, loc: Any, scale: Any, concentration: Any, validate_args: bool | None = None
    ) -> None:
        self.loc, self.scale, self.concentration = broadcast_all(loc, scale, concentration)
        super().__init__(self.loc.size(), validate_args=validate_args)

    def _flat(self) -> Any:
        """Where the index is 0 and the distribution exponential."""
        return torch.isclose(self.concentration, torch.zeros_like(self.concentration))

    def rsample(self, sample_shape: Any = ()) -> Any:
        return self.icdf(torch.rand(self._extended_shape(sample_shape), dtype=self.loc.dtype))

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        z = self._z(value)
        flat = self._flat()
        index = torch.where(flat, torch.ones_like(self.concentration), self.concentration)
        slope = 1 / index + torch.ones_like(z)
        # At index -1 the density is flat, up to its end, where the logarithm is -inf.
        curved = torch.where(slope == 0, slope, slope * torch.log1p(index * z))
        return -self.scale.log() - torch.where(flat, z, curved)

    def _z(self, x: Any) -> Any:
        return (x - self.loc) / self.scale

    def log_survival_function(self, value: Any) -> Any:
        """The logarithm of the chance of a draw above ``value``."""
        if self._validate_args:
            self._validate_sample(value)
        z, flat = self._z(value), self._flat()
        index = torch.where(flat, torch.ones_like(self.concentration), self.concentration)
        return torch.where(flat, -z, -torch.log1p(index * z) / index)

    def log_cdf(self, value: Any) -> Any:
        """The logarithm of ``cdf``."""
        return torch.log1p(-torch.exp(self.log_survival_function(value)))

    def cdf(self, value: Any) -> Any:
        return torch.exp(self.log_cdf(value))

    def icdf(self, value: Any) -> Any:
        flat = self._flat()
        index = torch.where(flat, torch.ones_like(self.concentration), self.concentration)
        logu = torch.log1p(-value)
        where_flat = self.loc - self.scale * logu
        curved = self.loc + self.scale * torch.expm1(-index * logu) / index
        return torch.where(flat, where_flat, curved)

    @property
    def mean(self) -> Any:
        valid = self.concentration < 1
        index = torch.where(valid, self.concentration, 0.5)
        return torch.where(valid, self.loc + self.scale / (1 - index), math.nan)

    @property
    def variance(self) -> Any:
        valid = self.concentration < 0.5
        index = torch.where(valid, self.concentration, 0.25)
        found = self.scale**2 / ((1 - index) ** 2 * (1 - 2 * index))
        return torch.where(valid, found, math.nan)

    def entropy(self) -> Any:
        return (torch.log(self.scale) + self.concentration + 1).expand(self._batch_shape)

    @property
    def mode(self) -> Any:
        return self.loc

    @constraints.dependent_property(is_discrete=False, event_dim=0)
    def support(self) -> Any:
        lower = self.loc
        upper = torch.where(
            self.concentration < 0, lower - self.scale / self.concentration, math.inf
        )
        return constraints.interval(lower, upper)
