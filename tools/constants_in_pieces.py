"""Constants that take several floats, and the tables of log: what fit_math.py writes unfitted."""

from __future__ import annotations

from mpmath import mp, mpf
from remez import Real, rounded

LN2 = mp.log(2)
# Constants in as many pieces as cancellation needs: each piece is what the ones before it left,
# rounded.
PIECES: dict[str, tuple[Real, int]] = {
    "ln2": (LN2, 2),
    "log10_2": (mp.log10(2), 2),
    "log2_e": (1 / LN2, 2),
    "log10_e": (1 / mp.log(10), 2),
    "half_pi": (mp.pi / 2, 3),
    "two_over_ln2": (2 / LN2, 2),
    "two_thirds_over_ln2": (2 / (3 * LN2), 2),
}


def pieces(value: Real, count: int, dtype: str) -> list[float]:
    found: list[float] = []
    for _ in range(count):
        found.append(rounded(value, dtype))
        value -= found[-1]
    return found


def two_over_pi(width: int, count: int, shift: int) -> list[float]:
    """2 / pi * 2**shift as ``count`` numbers of ``width`` bits each."""
    rest, found = 2 / mp.pi, []
    for index in range(1, count + 1):
        unit = mpf(2) ** (-width * index)
        piece = mp.floor(rest / unit) * unit
        rest -= piece
        found.append(float(piece * mpf(2) ** shift))
    return found


# Inverses of eight middles, in units of 2**-14: of pieces a sixteenth long below 1 and an eighth
# above, and of k / 7 more than 1. Of the numbers of 14 bits within 0.4 % of the inverse that one
# whose logarithms (natural; of base 2 and 10, too) are nearest to floats.
LOG_SCALES = {
    "log_scale": (21854, 20188, 18766, 17430, 16384, 14528, 13075, 11938),
    "log1p_scale": (16384, 14345, 12720, 11469, 10467, 9571, 8830, 8213),
}


def log_tables() -> dict[str, tuple[list[float], float]]:
    rows: dict[str, tuple[list[float], float]] = {}
    bases = {"log": mp.log, "log2": lambda x: mp.log(x, 2), "log10": mp.log10}
    for name, numbers in LOG_SCALES.items():
        scales = [mpf(number) / 2**14 for number in numbers]
        rows[f"{name}_f32"] = [float(scale) for scale in scales], 0.0
        for base, log in bases.items():
            if base == "log" or name == "log_scale":
                of = [rounded(-log(scale), "f32") for scale in scales]
                rows[f"{base}_of_{name}_f32"] = of, 0.0
    return rows


def constants() -> dict[str, tuple[list[float], float]]:
    rows = {
        f"{name}_{dtype}": (pieces(value, count, dtype), 0.0)
        for name, (value, count) in PIECES.items()
        for dtype in ("f32", "f64")
    }
    # A float times a piece of 24 bits is exact in double. Doubles (times 2**-512, so that nothing
    # overflows) meet pieces of 53 bits and the product's rounding error is kept.
    with mp.workdps(400):
        rows["two_over_pi_f32"] = (two_over_pi(24, 10, 0), 0.0)
        rows["two_over_pi_f64"] = (two_over_pi(53, 24, 512), 0.0)
    return rows
