"""The Wishart distribution of covariance matrices."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.base.warn import warn
from rushlight.distributions import constraints
from rushlight.distributions.arguments import lazy_property
from rushlight.distributions.chi2 import Chi2
from rushlight.distributions.distribution import Distribution
from rushlight.distributions.factor import factor_of_precision, log_diagonal, precision_of_factor

_WAYS = ("covariance_matrix", "precision_matrix", "scale_tril")


class Wishart(Distribution):
    """Sums of ``df`` outer products of normal vectors; df (*), one of the matrices (*, P, P)."""

    support = constraints.positive_definite
    has_rsample = True
    _kept = frozenset({"_unbroadcasted_scale_tril"})

    def __init__(
        self, df: Any, covariance_matrix: Any = None, precision_matrix: Any = None,
        scale_tril: Any = None, validate_args: bool | None = None,
    ) -> None:  # fmt: skip
        given = dict(zip(_WAYS, (covariance_matrix, precision_matrix, scale_tril), strict=True))
        found = [(name, matrix) for name, matrix in given.items() if matrix is not None]
        if len(found) != 1:
            raise ValueError(
                "Exactly one of covariance_matrix or precision_matrix or scale_tril may be "
                "specified."
            )
        name, matrix = found[0]
        if matrix.dim() < 2:
            raise ValueError(
                "scale_tril must be at least two-dimensional, with optional leading batch "
                "dimensions"
            )
        df = df if isinstance(df, torch.Tensor) else torch.tensor(df, dtype=matrix.dtype)
        batch = torch.broadcast_shapes(tuple(matrix.shape)[:-2], tuple(df.shape))
        size = matrix.shape[-1]
        self.df = df.expand(batch)
        setattr(self, name, matrix.expand((*batch, -1, -1)))
        if self.df.le(size - 1).any():
            raise ValueError(f"Value of df={df} expected to be greater than ndim - 1 = {size - 1}.")
        super().__init__(batch, (size, size), validate_args=validate_args)
        if self.df.lt(size).any():
            warn(
                "Low df values detected. Singular samples are highly likely to occur for ndim - 1 "
                "< df < ndim."
            )
        if name == "scale_tril":
            factor = matrix
        elif name == "covariance_matrix":
            factor = torch.linalg.cholesky(matrix)
        else:
            factor = factor_of_precision(matrix)
        self._unbroadcasted_scale_tril = factor
        self._dist_chi2 = Chi2(
            df=self.df.unsqueeze(-1) - torch.arange(size, dtype=factor.dtype).expand((*batch, size))
        )

    @property
    def arg_constraints(self) -> dict[str, Any]:
        return {
            "covariance_matrix": constraints.positive_definite,
            "precision_matrix": constraints.positive_definite,
            "scale_tril": constraints.lower_cholesky,
            "df": constraints.greater_than(self._event_shape[-1] - 1),
        }

    def _wide(self, matrix: Any) -> Any:
        return matrix.expand(tuple(self._batch_shape) + tuple(self._event_shape))

    @lazy_property
    def scale_tril(self) -> Any:
        """L with L L^T = covariance."""
        return self._wide(self._unbroadcasted_scale_tril)

    @lazy_property
    def covariance_matrix(self) -> Any:
        """The covariance of the vectors."""
        factor = self._unbroadcasted_scale_tril
        return self._wide(factor @ factor.mT)

    @lazy_property
    def precision_matrix(self) -> Any:
        """The covariance's inverse."""
        return self._wide(precision_of_factor(self._unbroadcasted_scale_tril))

    @property
    def mean(self) -> Any:
        return self.df.reshape((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def mode(self) -> Any:
        factor = self.df - self.covariance_matrix.shape[-1] - 1
        factor = factor.masked_fill(factor <= 0, math.nan)
        return factor.reshape((*self._batch_shape, 1, 1)) * self.covariance_matrix

    @property
    def variance(self) -> Any:
        covariance = self.covariance_matrix
        diagonal = covariance.diagonal(dim1=-2, dim2=-1)
        products = diagonal.unsqueeze(-1) * diagonal.unsqueeze(-2)
        return self.df.reshape((*self._batch_shape, 1, 1)) * (covariance.pow(2) + products)

    def _bartlett(self, sample_shape: tuple[int, ...]) -> Any:
        """L A A^T L^T with normals below A's diagonal (Bartlett 1933)."""
        size = self._event_shape[-1]
        noise = self._dist_chi2.rsample(sample_shape).sqrt().diag_embed(dim1=-2, dim2=-1)
        rows, columns = torch.tril_indices(size, size, offset=-1).unbind(0)
        count = size * (size - 1) // 2
        shape = (*sample_shape, *self._batch_shape)
        noise[..., rows, columns] = torch.randn((*shape, count), dtype=noise.dtype)
        factor = self._unbroadcasted_scale_tril @ noise
        return factor @ factor.mT

    def rsample(self, sample_shape: Any = (), max_try_correction: int | None = None) -> Any:
        """Draws; singular ones are drawn again, ``max_try_correction`` times."""
        tries = max_try_correction
        if tries is None:
            tries = 10
        shape = tuple(sample_shape)
        # PyTorch 2.13 reads its own check for singular draws the wrong way round and so draws
        # twice; the same seed shall give the same numbers here.
        self._bartlett(shape)
        drawn = self._bartlett(shape)
        singular = ~self.support.check(drawn)
        for _ in range(tries):
            if not singular.any():
                break
            fresh = self._bartlett(shape)
            drawn = torch.where(singular[..., None, None], fresh, drawn)
            singular = ~self.support.check(drawn)
        return drawn

    def log_prob(self, value: Any) -> Any:
        if self._validate_args:
            self._validate_sample(value)
        nu, p = self.df, self._event_shape[-1]
        factor = self._unbroadcasted_scale_tril
        inner = precision_of_factor(factor) @ value
        return (
            -nu * (p * math.log(2) / 2 + log_diagonal(factor))
            - torch.mvlgamma(nu / 2, p=p)
            + (nu - p - 1) / 2 * torch.linalg.slogdet(value)[1]
            - inner.diagonal(dim1=-2, dim2=-1).sum(dim=-1) / 2
        )

    def entropy(self) -> Any:
        nu, p = self.df, self._event_shape[-1]
        digammas = torch.digamma((nu / 2).unsqueeze(-1) - torch.arange(p, dtype=nu.dtype) / 2).sum(
            -1
        )
        return (
            (p + 1) * (p * math.log(2) / 2 + log_diagonal(self._unbroadcasted_scale_tril))
            + torch.mvlgamma(nu / 2, p=p)
            - (nu - p - 1) / 2 * digammas
            + nu * p / 2
        )
