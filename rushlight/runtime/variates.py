"""Random numbers by rejection: gamma, Dirichlet, Poisson and binomial, in PyTorch's order of draws.

How many uniform numbers one of them takes depends on the numbers themselves, so they are made one
after another: by machine code (``uniforms.py``) that is made of the functions here.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rushlight.runtime.mt19937 import Mt19937
from rushlight.runtime.uniforms import drawn

Array = NDArray[Any]
# One third in single precision, which PyTorch's numbers are made with in double precision too.
_THIRD = float(np.float32(1.0 / 3.0))


class Uniforms(Protocol):
    """Where numbers come from, one at a time."""

    def __call__(self) -> float:
        """A uniform number in [0, 1): 53 bits of the next two words."""

    def normal(self) -> float:
        """A normal number: of each pair (Box and Muller 1958) the second waits for its turn."""


def _gamma(shape: float, boost: float, d: float, draw: Uniforms) -> float:
    """One gamma number of rate 1 (Marsaglia and Tsang 2000, "A simple method ...").

    ``boost`` is 1 / shape, and ``d`` a third less than the shape, which is one more below 1.
    """
    if shape != shape:
        return shape
    scale = 1.0
    if shape < 1.0:
        if shape == 0.0:
            return 0.0
        scale = (1.0 - draw()) ** boost
    c = 1.0 / math.sqrt(9.0 * d)
    while True:
        x = draw.normal()
        y = 1.0 + c * x
        if y <= 0.0:
            continue
        v = y * y * y
        u = 1.0 - draw()
        square = x * x
        if u < 1.0 - 0.0331 * square * square:
            return scale * d * v
        if math.log(u) < 0.5 * square + d * (1.0 - v + math.log(v)):
            return scale * d * v


def standard_gamma(engine: Mt19937, shapes: Array) -> Array:
    """Gamma numbers of rate 1, one per element of ``shapes``; never 0, nan where it is nan."""
    # In the precision that the shapes have, as PyTorch computes these two; the rest in float64.
    single = shapes.dtype == np.float32
    flat: Any = shapes.astype(np.float32 if single else np.float64).ravel()
    with np.errstate(divide="ignore", over="ignore"):
        boosts = 1 / flat
    thirds = np.where(flat < 1, flat + 1, flat) - flat.dtype.type(_THIRD)
    columns = (each.astype(np.float64) for each in (flat, boosts, thirds))
    numbers = drawn(engine, _gamma, *columns)
    return np.maximum(numbers, np.finfo(flat.dtype).tiny).reshape(shapes.shape)


def dirichlet(engine: Mt19937, concentration: Array) -> Array:
    """Points of the simplex: gamma numbers divided by their sum, in each row. (*, K) -> (*, K)."""
    gammas = standard_gamma(engine, concentration.astype(np.float64))
    kind = np.finfo(concentration.dtype)
    total = np.zeros((*gammas.shape[:-1], 1))
    for k in range(gammas.shape[-1]):  # one after another, as compiled C++ adds them
        total[..., 0] += gammas[..., k]
    with np.errstate(invalid="ignore"):
        shares = gammas / total
    return np.clip(shares, kind.tiny, 1.0 - kind.eps / 2 if kind.bits == 64 else 1.0 - kind.eps)


def _poisson(rate: float, draw: Uniforms) -> float:
    """One Poisson number (Hormann 1993, "The transformed rejection method", PTRS, from 10 on)."""
    if rate != rate:
        return rate
    if rate < 10.0:
        if rate == 0.0:
            return 0.0
        end, product, count = math.exp(-rate), 1.0, 0.0
        while True:
            product *= draw()
            if product <= end:
                return count
            count += 1.0
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    quick = 0.9277 - 3.6224 / (b - 2.0)
    while True:
        u = draw() - 0.5
        v = draw()
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + rate + 0.43)
        if us >= 0.07 and v <= quick:
            return float(k)
        if k < 0 or (us < 0.013 and v > us):
            continue
        left = math.log(v) + math.log(inverse_alpha) - math.log(a / (us * us) + b)
        if left <= -rate + k * math.log(rate) - math.lgamma(k + 1.0):
            return float(k)


def poisson(engine: Mt19937, rates: Array) -> NDArray[np.float64]:
    """Poisson numbers, one per element of ``rates``."""
    return drawn(engine, _poisson, rates.astype(np.float64).ravel()).reshape(rates.shape)


_STIRLING = (
    0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.02079067210376509,
    0.0166446911898211, 0.0138761288230707, 0.0118967099458917, 0.0104112652619720,
    0.00925546218271273, 0.00833056343336287,
)  # fmt: skip


def _stirling_rest(k: float) -> float:
    """log k! less Stirling's approximation of it."""
    if k <= 9.0:
        return _STIRLING[int(k)]
    square = (k + 1.0) * (k + 1.0)
    return (1.0 / 12 - (1.0 / 360 - 1.0 / 1260 / square) / square) / (k + 1.0)


def _binomial_few(count: float, chance: float, draw: Uniforms) -> float:
    """Successes, by the waiting times between them: for a small mean (Devroye 1986, X.4.3)."""
    tries, successes, log_miss = 0.0, 0.0, math.log1p(-chance)
    while True:
        u = draw()
        tries += math.ceil(math.log(u) / log_miss) if u > 0.0 else math.inf
        if tries > count:
            return successes
        successes += 1.0


def _binomial_many(count: float, chance: float, draw: Uniforms) -> float:
    """Successes, for a mean from 10 on (Hormann 1993, "The generation of binomial ...", BTRS)."""
    deviation = math.sqrt(count * chance * (1.0 - chance))
    b = 1.15 + 2.53 * deviation
    a = -0.0873 + 0.0248 * b + 0.01 * chance
    centre = count * chance + 0.5
    quick = 0.92 - 4.2 / b
    odds = chance / (1.0 - chance)
    alpha = (2.83 + 5.1 / b) * deviation
    mode = math.floor((count + 1.0) * chance)
    while True:
        u = draw() - 0.5
        v = draw()
        us = 0.5 - abs(u)
        k = math.floor((2.0 * a / us + b) * u + centre)
        if k < 0 or k > count:
            continue
        if us >= 0.07 and v <= quick:
            return float(k)
        bound = (
            (mode + 0.5) * math.log((mode + 1.0) / (odds * (count - mode + 1.0)))
            + (count + 1.0) * math.log((count - mode + 1.0) / (count - k + 1.0))
            + (k + 0.5) * math.log(odds * (count - k + 1.0) / (k + 1.0))
            + _stirling_rest(mode) + _stirling_rest(count - mode)
            - _stirling_rest(k) - _stirling_rest(count - k)
        )  # fmt: skip
        if v <= 0.0 or math.log(v * alpha / (a / (us * us) + b)) <= bound:
            return float(k)


def _binomial(count: float, chance: float, draw: Uniforms) -> float:
    if count <= 0.0 or chance <= 0.0:
        return 0.0
    if chance >= 1.0:
        return count
    if not (chance == chance and count == count):
        return math.nan
    rarer = chance if chance <= 0.5 else 1.0 - chance
    if count * rarer >= 10.0:
        found = _binomial_many(count, rarer, draw)
    else:
        found = _binomial_few(count, rarer, draw)
    return found if chance <= 0.5 else count - found


def binomial(engine: Mt19937, counts: Array, chances: Array) -> NDArray[np.float64]:
    """Successes among ``counts`` tries that each succeed with ``chances``; one shape."""
    columns = (each.astype(np.float64).ravel() for each in (counts, chances))
    return drawn(engine, _binomial, *columns).reshape(counts.shape)
