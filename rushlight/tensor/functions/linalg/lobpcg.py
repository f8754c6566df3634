"""torch.lobpcg: a few extreme eigenpairs of a large symmetric matrix, by products with it alone.

Locally optimal block preconditioned conjugate gradients (Knyazev 2001, SIAM J. Sci. Comput. 23(2),
517-541): each step takes the best vectors within the span of the present ones, their residuals and
the last step's directions. The span's basis is made orthonormal from its Gram matrix (Stathopoulos
and Wu 2002, SIAM J. Sci. Comput. 23(6), 2165-2182). The iteration runs in NumPy.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from rushlight.engine.trace import local
from rushlight.ops.linalg import LinAlgError
from rushlight.tensor.functions.linalg.register import LINALG
from rushlight.tensor.functions.register import public
from rushlight.tensor.random import randn
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function

Array = npt.NDArray[Any]
Times = Callable[[Array], Array]


def _times(matrix: Any) -> Times:
    """What multiplies by ``matrix``: none (the identity), dense or sparse (m, m)."""
    if matrix is None:
        return lambda x: x
    if not matrix.is_sparse:
        array = matrix.detach()._array()
        return lambda x: array @ x
    merged = matrix.detach().coalesce()
    rows, columns = merged.indices()._array()
    values = merged.values()._array()[:, None]

    def product(x: Array) -> Array:
        out = np.zeros_like(x)
        np.add.at(out, rows, values * x[columns])
        return out

    return product


class LOBPCG:
    """The state of one iteration, which a ``tracker`` is shown at each step.

    ``E`` (n), ``X`` (m, n) are the present eigenpairs, ``R`` (m, n) their residuals, ``S`` the last
    step's basis; counts are in ``ivars``, what decided in ``tvars``; ``bvars["force_stop"]``
    ends the iteration.
    """

    def __init__(self, A: Any, B: Any, iK: Any, start: Array, iparams: dict[str, int],
                 tol: float, largest: bool, method: str) -> None:  # fmt: skip
        self.A, self.B, self.iK, self.method = A, B, iK, method
        self.iparams, self.fparams = iparams, {"tol": tol}
        self.bparams = {"largest": largest}
        self.ivars = {"istep": 0, "iterations_left": iparams["niter"], "converged_count": 0}
        self.fvars: dict[str, float] = {}
        self.bvars = {"force_stop": False}
        self.tvars: dict[str, Tensor] = {}
        self._a, self._b, self._precondition = _times(A), _times(B), _times(iK)
        norm = float(np.linalg.norm(start)) or 1.0
        self.fvars["A_norm"] = float(np.linalg.norm(self._a(start))) / norm
        self.fvars["B_norm"] = float(np.linalg.norm(self._b(start))) / norm
        self._move = np.zeros_like(start[:, :0])
        basis = self._basis(start)
        if basis.shape[1] < start.shape[1]:
            raise LinAlgError("lobpcg: B is not positive-definite, or the columns of X depend")
        self._best_of(basis, start.shape[1])

    def _basis(self, span: Array) -> Array:
        """Columns that span the same, orthonormal as B measures; what depends on others goes."""
        for _ in range(2):  # the second time for what rounding left
            gram = span.T @ self._b(span)
            lengths = np.sqrt(np.maximum(np.diagonal(gram), 0))
            kept = lengths > 0
            span, lengths = span[:, kept], lengths[kept]
            weights, turn = np.linalg.eigh(gram[np.ix_(kept, kept)] / np.outer(lengths, lengths))
            some = weights > weights.max(initial=0) * span.shape[0] * np.finfo(span.dtype).eps
            span = span @ (turn[:, some] / (lengths[:, None] * np.sqrt(weights[some])))
        return span

    def _best_of(self, basis: Array, count: int) -> None:
        """The extreme eigenpairs within the span of ``basis`` (Rayleigh and Ritz)."""
        projected = basis.T @ self._a(basis)
        values, vectors = np.linalg.eigh((projected + projected.T) / 2)
        if self.bparams["largest"]:
            values, vectors = values[::-1], vectors[:, ::-1]
        self._values, chosen = values[:count].copy(), vectors[:, :count]
        old = count if basis.shape[1] > count else 0
        self._move = basis[:, old:] @ chosen[old:]  # what is new in the vectors
        self._vectors, self._span = basis @ chosen, basis
        self._rest = self._a(self._vectors) - self._b(self._vectors) * self._values
        size = self.fvars["A_norm"] + np.abs(self._values) * self.fvars["B_norm"]
        lengths = np.linalg.norm(self._vectors, axis=0)
        self._errors = np.linalg.norm(self._rest, axis=0) / (lengths * size)

    def step(self) -> None:
        """One step: a wider span, and the best vectors within it."""
        self.ivars["istep"] += 1
        self.ivars["iterations_left"] -= 1
        open_ = self._errors >= self.fparams["tol"]
        ahead = np.concatenate((self._precondition(self._rest[:, open_]), self._move), axis=1)
        for _ in range(2):
            ahead = ahead - self._vectors @ (self._vectors.T @ self._b(ahead))
        basis = np.concatenate((self._vectors, self._basis(ahead)), axis=1)
        self._best_of(basis, self._vectors.shape[1])

    def done(self) -> bool:
        """Whether the first k have converged, or nobody wants to go on."""
        wanted = self._errors[: self.iparams["k"]] < self.fparams["tol"]
        self.ivars["converged_count"] = int(np.argmin(wanted)) if not wanted.all() else len(wanted)
        out = self.ivars["iterations_left"] == 0 or self.bvars["force_stop"]
        return bool(wanted.all()) or out

    def show(self, tracker: Callable[[LOBPCG], Any]) -> None:
        """Call ``tracker`` with the present state as tensors."""
        for name, array in (
            ("E", self._values), ("X", self._vectors), ("R", self._rest), ("S", self._span),
        ):  # fmt: skip
            setattr(self, name, Tensor._from_array(array))
        self.tvars["rerr"] = Tensor._from_array(self._errors)
        tracker(self)

    def run(self, tracker: Callable[[LOBPCG], Any] | None) -> tuple[Array, Array]:
        """The first k eigenvalues (k) and vectors (m, k)."""
        while not self.done():
            self.step()
            if tracker is not None:
                self.show(tracker)
        k = self.iparams["k"]
        return self._values[:k], self._vectors[:, :k]


def _one(A: Any, B: Any, iK: Any, X: Any, settings: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Of one matrix: (k), (m, k). With a gradient, what is flown through is all of eigh."""
    m, n, k = A.shape[-1], settings["n"], settings["k"]
    start = (randn(m, n, dtype=A.dtype) if X is None else X.detach())._array().copy()
    counts = {"m": m, "n": n, "k": k, "niter": settings["niter"]}
    state = LOBPCG(
        A, B, iK, start, counts, settings["tol"], settings["largest"], settings["method"]
    )
    values, vectors = (Tensor._from_array(each.copy()) for each in state.run(settings["tracker"]))
    if not (A.requires_grad and local.trace.grad):
        return values, vectors
    every, turned = LINALG["eigh"](A)
    places = range(m - 1, m - 1 - k, -1) if settings["largest"] else range(k)
    index = Tensor._from_array(np.array(places))
    every = function("index_select")(every, 0, index)
    turned = function("index_select")(turned, 1, index)
    # A vector and its negative are as good: the sign is the iteration's.
    along = function("sum")(function("mul")(turned.detach(), vectors), (0,))
    return every, function("mul")(turned, function("sign")(along))


@public()
def lobpcg(
    A: Tensor, k: int | None = None, B: Tensor | None = None, X: Tensor | None = None,
    n: int | None = None, iK: Tensor | None = None, niter: int | None = None,
    tol: float | None = None, largest: bool | None = None, method: str | None = None,
    tracker: Callable[[LOBPCG], Any] | None = None, ortho_iparams: Any = None,
    ortho_fparams: Any = None, ortho_bparams: Any = None,
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """The k largest (or smallest) eigenvalues of symmetric A x = e B x, and vectors.

    ``A`` (*, m, m), dense or sparse; ``X`` (*, m, n) where to start (drawn otherwise), ``iK``
    (*, m, m) a preconditioner. Gives E (*, k), X (*, m, k), X.T B X = 1. A step takes products with
    A; the iteration ends after ``niter`` steps (1000; -1: none) or where residuals are below
    ``tol`` (the root of the dtype's eps) of the norms. Both methods are the one of this file, and
    the ``ortho_`` parameters tune nothing here. Raises ValueError where m < 3 n, and for gradients
    of a generalised or sparse problem.

    >>> import rushlight as torch
    >>> start = torch.arange(18.0).reshape(9, 2).sin()
    >>> E, X = torch.lobpcg(torch.diag(torch.arange(9.0)), k=2, X=start)
    >>> [f"{e:.2f}" for e in E.tolist()]
    ['8.00', '7.00']
    """
    if A.shape[-1] != A.shape[-2]:
        raise AssertionError(f"A must be square, got shape {A.shape}")
    if not A.dtype.is_floating_point or A.dtype.itemsize < 4:
        raise RuntimeError(f"lobpcg: A must be float32 or float64, got {A.dtype}")
    if A.requires_grad and local.trace.grad and (B is not None or A.is_sparse):  # type: ignore[attr-defined]
        what = "with B != I" if B is not None else "of sparse input"
        raise ValueError(f"lobpcg: there is no gradient {what}")
    m = A.shape[-1]
    columns = n if X is None else X.shape[-1]
    wanted = k if k is not None else columns if X is not None else 1
    assert wanted is not None
    count = wanted if columns is None else columns
    if m < 3 * count:
        raise ValueError(
            f"LOBPCG algorithm is not applicable when the number of A rows (={m}) is smaller than "
            f"3 x the number of requested eigenpairs (={count})"
        )
    settings = {
        "n": count, "k": min(wanted, count), "niter": 1000 if niter is None else niter,
        "tol": float(np.finfo(A.dtype.np).eps) ** 0.5 if tol is None else tol,
        "largest": True if largest is None else largest, "method": method or "ortho",
        "tracker": tracker,
    }  # fmt: skip
    if A.ndim == 2:
        return _one(A, B, iK, X, settings)
    batch = tuple(A.shape[:-2])
    flat = [
        None if each is None else function("reshape")(each, (-1, *each.shape[-2:]))
        for each in (A, B, iK, X)
    ]
    found = [
        _one(*(None if each is None else each[place] for each in flat), settings)
        for place in range(flat[0].shape[0])  # type: ignore[union-attr]
    ]
    values, vectors = (function("stack")(each) for each in zip(*found, strict=True))
    return (
        function("reshape")(values, (*batch, -1)),
        function("reshape")(vectors, (*batch, m, -1)),
    )
