"""Transforms of vectors and matrices."""

from __future__ import annotations

import math
from typing import Any

import rushlight as torch
from rushlight.distributions import constraints
from rushlight.distributions.arguments import tril_matrix_to_vec, vec_to_tril_matrix
from rushlight.distributions.transform import Transform
from rushlight.nn.functional import pad, softplus


class ReshapeTransform(Transform):
    """The last axes, ``in_shape``, as ``out_shape``."""

    bijective = True
    _settings = ("in_shape", "out_shape")
    _comparable = False

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size=cache_size)
        self.in_shape = torch.Size(in_shape)
        self.out_shape = torch.Size(out_shape)
        if math.prod(self.in_shape) != math.prod(self.out_shape):
            raise ValueError("in_shape, out_shape have different numbers of elements")

    @constraints.dependent_property
    def domain(self) -> Any:  # type: ignore[override]
        """Numbers in ``in_shape``."""
        return constraints.independent(constraints.real, len(self.in_shape))

    @constraints.dependent_property
    def codomain(self) -> Any:  # type: ignore[override]
        """Numbers in ``out_shape``."""
        return constraints.independent(constraints.real, len(self.out_shape))

    def _batch(self, shape: Any, own: Any) -> tuple[int, ...]:
        if len(shape) < len(own):
            raise ValueError("Too few dimensions on input")
        cut = len(shape) - len(own)
        if tuple(shape[cut:]) != tuple(own):
            raise ValueError(
                f"Shape mismatch: expected {torch.Size(shape[cut:])} but got {torch.Size(own)}"
            )
        return tuple(shape[:cut])

    def _call(self, x: Any) -> Any:
        return x.reshape(self.forward_shape(tuple(x.shape)))

    def _inverse(self, y: Any) -> Any:
        return y.reshape(self.inverse_shape(tuple(y.shape)))

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        return torch.zeros(self._batch(tuple(x.shape), self.in_shape), dtype=x.dtype)

    def forward_shape(self, shape: Any) -> Any:
        return self._batch(shape, self.in_shape) + tuple(self.out_shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._batch(shape, self.out_shape) + tuple(self.in_shape)


class SoftmaxTransform(Transform):
    """y = exp(x), divided by its sum. Not one to one: a common term of x is lost."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    _alike = True

    def _call(self, x: Any) -> Any:
        shares = (x - x.max(-1, True)[0]).exp()
        return shares / shares.sum(-1, True)

    def _inverse(self, y: Any) -> Any:
        return y.log()

    def forward_shape(self, shape: Any) -> Any:
        return _at_least(shape, 1)

    inverse_shape = forward_shape


class StickBreakingTransform(Transform):
    """K - 1 numbers as K shares: each breaks a part off what is left. (*, K - 1) -> (*, K)."""

    domain = constraints.real_vector
    codomain = constraints.simplex
    bijective = True
    _alike = True

    @staticmethod
    def _offsets(x: Any) -> Any:
        # A stick broken at 0 everywhere falls into equal parts.
        return torch.arange(x.shape[-1], 0, -1, dtype=x.dtype).log()

    def _call(self, x: Any) -> Any:
        limits = torch.finfo(x.dtype)
        z = torch.clamp(torch.sigmoid(x - self._offsets(x)), min=limits.tiny, max=1.0 - limits.eps)
        left = (1 - z).cumprod(-1)
        return pad(z, [0, 1], value=1) * pad(left, [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        front = y[..., :-1]
        left = torch.clamp(1 - front.cumsum(-1), min=torch.finfo(y.dtype).tiny)
        return front.log() - left.log() + self._offsets(front)

    def log_abs_det_jacobian(self, x: Any, y: Any) -> Any:
        x = x - self._offsets(x)
        return (-x + torch.nn.functional.logsigmoid(x) + y[..., :-1].log()).sum(-1)

    def forward_shape(self, shape: Any) -> Any:
        shape = _at_least(shape, 1)
        return (*shape[:-1], shape[-1] + 1)

    def inverse_shape(self, shape: Any) -> Any:
        shape = _at_least(shape, 1)
        return (*shape[:-1], shape[-1] - 1)


class CorrCholeskyTransform(Transform):
    """D (D - 1) / 2 numbers as the Cholesky factor of a D x D correlation matrix.

    tanh of each number is a partial correlation, and a row of them breaks a stick of length 1
    (Stan's reference manual, "Cholesky factors of correlation matrices").
    """

    domain = constraints.real_vector
    codomain = constraints.corr_cholesky
    bijective = True

    def _call(self, x: Any) -> Any:
        x = torch.tanh(x)
        eps = torch.finfo(x.dtype).eps
        r = vec_to_tril_matrix(x.clamp(min=-1 + eps, max=1 - eps), diag=-1)
        left = (1 - r**2).sqrt().cumprod(-1)
        r = r + torch.eye(r.shape[-1], dtype=r.dtype)
        return r * pad(left[..., :-1], [1, 0], value=1)

    def _inverse(self, y: Any) -> Any:
        # Above the diagonal is 0, so the sum along a row is what the stick has lost.
        left = 1 - torch.cumsum(y * y, dim=-1)
        left = pad(left[..., :-1], [1, 0], value=1)
        flat = tril_matrix_to_vec(y, diag=-1)
        t = flat / tril_matrix_to_vec(left, diag=-1).sqrt()
        return (t.log1p() - t.neg().log1p()) / 2

    def log_abs_det_jacobian(self, x: Any, y: Any, intermediates: Any = None) -> Any:
        left = 1 - (y * y).cumsum(dim=-1)
        flat = tril_matrix_to_vec(left, diag=-2)
        stick = 0.5 * flat.log().sum(-1)
        return stick - 2 * (x + softplus(-2 * x) - math.log(2.0)).sum(dim=-1)

    def forward_shape(self, shape: Any) -> Any:
        shape = _at_least(shape, 1)
        count = shape[-1]
        size = round((0.25 + 2 * count) ** 0.5 + 0.5)
        if size * (size - 1) // 2 != count:
            raise ValueError("Input is not a flattened lower-diagonal number")
        return (*shape[:-1], size, size)

    def inverse_shape(self, shape: Any) -> Any:
        shape = _at_least(shape, 2)
        if shape[-2] != shape[-1]:
            raise ValueError("Input is not square")
        size = shape[-1]
        return (*shape[:-2], size * (size - 1) // 2)


class LowerCholeskyTransform(Transform):
    """A matrix's lower triangle with exp of its diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.lower_cholesky
    _alike = True

    def _call(self, x: Any) -> Any:
        return x.tril(-1) + x.diagonal(dim1=-2, dim2=-1).exp().diag_embed()

    def _inverse(self, y: Any) -> Any:
        return y.tril(-1) + y.diagonal(dim1=-2, dim2=-1).log().diag_embed()


class PositiveDefiniteTransform(Transform):
    """A matrix as L L^T, L its lower triangle with exp of its diagonal."""

    domain = constraints.independent(constraints.real, 2)
    codomain = constraints.positive_definite
    _alike = True

    def _call(self, x: Any) -> Any:
        factor = LowerCholeskyTransform()(x)
        return factor @ factor.mT

    def _inverse(self, y: Any) -> Any:
        return LowerCholeskyTransform().inv(torch.linalg.cholesky(y))


def _at_least(shape: Any, dims: int) -> tuple[int, ...]:
    if len(shape) < dims:
        raise ValueError("Too few dimensions on input")
    return tuple(shape)
