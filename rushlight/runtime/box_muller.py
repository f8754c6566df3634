"""Normals from uniforms (Box and Muller, 1958), to the bit as PyTorch's vectorised CPU filler.

PyTorch takes blocks of 16 uniforms: u1 from the first eight, u2 from the others, and writes
``r cos(t)`` over the first and ``r sin(t)`` over the second half, with r = sqrt(-2 log(1 - u1))
and t = 2 pi u2. Below float64 it computes log, sin and cos by the polynomials of Moshier's Cephes
library with fused multiply-adds, and the last bit depends on where those are, so the same steps
are taken here. NumPy has no fused multiply-add, but a product of two float32 is exact in float64:
multiply and add there, then round once to float32 (a second rounding shows about once in 2**29).
"""

from __future__ import annotations

from typing import Any

import numpy as np

F32 = np.ndarray[Any, np.dtype[np.float32]]
F64 = np.ndarray[Any, np.dtype[np.float64]]

BLOCK = 16
HALF = BLOCK // 2
# Uniform pairs worked on at a time, so that the temporaries stay in the second-level cache.
CHUNK = 16384

_SQRT_HALF = np.int32(np.float32(0.5**0.5).view(np.int32))
_LOG = [
    float(np.float32(c))
    for c in (
        7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
        -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
    )
]  # fmt: skip
# log(2) and pi / 4 in parts that multiply small whole numbers without rounding
_LOG2_LOW, _LOG2_HIGH = np.float32(-2.12194440e-4), 0.693359375
_QUARTER_PI = [
    float(np.float32(c)) for c in (0.78515625, 2.4187564849853515625e-4, 3.77489497744594108e-8)
]
_FOUR_OVER_PI = np.float32(1.27323954473516)
_SIN = [float(np.float32(c)) for c in (-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1)]
_COS = [
    float(np.float32(c))
    for c in (2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2)
]


def _horner(coefficients: list[float], x: F64) -> F32:
    """A polynomial by fused multiply-adds in float32. x holds float32 values."""
    wide = x * coefficients[0]
    wide += coefficients[1]
    narrow = wide.astype(np.float32)
    for coefficient in coefficients[2:]:
        np.multiply(narrow, x, out=wide)
        wide += coefficient
        narrow[...] = wide
    return narrow


def _log(u: F32) -> F32:
    """Natural logarithm of values in (0, 1]."""
    # u = m * 2**e with m in [sqrt(1/2), sqrt(2))
    bits = u.view(np.int32) - _SQRT_HALF
    e = (bits >> 23).astype(np.float32)
    bits &= 0x7F_FFFF
    bits += _SQRT_HALF
    x = bits.view(np.float32) - np.float32(1)
    wide = x.astype(np.float64)
    y = _horner(_LOG, wide)
    y *= x
    z = x * x
    # y = fma(y, z, e * low) ; y = fma(z, -1/2, y) ; x = fma(e, high, x + y)
    np.multiply(y, z, out=wide, dtype=np.float64)
    wide += e * _LOG2_LOW
    y[...] = wide
    np.multiply(z, -0.5, out=wide, dtype=np.float64)
    wide += y
    y[...] = wide
    y += x
    np.multiply(e, _LOG2_HIGH, out=wide, dtype=np.float64)
    wide += y
    y[...] = wide
    return y


def _sincos(angle: F32) -> tuple[F32, F32]:
    """Sine and cosine of angles in [0, 2 pi]."""
    octant = (angle * _FOUR_OVER_PI).astype(np.int32)
    octant += 1
    octant &= ~1
    turns = octant.astype(np.float64)
    x = angle
    for part in _QUARTER_PI:
        x = (x - turns * part).astype(np.float32)
    wide = x.astype(np.float64)
    z = x * x
    wide_z = z.astype(np.float64)
    c = _horner(_COS, wide_z)
    c *= z
    np.multiply(c, wide_z, out=turns)
    z *= np.float32(0.5)
    turns -= z
    c[...] = turns
    c += np.float32(1)
    s = _horner(_SIN, wide_z)
    s *= wide_z.astype(np.float32)
    np.multiply(s, wide, out=turns)
    turns += x
    s[...] = turns
    swap = (octant & 2) != 0
    sine = np.where(swap, c, s)
    cosine = np.where(swap, s, c)
    # octants 4 to 7 have a negative sine, 2 to 5 a negative cosine: move that bit to the sign
    sine.view(np.int32)[...] ^= (octant & 4) << 29
    cosine.view(np.int32)[...] ^= ((octant + 2) & 4) << 29
    return sine, cosine


def normals32(uniforms: F32) -> F32:
    """Standard normals from uniforms (16 k,) in [0, 1), written over them and returned."""
    blocks = uniforms.reshape(-1, 2, HALF)
    step = CHUNK // HALF
    for begin in range(0, len(blocks), step):
        part = blocks[begin : begin + step]
        r = _log((np.float32(1) - part[:, 0]).ravel())
        r *= np.float32(-2)
        np.sqrt(r, out=r)
        sine, cosine = _sincos((part[:, 1] * np.float32(2 * np.pi)).ravel())
        cosine *= r
        sine *= r
        part[:, 0] = cosine.reshape(-1, HALF)
        part[:, 1] = sine.reshape(-1, HALF)
    return uniforms


def normals64(uniforms: F64) -> F64:
    """The same in float64, where PyTorch calls the C library's log, sin and cos, as NumPy does."""
    blocks = uniforms.reshape(-1, 2, HALF)
    r = np.sqrt(-2.0 * np.log(1.0 - blocks[:, 0]))
    angle = 2.0 * np.pi * blocks[:, 1]
    blocks[:, 0] = r * np.cos(angle)
    blocks[:, 1] = r * np.sin(angle)
    return uniforms


def normal_pairs(first: F64, second: F64) -> F64:
    """PyTorch's one-at-a-time filler: float64, cos then sin of each pair. (k,), (k,) -> (2 k,)."""
    r = np.sqrt(-2.0 * np.log1p(-second))
    angle = 2.0 * np.pi * first
    return np.stack([r * np.cos(angle), r * np.sin(angle)], axis=1).ravel()
