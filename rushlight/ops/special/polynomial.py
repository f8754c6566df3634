"""Orthogonal polynomials: chebyshev_polynomial_t, hermite_polynomial_h, laguerre, legendre.

Each is a recurrence in the degree ``n``, which may be a tensor: a host call goes up to the largest
degree and keeps each element's own. Degrees below 0 give 0. None has a gradient, as in PyTorch.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from rushlight.ir.graph import Node
from rushlight.ir.host import Array
from rushlight.ops.promote import require_tensor
from rushlight.ops.samples import Rng, Samples, floats
from rushlight.ops.special.host_function import host_node, real_operands, register
from rushlight.ops.table import Op, Operand, composite

Step = Callable[[int, Array, Array, Array], Array]  # k, x, p_k, p_(k-1) -> p_(k+1)
_LARGEST = 100_000  # a degree beyond is nan
_UNCOUNTED = 2.0**63  # no whole number of 64 bits: as below 0


def _evaluate(x: Array, n: Array, first: Callable[[Array], Array], step: Step) -> Array:
    degrees = np.where(np.isfinite(n) & (n < _UNCOUNTED), np.trunc(n), -1)
    out = np.where(degrees < 0, 0.0, np.where(degrees > _LARGEST, np.nan, 1.0))
    before, here = np.ones_like(x), first(x)
    top = int(min(degrees.max(initial=0), _LARGEST))
    for k in range(1, top + 1):
        out = np.where(degrees == k, here, out)
        before, here = here, step(k, x, here, before)
    return out


def _chebyshev(k: int, x: Array, here: Array, before: Array) -> Array:
    return 2 * x * here - before


def _family(name: str, first: Callable[[Array], Array], step: Step, doc: str) -> Op:
    register(name, lambda x, n: _evaluate(x, n, first, step))

    def body(x: Operand, n: Operand) -> Node:
        require_tensor(f"special_{name}", x, n)
        return host_node(name, *real_operands(x, n))

    body.__name__ = name
    body.__doc__ = f"{doc} polynomial of degree ``n`` at each element; both broadcast."
    made: Op = composite(body, name=f"_special_{name}", torch=False, differentiable=False)

    def rows(rng: Rng) -> Samples:
        degrees = np.array([-1.0, 0.0, 1.0, 2.0, 7.0])
        yield (floats(rng, 4, 5), degrees), {}
        yield (floats(rng, 3), 4), {}
        yield (0.5, degrees), {}
        yield (np.array([1, -1, 2]), np.array([3, 2, 0])), {}

    made.samples(rows)
    return made


def _chebyshev_family(letter: str, first: Callable[[Array], Array]) -> None:
    kind = f"Chebyshev's {letter.upper()}"
    _family(f"chebyshev_polynomial_{letter}", first, _chebyshev, kind)

    def shifted(k: int, x: Array, here: Array, before: Array) -> Array:
        return _chebyshev(k, 2 * x - 1, here, before)

    _family(
        f"shifted_chebyshev_polynomial_{letter}", lambda x: first(2 * x - 1), shifted,
        f"{kind}, shifted to [0, 1],",
    )  # fmt: skip


_chebyshev_family("t", lambda x: x)
_chebyshev_family("u", lambda x: 2 * x)
_chebyshev_family("v", lambda x: 2 * x - 1)
_chebyshev_family("w", lambda x: 2 * x + 1)
_family(
    "hermite_polynomial_h", lambda x: 2 * x,
    lambda k, x, here, before: 2 * x * here - 2 * k * before, "The physicist's Hermite",
)  # fmt: skip
_family(
    "hermite_polynomial_he", lambda x: x, lambda k, x, here, before: x * here - k * before,
    "The probabilist's Hermite",
)  # fmt: skip
_family(
    "laguerre_polynomial_l", lambda x: 1 - x,
    lambda k, x, here, before: ((2 * k + 1 - x) * here - k * before) / (k + 1), "Laguerre's",
)  # fmt: skip
_family(
    "legendre_polynomial_p", lambda x: x,
    lambda k, x, here, before: ((2 * k + 1) * x * here - k * before) / (k + 1), "Legendre's",
)  # fmt: skip
