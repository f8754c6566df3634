"""Fit the polynomials behind rushlight/compiler/math and write its coefficient tables.

    python tools/fit_math.py            # rewrite rushlight/compiler/math/coefficients.py
    python tools/fit_math.py --only exp # print the rows whose name contains "exp"

Every row is a weighted minimax fit (tools/remez.py).
"""

from __future__ import annotations

import argparse
import textwrap
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import cast

from constants_in_pieces import LN2, constants, log_tables
from mpmath import mp, mpf
from remez import Fit, Real, Remez, fit_row, rounded

OUTPUT = Path(__file__).parent.parent / "rushlight" / "compiler" / "math" / "coefficients.py"
SQRT_HALF = mp.sqrt(mpf(0.5))


def expm1_over(x: Real) -> Real:
    return mp.expm1(x) / x


def erfcx(x: Real) -> Real:
    return mp.exp(x * x) * mp.erfc(x)


def stirling_rest(z: Real) -> Real:
    """x * (lgamma(x) - (x - 1/2) log x + x - log(2 pi) / 2) at z = 1 / x**2."""
    x = 1 / mp.sqrt(z)
    return x * (mp.loggamma(x) - (x - mpf(0.5)) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)


def digamma_rest(z: Real) -> Real:
    """(log x - 1/(2x) - digamma(x)) * x**2 at z = 1 / x**2."""
    x = 1 / mp.sqrt(z)
    return (mp.log(x) - 1 / (2 * x) - mp.digamma(x)) * x * x


def erfinv_central(w: Real) -> Real:
    """erfinv(x) / x at w = -log(1 - x**2)."""
    x = mp.sqrt(-mp.expm1(-w))
    return mp.erfinv(x) / x


def erfinv_tail(s: Real) -> Real:
    """erfinv(x) / x at s = sqrt(-log(1 - x**2)); erfinv from erfc by Newton, as x is near 1."""
    w = s * s
    x = mp.sqrt(-mp.expm1(-w))
    gap = mp.exp(-w) / (1 + x)  # 1 - x without cancellation
    y = s
    for _ in range(80):
        step = (mp.erfc(y) - gap) * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
        y += step
        if abs(step) < mpf(10) ** -45:
            break
    return y / x


ROOT = mp.sqrt
HALF_LN2 = LN2 / 2 * mpf("1.001")
QUARTER_PI = mp.pi / 4 * mpf("1.001")
FITS = [
    # exp(r) = 1 + r + r**2 * P(r)
    Fit(
        "expm1",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 / mp.expm1(r),
        -HALF_LN2,
        HALF_LN2,
        {"f32": 6, "wide": 7, "f64": 11},
    ),
    # the same beside a table of the powers of 2**(1/8)
    Fit(
        "expm1_eighth",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 + mpf(10) ** -5,
        -HALF_LN2 / 8,
        HALF_LN2 / 8,
        {"f32": 3},
    ),
    # shorter, for terms of a sum that is at least 1
    Fit(
        "expm1_term",
        lambda r: (mp.expm1(r) - r) / r**2,
        lambda r: r**2 + mpf(10) ** -5,
        -HALF_LN2 / 8,
        HALF_LN2 / 8,
        {"f32": 2},
        at_once=True,
    ),
    # exp(r) = 1 + r * P(r): one instruction less, good for exp alone
    Fit("exp", expm1_over, lambda r: r / mp.exp(r), -HALF_LN2, HALF_LN2, {"f32": 6}),
    # 2**r = 1 + r * P(r)
    Fit(
        "exp2",
        lambda r: (mpf(2) ** r - 1) / r,
        lambda r: r / mpf(2) ** r,
        mpf(-0.5005),
        mpf(0.5005),
        {"f32": 6, "wide": 6, "f64": 12},
    ),
    # log(1 + f) = f - f**2 / 2 + f**3 * P(f)
    Fit(
        "log",
        lambda f: (mp.log1p(f) - f + f**2 / 2) / f**3,
        lambda f: f**3 / mp.log1p(f),
        SQRT_HALF - 1,
        mp.sqrt(2) - 1,
        {"f32": 8, "wide": 9, "f64": 19},
    ),
    # log(1 + f) = f + f**2 * P(f) beside a table of eight logarithms
    Fit(
        "log_eighth",
        lambda f: (mp.log1p(f) - f) / f**2,
        lambda f: f**2 / mp.log1p(f),
        mpf("-0.0635"),
        mpf("0.0718"),
        {"f32": 4},
    ),
    # log((1 + s) / (1 - s)) = 2 s + s**3 * P(s**2)
    Fit(
        "log_ratio",
        lambda z: (mp.log((1 + ROOT(z)) / (1 - ROOT(z))) - 2 * ROOT(z)) / ROOT(z) ** 3,
        lambda z: z,
        mpf(1) / 10**8,
        mpf("0.02945"),
        {"wide": 5, "f64": 9},
    ),
    # the same with one more term split off: 2 s + 2/3 s**3 + s**5 * P(s**2)
    Fit(
        "log_ratio_tail",
        lambda z: (
            (mp.log((1 + ROOT(z)) / (1 - ROOT(z))) - 2 * ROOT(z) - ROOT(z) ** 3 * 2 / 3)
            / ROOT(z) ** 5
        ),
        lambda z: z**2,
        mpf(1) / 10**8,
        mpf("0.02945"),
        {"f64": 8},
    ),
    # sin(r) = r + r**3 * P(r**2),  cos(r) = 1 - r**2 / 2 + r**4 * P(r**2)
    Fit(
        "sin",
        lambda z: (mp.sin(ROOT(z)) - ROOT(z)) / ROOT(z) ** 3,
        lambda z: ROOT(z) ** 3 / mp.sin(ROOT(z)),
        mpf(1) / 10**8,
        QUARTER_PI**2,
        {"f32": 3, "f64": 6},
    ),
    Fit(
        "cos",
        lambda z: (mp.cos(ROOT(z)) - 1 + z / 2) / z**2,
        lambda z: z**2 / mp.cos(ROOT(z)),
        mpf(1) / 10**8,
        QUARTER_PI**2,
        {"f32": 3, "f64": 6},
    ),
    # asin(x) = x + x**3 * P(x**2), |x| <= 1/2
    Fit(
        "asin",
        lambda z: (mp.asin(ROOT(z)) - ROOT(z)) / ROOT(z) ** 3,
        lambda z: ROOT(z) ** 3 / mp.asin(ROOT(z)),
        mpf(1) / 10**8,
        mpf("0.2505"),
        {"f32": 5, "f64": 12},
    ),
    # atan(t) = t + t**3 * P(t**2), |t| <= 1
    Fit(
        "atan",
        lambda z: (mp.atan(ROOT(z)) - ROOT(z)) / ROOT(z) ** 3,
        lambda z: ROOT(z) ** 3 / mp.atan(ROOT(z)),
        mpf(1) / 10**8,
        mpf(1),
        {"f32": 8, "f64": 19},
    ),
    # sinh(x) = x + x**3 * P(x**2), |x| <= 1
    Fit(
        "sinh",
        lambda z: (mp.sinh(ROOT(z)) - ROOT(z)) / ROOT(z) ** 3,
        lambda z: ROOT(z) ** 3 / mp.sinh(ROOT(z)),
        mpf(1) / 10**8,
        mpf("1.002"),
        {"f32": 4, "f64": 8},
    ),
    # erf(x) = x + x * P(x**2), |x| <= 1
    Fit(
        "erf",
        lambda z: mp.erf(ROOT(z)) / ROOT(z) - 1,
        lambda z: ROOT(z) / mp.erf(ROOT(z)),
        mpf(1) / 10**8,
        mpf("1.002"),
        {"f64": 13},
    ),
    # erfc(x) = exp(-x**2) / (1 + 2x) * P((x - 4) / (x + 4)), 0 <= x <= 28
    Fit(
        "erfc",
        lambda t: (1 + 2 * (4 * (1 + t) / (1 - t))) * erfcx(4 * (1 + t) / (1 - t)),
        lambda t: 1 / ((1 + 2 * (4 * (1 + t) / (1 - t))) * erfcx(4 * (1 + t) / (1 - t))),
        mpf(-1),
        mpf("0.75"),
        {"wide": 13, "f64": 27},
    ),
    # erfinv(x) = x * P(w - 3), w = -log(1 - x**2) <= 6;  x * P(sqrt(w) - 4) up to w = 37
    Fit(
        "erfinv_central",
        lambda t: erfinv_central(t + 3),
        lambda t: 1 / erfinv_central(t + 3),
        mpf("-2.9999999"),
        mpf("3.01"),
        {"wide": 13},
    ),
    Fit(
        "erfinv_tail",
        lambda t: erfinv_tail(t + 4),
        lambda t: 1 / erfinv_tail(t + 4),
        mpf("-1.56"),
        mpf("2.1"),
        {"wide": 17},
    ),
    # lgamma(2 + h) = h * P(h), |h| <= 1/2
    Fit(
        "lgamma",
        lambda h: mp.loggamma(2 + h) / h,
        lambda h: h / mp.loggamma(2 + h),
        mpf("-0.5001"),
        mpf("0.5001"),
        {"f64": 19},
    ),
    # lgamma(x) = (x - 1/2) log x - x + log(2 pi)/2 + P(1 / x**2) / x, x >= 8
    Fit("stirling", stirling_rest, lambda z: mpf(1), mpf(1) / 10**6, mpf(1) / 64, {"f64": 8}),
    # digamma(x) = log x - 1 / (2 x) - P(1 / x**2) / x**2, x >= 8
    Fit("digamma", digamma_rest, lambda z: mpf(1), mpf(1) / 10**6, mpf(1) / 64, {"f64": 8}),
]


def piecewise(
    name: str, f: Callable[[Real], Real], borders: list[Real], centres: list[Real], count: int,
    less: int = 0, start: Real = 0,
) -> list[Fit]:  # fmt: skip
    """f on each interval between ``borders``, around its centre.

    The first, around 0 where f is ``start``, is fitted as (f(t) - start) / t; its polynomial has no
    constant. ``less``: what is taken from that.
    """
    fits = [
        Fit(f"{name}_0", lambda t: (f(t) - start) / t - less, lambda t: t / f(t),
            mpf(10) ** -8, borders[1], {"f32": count - 1}, at_once=True)
    ]  # fmt: skip
    for number, centre in enumerate(centres[1:], start=1):
        low, high = borders[number] - centre, borders[number + 1] - centre
        fits.append(
            Fit(
                f"{name}_{number}",
                lambda t, c=centre: f(c + t),  # type: ignore[misc]
                lambda t, c=centre: 1 / f(c + t),  # type: ignore[misc]
                low, high, {"f32": count}, at_once=True,
            )
        )  # fmt: skip
    return fits


# erf between k - 1/2 and k + 1/2 steps, k = 0 to 7
ERF_STEP = mpf(269) / 512
FITS += piecewise(
    "erf_piece",
    mp.erf,
    [mpf(0), *((k + mpf("0.501")) * ERF_STEP for k in range(8))],
    [k * ERF_STEP for k in range(8)],
    7,
    less=1,
)
# the same for the normal distribution function of -a: its tail counts in relation to itself
NDTR_STEP = mpf(193) / 256
FITS += piecewise(
    "ndtr_piece",
    lambda a: mp.erfc(a * SQRT_HALF) / 2,
    [mpf(0), *((k + mpf("0.501")) * NDTR_STEP for k in range(8))],
    [k * NDTR_STEP for k in range(8)],
    7,
    start=mpf("0.5"),
)
# the same for its approximation by a tanh
NDTR_TANH_STEP = mpf(179) / 256
FITS += piecewise(
    "ndtr_tanh_piece",
    lambda a: 1 / (1 + mp.exp(2 * ROOT(2 / mp.pi) * (a + mpf("0.044715") * a**3))),
    [mpf(0), *((k + mpf("0.501")) * NDTR_TANH_STEP for k in range(8))],
    [k * NDTR_TANH_STEP for k in range(8)],
    7,
    start=mpf("0.5"),
)
# tanh where 1 + 105/64 x passes from one power of two to the next, each in two halves
TANH_BORDERS = [(mpf(n) / 2 - 1) * 64 / 105 for n in (2, 3, 4, 6, 8, 12, 16, 24, 32)]
TANH_CENTRES = [
    mpf(0), *(mpf(rounded((low + high) / 2, "f32")) for low, high in pairwise(TANH_BORDERS[1:]))
]  # fmt: skip
FITS += piecewise("tanh_piece", mp.tanh, TANH_BORDERS, TANH_CENTRES, 9)


def table_text(rows: dict[str, tuple[list[float], float]]) -> str:
    lines = [
        '"""Polynomial coefficients, lowest power first.',
        "",
        "Written by tools/fit_math.py: change that, not this. The end of a row's name is the",
        "type of its coefficients; 'wide' rows serve float results that are computed in double.",
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "# fmt: off",
        "TABLES: dict[str, tuple[float, ...]] = {",
    ]
    for name, (coefficients, error) in rows.items():
        remark = f"largest weighted error {error:.1e}" if error else "pieces of a constant"
        lines.append(f'    "{name}": (  # {remark}')
        numbers = ", ".join(repr(c) for c in coefficients) + ","
        lines += [f"        {line}" for line in textwrap.wrap(numbers, 90)]
        lines.append("    ),")
    return "\n".join([*lines, "}", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--only", default="", help="print the rows whose name contains this, write nothing"
    )
    only = cast(str, parser.parse_args().only)
    rows: dict[str, tuple[list[float], float]] = {}
    for fit in FITS:
        if only not in fit.name:
            continue
        remez = Remez(fit)
        for dtype, count in fit.count.items():
            row = fit_row(remez, count, dtype)
            rows[f"{fit.name}_{dtype}"] = row
            print(f"{fit.name}_{dtype}: {count} coefficients, error {row[1]:.2e}", flush=True)
    rows |= constants() | log_tables()
    if not only:
        OUTPUT.write_text(table_text(rows))


if __name__ == "__main__":
    main()
