"""torch.nn.utils.parametrizations: weight_norm, spectral_norm, orthogonal."""

from __future__ import annotations

from enum import Enum, auto
from typing import Any

from rushlight.autograd import no_grad
from rushlight.base.limits import finfo
from rushlight.nn import functional as F
from rushlight.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from rushlight.nn.modules.module import Module
from rushlight.nn.utils.parametrize import register_parametrization
from rushlight.tensor import Tensor, cat, dot, eye, mv, randn, zeros_like
from rushlight.tensor.functions.linalg import LINALG
from rushlight.tensor.functions.weight_norm import norm_except_dim
from rushlight.tensor.functions.weight_norm import weight_norm as _normed
from rushlight.tensor.wrap import function

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _weight_of(module: Any, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int | None = 0) -> Any:
    """Give the parameter a length and a direction: ``original0`` and ``original1``.

    The lengths are those along ``dim``; None is one length for all (Salimans and Kingma 2016).

    >>> import rushlight as torch
    >>> m = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(20, 40))
    >>> m.parametrizations.weight.original0.shape
    torch.Size([40, 1])
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def from_old_names(state_dict: Any, prefix: str, *rest: Any) -> None:
        for old, new in (("g", 0), ("v", 1)):
            key = f"{prefix}{name}_{old}"
            if key in state_dict:
                state_dict[f"{prefix}parametrizations.{name}.original{new}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(from_old_names)
    return module


class _SpectralNorm(Module):
    _u: Tensor
    _v: Tensor

    def __init__(
        self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        if dim >= weight.ndim or dim < -weight.ndim:
            raise IndexError(
                f"Dimension out of range (expected to be in range of [-{weight.ndim}, "
                f"{weight.ndim - 1}] but got {dim})"
            )
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, but got "
                f"n_power_iterations={n_power_iterations}"
            )
        self.dim = dim if dim >= 0 else dim + weight.ndim
        self.eps = eps
        if weight.ndim > 1:
            self.n_power_iterations = n_power_iterations
            with no_grad():
                matrix = self._matrix(weight.detach())
                rows, columns = matrix.shape
                u = matrix.new_empty(rows).normal_(0, 1)
                v = matrix.new_empty(columns).normal_(0, 1)
                self.register_buffer("_u", F.normalize(u, dim=0, eps=self.eps))
                self.register_buffer("_v", F.normalize(v, dim=0, eps=self.eps))
                self._power_method(matrix, 15)

    def _matrix(self, weight: Tensor) -> Tensor:
        if self.dim != 0:
            weight = function("movedim")(weight, self.dim, 0)
        return weight.flatten(1)

    def _power_method(self, matrix: Tensor, times: int) -> None:
        with no_grad():
            for _ in range(times):
                self._u.copy_(F.normalize(mv(matrix, self._v), dim=0, eps=self.eps))
                self._v.copy_(F.normalize(mv(matrix.t(), self._u), dim=0, eps=self.eps))

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = self._matrix(weight)
        if self.training:
            self._power_method(matrix.detach(), self.n_power_iterations)
        u, v = self._u.clone(), self._v.clone()
        return weight / dot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


_TRANSPOSED = (ConvTranspose1d, ConvTranspose2d, ConvTranspose3d)


def spectral_norm(
    module: Any, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12,
    dim: int | None = None,
) -> Any:  # fmt: skip
    """Divide the parameter by its largest singular value, found by power iteration (Miyato 2018).

    Each forward in training mode goes ``n_power_iterations`` on.
    """
    weight = _weight_of(module, name)
    if dim is None:
        dim = 1 if isinstance(module, _TRANSPOSED) else 0
    made = _SpectralNorm(weight, n_power_iterations, dim, eps)
    return register_parametrization(module, name, made)


class _OrthMaps(Enum):
    matrix_exp = auto()
    cayley = auto()
    householder = auto()


def _is_orthogonal(q: Tensor, eps: float | None = None) -> bool:
    columns = q.shape[-1]
    identity = eye(columns, dtype=q.dtype)
    room = (10.0 * columns * finfo(q.dtype).eps) if eps is None else eps
    return bool(((q.mT @ q - identity).abs() <= room).all())


def _make_orthogonal(a: Tensor) -> Tensor:
    """The orthogonal factor of A = Q R with a positive diagonal of R."""
    q, r = LINALG["qr"](a)
    signs = r.diagonal(dim1=-2, dim2=-1).sgn()
    made: Tensor = q * signs.unsqueeze(-2)
    return made


def _reflected(x: Tensor, rows: int, columns: int) -> Tensor:
    """The first columns of the product of the Householder reflections below x's diagonal.

    H_1 ... H_k = 1 - V T V^T, where 1 / T is the strict upper part of V^T V over the diagonal
    1 / tau (Joffrain et al. 2006); no loop over the reflections.
    """
    below = x.tril(-1)
    one = eye(rows, columns, dtype=x.dtype)
    tau = 2.0 / (1.0 + (below * below).sum(dim=-2))
    v = below + one
    inverse = (v.mT @ v).triu(1) + (1.0 / tau).unsqueeze(-1) * eye(columns, dtype=x.dtype)
    middle = LINALG["solve"](inverse, v[..., :columns, :].mT)
    made: Tensor = one - v @ middle
    return made


class _Orthogonal(Module):
    base: Tensor

    def __init__(
        self, weight: Tensor, orthogonal_map: _OrthMaps, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = x.shape[-2:]
        transposed = rows < columns
        if transposed:
            x, rows, columns = x.mT, columns, rows
        if self.orthogonal_map is _OrthMaps.householder:
            q = _reflected(x, rows, columns)
            signs = x.diagonal(dim1=-2, dim2=-1).detach().trunc()
            q = q * signs.unsqueeze(-2)
        else:
            x = x.tril()
            if rows != columns:
                filler = x.new_zeros(*x.shape[:-2], rows, rows - columns)
                x = cat([x, filler], dim=-1)
            skew = x - x.mT
            if self.orthogonal_map is _OrthMaps.matrix_exp:
                q = function("matrix_exp")(skew)
            else:
                identity = eye(rows, dtype=x.dtype)
                q = LINALG["solve"](identity - 0.5 * skew, identity + 0.5 * skew)
            if rows != columns:
                q = q[..., :columns]
        if "base" in self._buffers:
            q = self.base @ q
        return q.mT if transposed else q

    def right_inverse(self, q: Tensor) -> Tensor:
        with no_grad():
            if q.shape != self.shape:
                raise ValueError(
                    f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor "
                    f"of shape {q.shape}."
                )
            given = q
            rows, columns = q.shape[-2:]
            transposed = rows < columns
            if transposed:
                q, rows, columns = q.mT, columns, rows
            if "base" not in self._buffers:
                return self._without_base(q, transposed)
            if rows == columns:
                q = q.clone() if _is_orthogonal(q) else _make_orthogonal(q)
            else:
                more = randn(*q.shape[:-2], rows, rows - columns, dtype=q.dtype)
                q = _make_orthogonal(cat([q, more], dim=-1))
            self.base = q
            start = zeros_like(given)
            start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
            return start

    def _without_base(self, q: Tensor, transposed: bool) -> Tensor:
        if self.orthogonal_map is not _OrthMaps.householder:
            raise NotImplementedError(
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
        reflections, lengths = function("_geqrf")(q)
        signs = reflections.diagonal(dim1=-2, dim2=-1)
        # forward's columns are those of the reflections times this diagonal: R's signs, but where
        # a column needed no reflection (length 0), forward's own has length 2.
        signs.sign_()
        signs[lengths == 0.0] *= -1
        return reflections.mT if transposed else reflections


def orthogonal(
    module: Any, name: str = "weight", orthogonal_map: str | None = None, *,
    use_trivialization: bool = True,
) -> Any:  # fmt: skip
    """Keep the parameter's rows or columns orthonormal, whichever are fewer.

    ``orthogonal_map``: "matrix_exp" (of a skew-symmetric matrix; default where square), "cayley",
    "householder" (product of reflections; default otherwise). ``use_trivialization`` starts from
    the parameter as it is (Lezcano-Casado 2019).
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise ValueError(
            f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        )
    square = weight.shape[-2] == weight.shape[-1]
    chosen = orthogonal_map or ("matrix_exp" if square else "householder")
    found = _OrthMaps.__members__.get(chosen)
    if found is None:
        raise ValueError(
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: '
            f"{orthogonal_map}"
        )
    made = _Orthogonal(weight, found, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)
