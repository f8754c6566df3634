"""Kumaraswamy's distribution, on [0, 1]."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import broadcast_all
from rushlight.distributions.transformed_distribution import TransformedDistribution
from rushlight.distributions.transforms import AffineTransform, PowerTransform
from rushlight.distributions.uniform import Uniform

_EULER = 0.57721566490153286060


class Kumaraswamy(TransformedDistribution):
    """Much like beta, with a distribution function that can be inverted."""

    arg_constraints = {  # noqa: RUF012
        "concentration1": constraints.positive, "concentration0": constraints.positive,
    }  # fmt: skip
    support = constraints.unit_interval
    has_rsample = True

    def __init__(
        self, concentration1: Any, concentration0: Any, validate_args: bool | None = None
    ) -> None:
        self.concentration1, self.concentration0 = broadcast_all(concentration1, concentration0)
        base = Uniform(
            torch.full_like(self.concentration0, 0),
            torch.full_like(self.concentration0, 1),
            validate_args=validate_args,
        )
        super().__init__(base, self._steps(), validate_args=validate_args)

    def _steps(self) -> list[Any]:
        return [
            PowerTransform(exponent=self.concentration0.reciprocal()),
            AffineTransform(loc=1.0, scale=-1.0),
            PowerTransform(exponent=self.concentration1.reciprocal()),
        ]

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        grown = super().expand(batch_shape, _instance)
        grown.concentration1 = self.concentration1.expand(batch_shape)
        grown.concentration0 = self.concentration0.expand(batch_shape)
        grown.transforms = grown._steps()
        return grown

    def _moment(self, n: int) -> Any:
        """The mean of the n-th power: b B(1 + n / a, b)."""
        first = 1 + n / self.concentration1
        logs = torch.lgamma(first) + torch.lgamma(self.concentration0)
        logs = logs - torch.lgamma(first + self.concentration0)
        return self.concentration0 * torch.exp(logs)

    @property
    def mean(self) -> Any:
        return self._moment(1)

    @property
    def mode(self) -> Any:
        a, b = self.concentration1, self.concentration0
        logs = a.reciprocal() * ((a - 1).log() - (a * b - 1).log())
        return logs.exp().masked_fill((a < 1) | (b < 1), math.nan)

    @property
    def variance(self) -> Any:
        return self._moment(2) - torch.pow(self.mean, 2)

    def entropy(self) -> Any:
        a, b = self.concentration1, self.concentration0
        t1, t0 = 1 - a.reciprocal(), 1 - b.reciprocal()
        harmonic = torch.digamma(b + 1) + _EULER
        return t0 + t1 * harmonic - torch.log(a) - torch.log(b)
