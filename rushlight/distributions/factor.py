"""Lower triangular factors of covariances."""

from __future__ import annotations

from typing import Any

import rushlight as torch


def batch_mv(matrix: Any, vector: Any) -> Any:
    """Matrix times vector, both with batches. (*, M, N), (*, N) -> (*, M)."""
    return torch.matmul(matrix, vector.unsqueeze(-1)).squeeze(-1)


def mahalanobis(factor: Any, vector: Any) -> Any:
    """|L^-1 x|^2: L (*, N, N) is lower triangular, x (*, N)."""
    return batch_mv(torch.linalg.inv(factor).tril(), vector).pow(2).sum(-1)


def log_diagonal(factor: Any) -> Any:
    """Half the log-determinant of L L^T: the sum of the logs of L's diagonal."""
    return factor.diagonal(dim1=-2, dim2=-1).log().sum(-1)


def factor_of_precision(precision: Any) -> Any:
    """L with L L^T = precision^-1, lower triangular.

    The factor of the precision read backwards is an upper factor of it; its inverse, transposed,
    is L.
    """
    backwards = torch.linalg.cholesky(torch.flip(precision, (-2, -1)))
    upper = torch.flip(backwards, (-2, -1)).mT
    return torch.linalg.inv(upper).tril()


def precision_of_factor(factor: Any) -> Any:
    """(L L^T)^-1."""
    inverse = torch.linalg.inv(factor).tril()
    return inverse.mT @ inverse
