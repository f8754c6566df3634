"""Bessel functions of order 0 and 1 in float64.

Near the origin by their power series, far away by Hankel's expansions, and between the two by the
trapezoid rule on their integrals, which converges faster than any power on periodic integrands
(DLMF 10.9.1, 10.32.9; expansions 10.17.3, 10.40.1).
"""

from __future__ import annotations

import numpy as np

from rushlight.ir.host import Array

EULER = 0.5772156649015328606
_FAR = 25.0  # Hankel's expansions are good to the last digits from here on
_NODES = 128  # of the trapezoid rule: more than _FAR + 40


def _hankel(order: int, x: Array) -> tuple[Array, Array]:
    """P and Q of Hankel's expansion (DLMF 10.17.1)."""
    p, q = np.ones_like(x), np.zeros_like(x)
    term = np.ones_like(x)
    mu = 4.0 * order * order
    for k in range(1, 24):
        term = term * (mu - (2 * k - 1) ** 2) / (k * 8 * x)
        sign = (1, 1, -1, -1)[k % 4]
        if k % 2:
            q = q + sign * term
        else:
            p = p + sign * term
    return p, q


def _far_phase(x: Array) -> tuple[Array, Array, Array]:
    return np.sqrt(2 / (np.pi * x)), np.cos(x), np.sin(x)


def _far_j(order: int, x: Array) -> Array:
    p, q = _hankel(order, x)
    size, cos, sin = _far_phase(x)
    # cos and sin of x - order pi / 2 - pi / 4, without rounding the difference.
    root = np.sqrt(0.5)
    c, s = ((cos + sin), (sin - cos)) if order == 0 else ((sin - cos), -(cos + sin))
    return np.asarray(size * root * (p * c - q * s))


def _far_y(order: int, x: Array) -> Array:
    p, q = _hankel(order, x)
    size, cos, sin = _far_phase(x)
    root = np.sqrt(0.5)
    c, s = ((cos + sin), (sin - cos)) if order == 0 else ((sin - cos), -(cos + sin))
    return np.asarray(size * root * (p * s + q * c))


def _near_j(order: int, x: Array) -> Array:
    """J_n(x) = mean of cos(n t - x sin t) over a period."""
    t = (np.arange(_NODES) + 0.5) * (2 * np.pi / _NODES)
    return np.asarray(np.cos(order * t - x[..., None] * np.sin(t)).mean(-1))


def _series(order: int, x: Array, sign: int) -> Array:
    """The power series: sign -1 gives J_n, +1 gives I_n."""
    quarter = sign * x * x / 4
    term = (x / 2) ** order
    total = term
    for k in range(1, 60):
        term = term * quarter / (k * (k + order))
        total = total + term
    return np.asarray(total)


def _pieces(x: Array, limits: tuple[float, ...], *functions: object) -> Array:
    """The functions on the pieces of x >= 0 between the limits; nan where x is."""
    out = np.full_like(x, np.nan)
    low = -np.inf
    for high, function in zip((*limits, np.inf), functions, strict=True):
        inside = (x >= low) & (x < high)
        if inside.any():
            out[inside] = function(x[inside])  # type: ignore[operator]
        low = high
    return out


def j0(x: Array) -> Array:
    """The Bessel function of the first kind of order 0."""
    size = np.abs(np.atleast_1d(x))
    found = _pieces(
        size, (1.0, _FAR), lambda v: _series(0, v, -1), lambda v: _near_j(0, v),
        lambda v: _far_j(0, v),
    )  # fmt: skip
    return np.where(np.isinf(size), np.nan, found).reshape(x.shape)  # as PyTorch has it


def j1(x: Array) -> Array:
    """The Bessel function of the first kind of order 1."""
    size = np.abs(np.atleast_1d(x))
    found = _pieces(
        size, (1.0, _FAR), lambda v: _series(1, v, -1), lambda v: _near_j(1, v),
        lambda v: _far_j(1, v),
    )  # fmt: skip
    found = np.where(np.isinf(size), np.nan, found).reshape(x.shape)  # as PyTorch has it
    return np.asarray(np.copysign(1.0, x) * found)


def _near_y0(x: Array) -> Array:
    """Neumann's series in J_0, J_2, J_4 ... (DLMF 10.8.2 and 10.23.2)."""
    total = (np.log(x / 2) + EULER) * _near_j(0, x)
    for k in range(1, 30):
        total = total - 2 * (-1) ** k / k * _near_j(2 * k, x)
    return np.asarray(2 / np.pi * total)


def _near_y1(x: Array) -> Array:
    """Minus the derivative of Y_0, term by term."""
    total = _near_j(0, x) / x - (np.log(x / 2) + EULER) * _near_j(1, x)
    for k in range(1, 30):
        total = total - (-1) ** k / k * (_near_j(2 * k - 1, x) - _near_j(2 * k + 1, x))
    return np.asarray(-2 / np.pi * total)


def _second_kind(x: Array, near: object, order: int) -> Array:
    flat = np.atleast_1d(x)
    found = _pieces(
        flat, (0.0, np.nextafter(0, 1), _FAR), lambda v: np.full_like(v, np.nan),
        lambda v: np.full_like(v, -np.inf), near, lambda v: _far_y(order, v),
    )  # fmt: skip
    return np.where(np.isposinf(flat), np.nan, found).reshape(x.shape)  # as PyTorch has it


def y0(x: Array) -> Array:
    """The Bessel function of the second kind of order 0."""
    return _second_kind(x, _near_y0, 0)


def y1(x: Array) -> Array:
    """The Bessel function of the second kind of order 1."""
    return _second_kind(x, _near_y1, 1)


def _far_scaled_i(order: int, x: Array) -> Array:
    term = np.ones_like(x)
    total = np.ones_like(x)
    mu = 4.0 * order * order
    for k in range(1, 24):
        term = -term * (mu - (2 * k - 1) ** 2) / (k * 8 * x)
        total = total + term
    return np.asarray(total / (np.sqrt(2 * np.pi) * np.sqrt(x)))


def _scaled_i(order: int, x: Array) -> Array:
    size = np.abs(np.atleast_1d(x))
    found = _pieces(
        size, (_FAR,), lambda v: _series(order, v, 1) * np.exp(-v),
        lambda v: _far_scaled_i(order, v),
    )  # fmt: skip
    found[np.isinf(size)] = 0.0
    found = found.reshape(x.shape)
    return found if order == 0 else np.asarray(np.copysign(1.0, x) * found)


def i0e(x: Array) -> Array:
    """exp(-|x|) I_0(x)."""
    return _scaled_i(0, x)


def i1e(x: Array) -> Array:
    """exp(-|x|) I_1(x)."""
    return _scaled_i(1, x)


def i0(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 0."""
    return np.asarray(np.exp(np.abs(x)) * i0e(x))  # nan at infinity, as PyTorch has it


def i1(x: Array) -> Array:
    """The modified Bessel function of the first kind of order 1."""
    return np.asarray(np.exp(np.abs(x)) * i1e(x))


def _far_scaled_k(order: float, x: Array) -> Array:
    term = np.ones_like(x)
    total = np.ones_like(x)
    for k in range(1, 24):
        term = term * (4 * order * order - (2 * k - 1) ** 2) / (k * 8 * x)
        total = total + term
    return np.asarray(np.sqrt(np.pi / (2 * x)) * total)


def scaled_k(order: float, x: Array) -> Array:
    """exp(x) K_n(x): the integral of exp(-x (cosh t - 1)) cosh(n t), for any real order."""
    flat = np.atleast_1d(x).astype(np.float64)
    out = np.where(flat == 0, np.inf, np.nan)
    usable = (flat > 0) & np.isfinite(flat)
    tiny = usable & (flat < 1e-8)
    if tiny.any():
        v = flat[tiny]
        out[tiny] = (1 + v) * (-np.log(v / 2) - EULER if order == 0 else 1 / v)
    far = usable & (flat > _FAR)
    out[far] = _far_scaled_k(order, flat[far])
    rest = usable & ~tiny & ~far
    if rest.any():
        v = flat[rest]
        step = 0.1
        count = int(np.arccosh(1 + 745 / v.min()) / step) + 2
        t = np.arange(1, count) * step
        bend = 2 * np.sinh(t / 2) ** 2  # cosh(t) - 1
        terms = np.exp(-v[:, None] * bend) * np.cosh(order * t)
        out[rest] = step * (0.5 + terms.sum(-1))
    out[np.isposinf(flat)] = 0.0
    return out.reshape(x.shape)


def k0e(x: Array) -> Array:
    """exp(x) K_0(x)."""
    return scaled_k(0, x)


def k1e(x: Array) -> Array:
    """exp(x) K_1(x)."""
    return scaled_k(1, x)


def k0(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 0."""
    return np.exp(-x) * scaled_k(0, x)


def k1(x: Array) -> Array:
    """The modified Bessel function of the second kind of order 1."""
    return np.exp(-x) * scaled_k(1, x)


def spherical_j0(x: Array) -> Array:
    """sin(x) / x."""
    return np.where(x == 0, 1.0, np.where(np.isinf(x), 0.0, np.sin(x) / x))


def airy_ai(x: Array) -> Array:
    """The Airy function Ai: Maclaurin's series near 0, K_1/3 above, its waves below."""
    flat = np.atleast_1d(x).astype(np.float64)
    return _pieces(flat, (-8.0, 2.0), _airy_waves, _airy_series, _airy_k).reshape(x.shape)


def _airy_series(x: Array) -> Array:
    first, second = np.ones_like(x), x.copy()
    f, g = first, second
    for k in range(1, 70):
        first = first * x**3 / ((3 * k - 1) * (3 * k))
        second = second * x**3 / ((3 * k) * (3 * k + 1))
        f, g = f + first, g + second
    return np.asarray(0.355028053887817239 * f - 0.258819403792806798 * g)


def _airy_k(x: Array) -> Array:
    zeta = 2 / 3 * x * np.sqrt(x)
    return np.asarray(np.sqrt(x / 3) / np.pi * np.exp(-zeta) * scaled_k(1 / 3, zeta))


def _airy_waves(x: Array) -> Array:
    """DLMF 9.7.9."""
    z = -x
    zeta = 2 / 3 * z * np.sqrt(z)
    term = np.ones_like(z)
    even, odd = np.ones_like(z), np.zeros_like(z)
    for k in range(1, 20):
        ratio = (6 * k - 5) * (6 * k - 3) * (6 * k - 1) / (216 * k * (2 * k - 1))
        term = term * ratio / zeta
        sign = (1, 1, -1, -1)[k % 4]
        if k % 2:
            odd = odd + sign * term
        else:
            even = even + sign * term
    angle = zeta - np.pi / 4
    return np.asarray((np.cos(angle) * even + np.sin(angle) * odd) / (np.sqrt(np.pi) * z**0.25))
