"""The exponential of square matrices: a host call in float64 or complex128."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rushlight.ir import build
from rushlight.ir.graph import Node
from rushlight.ir.host import Array, host
from rushlight.ops.linalg.check import require_matrix
from rushlight.ops.matmul import transposed
from rushlight.ops.samples import BadInputs, Rng, Samples, floats
from rushlight.ops.table import composite

# Of the [13/13] Pade approximant of exp (Higham 2005, "The scaling and squaring method for the
# matrix exponential revisited"), and the norm up to which it is exact to double precision.
_PADE = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0, 40840800.0,
    960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_REACH = 5.371920351148152


def _each(a: Array) -> Array:
    """(B, N, N), of float64 or complex128."""
    sizes = np.abs(a).sum(axis=-2).max(axis=-1, initial=0)
    halvings = np.zeros(len(a), np.int64)
    known = np.isfinite(sizes)
    large = known & (sizes > _REACH)
    halvings[large] = np.ceil(np.log2(sizes[large] / _REACH))
    a = np.where(known[:, None, None], a, 0) / 2.0 ** halvings[:, None, None]
    b, one = _PADE, np.eye(a.shape[-1])
    a2 = a @ a
    a4 = a2 @ a2
    a6 = a4 @ a2
    odd = a6 @ (b[13] * a6 + b[11] * a4 + b[9] * a2) + b[7] * a6 + b[5] * a4 + b[3] * a2
    odd = a @ (odd + b[1] * one)
    even = a6 @ (b[12] * a6 + b[10] * a4 + b[8] * a2) + b[6] * a6 + b[4] * a4 + b[2] * a2
    even = even + b[0] * one
    result = np.linalg.solve(even - odd, even + odd)
    for done in range(halvings.max(initial=0)):
        more = halvings > done
        result[more] = result[more] @ result[more]
    result[~known] = np.nan
    return np.asarray(result)


@host("matrix_exp", complex=True)
def _host_exp(arrays: tuple[Array, ...], params: tuple[Any, ...]) -> Array:
    x = arrays[0].astype(np.complex128 if arrays[0].dtype.kind == "c" else np.float64)
    return _each(x.reshape(math.prod(x.shape[:-2]), *x.shape[-2:])).reshape(x.shape)


@composite(method=True, grad_name="LinalgMatrixExp")
def matrix_exp(input: Node) -> Node:
    """The sum of input**k / k! over all k, of square matrices (*, N, N)."""
    if input.dtype.name not in ("float16", "bfloat16") or input.ndim < 2:
        require_matrix("matrix_exp", input)
    return build.host("matrix_exp", (input,), input.shape, input.dtype)


@matrix_exp.vjp
def _(g: Node, out: Node, input: Node) -> tuple[Node]:
    # The corner of exp([[A^T, G], [0, A^T]]) is the derivative along G (Mathias 1996).
    turned = transposed(input)
    nothing = build.const(0, input.shape, input.dtype)
    axis, size = input.ndim - 1, input.shape[-1]
    above = build.cat([turned, g], axis)
    below = build.cat([nothing, turned], axis)
    whole: Node = matrix_exp(build.cat([above, below], axis - 1))
    start = (*(0,) * (input.ndim - 1), size)
    return (build.slice(whole, start, input.shape, (1,) * input.ndim),)


@matrix_exp.samples
def _(rng: Rng) -> Samples:
    yield (floats(rng, 3, 3),), {}
    yield (floats(rng, 2, 4, 4, low=-6, high=6),), {}
    yield (np.zeros((2, 2)),), {}
    yield (np.zeros((0, 3, 3)),), {}


@matrix_exp.bad_inputs
def _(rng: Rng) -> BadInputs:
    yield (np.ones((2, 3)),), {}, RuntimeError, "square"
