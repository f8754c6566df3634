"""Multivariate normal with a covariance of low rank and a diagonal."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import lazy_property, standard_normal
from rushlight.distributions.distribution import Distribution
from rushlight.distributions.factor import batch_mv, log_diagonal, mahalanobis, precision_of_factor


class LowRankMultivariateNormal(Distribution):
    """Covariance W W^T + diag(D): loc (*, N), W = cov_factor (*, N, R), D = cov_diag (*, N).

    Its determinant and inverse go by an R x R matrix (Woodbury 1950).
    """

    arg_constraints = {  # noqa: RUF012
        "loc": constraints.real_vector,
        "cov_factor": constraints.independent(constraints.real, 2),
        "cov_diag": constraints.independent(constraints.positive, 1),
    }
    support = constraints.real_vector
    has_rsample = True
    _kept = frozenset({"_unbroadcasted_cov_factor", "_unbroadcasted_cov_diag", "_capacitance_tril"})

    def __init__(
        self, loc: Any, cov_factor: Any, cov_diag: Any, validate_args: bool | None = None
    ) -> None:
        if loc.dim() < 1:
            raise ValueError("loc must be at least one-dimensional.")
        size = loc.shape[-1]
        if cov_factor.dim() < 2:
            raise ValueError(
                "cov_factor must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        if cov_factor.shape[-2] != size:
            raise ValueError(f"cov_factor must be a batch of matrices with shape {size} x m")
        if cov_diag.shape[-1] != size:
            raise ValueError(f"cov_diag must be a batch of vectors with shape {size}")
        batch = torch.broadcast_shapes(
            tuple(loc.shape)[:-1], tuple(cov_factor.shape)[:-2], tuple(cov_diag.shape)[:-1]
        )
        self.loc = loc.expand((*batch, size))
        self.cov_diag = cov_diag.expand((*batch, size))
        self.cov_factor = cov_factor.expand((*batch, size, cov_factor.shape[-1]))
        super().__init__(batch, (size,), validate_args=validate_args)
        self._unbroadcasted_cov_factor = cov_factor
        self._unbroadcasted_cov_diag = cov_diag
        self._capacitance_tril = capacitance(cov_factor, cov_diag)

    @property
    def mean(self) -> Any:
        return self.loc

    @property
    def mode(self) -> Any:
        return self.loc

    @lazy_property
    def variance(self) -> Any:  # type: ignore[override]
        """The covariance's diagonal."""
        found = self._unbroadcasted_cov_factor.pow(2).sum(-1) + self._unbroadcasted_cov_diag
        return found.expand(tuple(self._batch_shape) + tuple(self._event_shape))

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The whole covariance, (*, N, N)."""
        w = self._unbroadcasted_cov_factor
        found = w @ w.mT + torch.diag_embed(self._unbroadcasted_cov_diag)
        return found.expand(tuple(self._batch_shape) + tuple(self._event_shape) * 2)

    @lazy_property
    def scale_tril(self) -> Any:
        """L with L L^T = covariance."""
        return torch.linalg.cholesky(self.covariance_matrix)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        return precision_of_factor(self.scale_tril)

    def rsample(self, sample_shape: Any = ()) -> Any:
        shape = tuple(self._extended_shape(sample_shape))
        rank = self.cov_factor.shape[-1]
        low = standard_normal((*shape[:-1], rank), self.loc.dtype)
        own = standard_normal(shape, self.loc.dtype)
        spread = self._unbroadcasted_cov_diag.sqrt() * own
        return self.loc + batch_mv(self._unbroadcasted_cov_factor, low) + spread

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        parts = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag, self._capacitance_tril
        distance = lowrank_mahalanobis(*parts, value - self.loc)
        size = self._event_shape[0]
        return -0.5 * (size * math.log(2 * math.pi) + lowrank_logdet(*parts) + distance)

    def entropy(self) -> Any:
        parts = self._unbroadcasted_cov_factor, self._unbroadcasted_cov_diag, self._capacitance_tril
        size = self._event_shape[0]
        found = 0.5 * (size * (1.0 + math.log(2 * math.pi)) + lowrank_logdet(*parts))
        return found.expand(self._batch_shape)


def capacitance(w: Any, d: Any) -> Any:
    """The Cholesky factor of I + W^T D^-1 W."""
    weighted = w.mT / d.unsqueeze(-2)
    rank = w.shape[-1]
    return torch.linalg.cholesky(torch.matmul(weighted, w) + torch.eye(rank, dtype=w.dtype))


def lowrank_logdet(w: Any, d: Any, factor: Any) -> Any:
    """log det(W W^T + D)."""
    return 2 * log_diagonal(factor) + d.log().sum(-1)


def lowrank_mahalanobis(w: Any, d: Any, factor: Any, x: Any) -> Any:
    """x^T (W W^T + D)^-1 x."""
    weighted = w.mT / d.unsqueeze(-2)
    return (x.pow(2) / d).sum(-1) - mahalanobis(factor, batch_mv(weighted, x))
