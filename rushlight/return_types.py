"""``torch.return_types``: the named tuples that operations return."""

from __future__ import annotations

from rushlight.ops.return_types import (
    aminmax,
    cummax,
    cummin,
    frexp,
    histogram,
    histogramdd,
    kthvalue,
    max,
    median,
    min,
    mode,
    nanmedian,
    sort,
    topk,
)  # fmt: skip
from rushlight.tensor.functions.linalg.factor import _Cholesky as linalg_cholesky_ex
from rushlight.tensor.functions.linalg.factor import _Eig as linalg_eig
from rushlight.tensor.functions.linalg.factor import _Eigh as linalg_eigh
from rushlight.tensor.functions.linalg.factor import _Geqrf as geqrf
from rushlight.tensor.functions.linalg.factor import _OldQr as qr
from rushlight.tensor.functions.linalg.factor import _OldSvd as svd
from rushlight.tensor.functions.linalg.factor import _Qr as linalg_qr
from rushlight.tensor.functions.linalg.factor import _Svd as linalg_svd
from rushlight.tensor.functions.linalg.inverse import _InvEx as linalg_inv_ex
from rushlight.tensor.functions.linalg.inverse import _OldSlogdet as slogdet
from rushlight.tensor.functions.linalg.inverse import _Slogdet as linalg_slogdet
from rushlight.tensor.functions.linalg.inverse import _SolveEx as linalg_solve_ex
from rushlight.tensor.functions.linalg.inverse import _Triangular as triangular_solve
from rushlight.tensor.functions.linalg.ldl import _Factor as linalg_ldl_factor
from rushlight.tensor.functions.linalg.ldl import _FactorEx as linalg_ldl_factor_ex
from rushlight.tensor.functions.linalg.least_squares import _Lstsq as linalg_lstsq
from rushlight.tensor.functions.linalg.lu import _Factor as linalg_lu_factor
from rushlight.tensor.functions.linalg.lu import _FactorEx as linalg_lu_factor_ex
from rushlight.tensor.functions.linalg.lu import _Lu as linalg_lu
from rushlight.tensor.functions.linalg.lu import _Unpacked as lu_unpack

__all__ = [
    "aminmax", "cummax", "cummin", "frexp", "geqrf", "histogram", "histogramdd", "kthvalue",
    "linalg_cholesky_ex", "linalg_eig", "linalg_eigh", "linalg_inv_ex", "linalg_ldl_factor",
    "linalg_ldl_factor_ex", "linalg_lstsq", "linalg_lu", "linalg_lu_factor",
    "linalg_lu_factor_ex", "linalg_qr", "linalg_slogdet", "linalg_solve_ex", "linalg_svd",
    "lu_unpack", "max", "median", "min", "mode", "nanmedian", "qr", "slogdet", "sort", "svd",
    "topk", "triangular_solve",
]  # fmt: skip
