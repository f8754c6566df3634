"""Sobol' sequences, plain and scrambled: the points that PyTorch draws."""

from __future__ import annotations

from typing import Any

import numpy as np

import rushlight as torch
from rushlight.quasirandom.direction_numbers import BITS, directions, known_dimensions


class SobolEngine:
    """A Sobol' sequence in ``[0, 1)^dimension``.

    With ``scramble`` the digits of all points are mixed and shifted at random (Owen 1998; linear
    matrix scrambling, Matousek 1998): drawn with ``seed``, or with the default generator.
    Raises ValueError for a dimension that is not positive, NotImplementedError for more of them
    than there are direction numbers for.

    >>> SobolEngine(2).draw(4)
    tensor([[0.0000, 0.0000],
            [0.5000, 0.5000],
            [0.7500, 0.2500],
            [0.2500, 0.7500]])
    """

    MAXBIT = BITS
    MAXDIM = 21201  # PyTorch's

    def __init__(self, dimension: int, scramble: bool = False, seed: int | None = None) -> None:
        if not 1 <= dimension <= self.MAXDIM:
            raise ValueError(
                f"Supported range of dimensionality for SobolEngine is [1, {self.MAXDIM}]"
            )
        if dimension > known_dimensions():
            raise NotImplementedError(
                f"SobolEngine: {dimension} dimensions; there are direction numbers for "
                f"{known_dimensions()}"
            )
        self.dimension = dimension
        self.scramble = scramble
        self.seed = seed
        self._state = directions(dimension)
        self._shift = np.zeros(dimension, np.int64)
        if scramble:
            self._scramble()
        self._quasi = self._shift.copy()
        self.num_generated = 0

    @property
    def sobolstate(self) -> Any:
        """int64 (dimension, MAXBIT): what each bit of a point's number flips."""
        return torch.tensor(self._state)

    @property
    def shift(self) -> Any:
        """int64 (dimension,): the first point, times 2**MAXBIT."""
        return torch.tensor(self._shift)

    @property
    def quasi(self) -> Any:
        """int64 (dimension,): the latest point, times 2**MAXBIT."""
        return torch.tensor(self._quasi)

    def _scramble(self) -> None:
        source = None if self.seed is None else torch.Generator().manual_seed(self.seed)
        bits = torch.randint(2, (self.dimension, BITS), generator=source).numpy()
        self._shift = bits @ (1 << np.arange(BITS, dtype=np.int64))
        drawn = torch.randint(2, (self.dimension, BITS, BITS), generator=source).numpy()
        mixing = np.tril(drawn)
        mixing[:, np.arange(BITS), np.arange(BITS)] = 1
        # Digits of the directions, the highest first, times the matrix, modulo 2.
        places = np.arange(BITS - 1, -1, -1)
        digits = self._state[:, :, None] >> places & 1
        mixed = np.einsum("dpk,djk->djp", mixing, digits) & 1
        self._state = (mixed << places).sum(-1)

    def _walk(self, steps: int) -> np.ndarray[Any, Any]:
        """The next ``steps`` points (steps, dimension) as whole numbers: Gray code's order."""
        start = max(self.num_generated - 1, 0)
        numbers = np.arange(start, start + steps)
        lowest_zero = ~numbers & (numbers + 1)
        flips = self._state[:, np.log2(lowest_zero).astype(np.int64)].T
        points = np.bitwise_xor.accumulate(flips, axis=0) ^ self._quasi
        if steps:
            self._quasi = points[-1]
        return points

    def draw(self, n: int = 1, out: Any = None, dtype: Any = None) -> Any:
        """The next ``n`` points, (n, dimension); a floating ``dtype``, the default one if None."""
        kind = torch.get_default_dtype() if dtype is None else dtype
        whole = self._quasi[None]
        if self.num_generated == 0:
            points = np.concatenate([whole, self._walk(n - 1)])
        else:
            points = self._walk(n)
        self.num_generated += n
        made = torch.tensor(points).to(kind) * 2.0**-BITS
        if out is None:
            return made
        out.resize_(made.shape).copy_(made)
        return out

    def draw_base2(self, m: int, out: Any = None, dtype: Any = None) -> Any:
        """The next ``2**m`` points. ValueError where what is drawn is no power of two then."""
        count = 2**m
        total = self.num_generated + count
        if total & (total - 1):
            raise ValueError(
                "The balance properties of Sobol' points require n to be a power of 2. "
                f"{self.num_generated} points have been previously generated, then: "
                f"n={self.num_generated}+2**{m}={total}. If you still want to do this, please use "
                "'SobolEngine.draw()' instead."
            )
        return self.draw(count, out=out, dtype=dtype)

    def reset(self) -> SobolEngine:
        """Start again with the first point."""
        self._quasi = self._shift.copy()
        self.num_generated = 0
        return self

    def fast_forward(self, n: int) -> SobolEngine:
        """Leave out the next ``n`` points."""
        self._walk(n - 1 if self.num_generated == 0 else n)
        self.num_generated += n
        return self

    def __repr__(self) -> str:
        told = [f"dimension={self.dimension}"]
        if self.scramble:
            told.append("scramble=True")
        if self.seed is not None:
            told.append(f"seed={self.seed}")
        return f"{type(self).__name__}({', '.join(told)})"
