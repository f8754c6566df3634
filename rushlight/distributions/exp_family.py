"""Exponential families: densities exp(t(x) . theta - F(theta) + k(x))."""

from __future__ import annotations

from typing import Any

import rushlight as torch
from rushlight.distributions.distribution import Distribution


class ExponentialFamily(Distribution):
    """A distribution that says its natural parameters theta and its log-normaliser F."""

    @property
    def _natural_params(self) -> tuple[Any, ...]:
        raise self._missing("_natural_params")

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise self._missing("_log_normalizer")

    @property
    def _mean_carrier_measure(self) -> Any:
        raise self._missing("_mean_carrier_measure")

    def entropy(self) -> Any:
        """F - theta . dF/dtheta - E[k], by differentiating F (Nielsen and Nock 2010)."""
        total = -self._mean_carrier_measure
        params = [each.detach().requires_grad_() for each in self._natural_params]
        with torch.enable_grad():
            normaliser = self._log_normalizer(*params)
            slopes = torch.autograd.grad(normaliser.sum(), params, create_graph=True)
        total = total + normaliser
        for param, slope in zip(params, slopes, strict=True):
            weighted = param * slope
            total = total - weighted.reshape((*tuple(self._batch_shape), -1)).sum(-1)
        return total
