"""Random numbers: PyTorch's CPU streams, as NumPy arrays.

The same seed gives the numbers that PyTorch 2.13 gives on the CPU, whatever mixture of fillers is
called, because every filler draws as many words as PyTorch's does. Two of PyTorch's fillers
(``bernoulli_`` with a number, ``exponential_``) depend on the processor: on Intel's they ask MKL
for the numbers, elsewhere the stream here is used. We give the latter everywhere.

>>> g = Generator()
>>> g.manual_seed(7).random_integers(3, np.dtype(np.int64), 0, 100).tolist()
[15, 92, 21]
"""

from __future__ import annotations

import ctypes
import math
import os
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rushlight.base.limits import DIGITS
from rushlight.runtime import box_muller, draw_ir, shuffle
from rushlight.runtime.libm import of_each
from rushlight.runtime.mt19937 import Mt19937
from rushlight.runtime.native import address_of
from rushlight.runtime.room import room_for

if TYPE_CHECKING:
    from numpy.typing import NDArray

Array = np.ndarray[Any, np.dtype[Any]]

_MASK53 = np.uint64(2**53 - 1)
# From this range on one word modulo the range would show a bias, so PyTorch takes two.
WIDE_RANGE = 2**28


def fused_multiply_add(x: NDArray[np.float64], factor: float, term: float) -> NDArray[np.float64]:
    """x * factor + term with one rounding, as compiled C++ does it.

    Product and sum are split into value and error without loss (Dekker 1971, Knuth 1969).
    """
    if term == 0.0 or factor == 1.0:
        return x * factor + term
    splitter = 2.0**27 + 1.0
    t = splitter * x
    x_high = t - (t - x)
    x_low = x - x_high
    f_big = splitter * factor
    f_high = f_big - (f_big - factor)
    f_low = factor - f_high
    product = x * factor
    lost = ((x_high * f_high - product) + x_high * f_low + x_low * f_high) + x_low * f_low
    total = product + term
    back = total - product
    return total + ((product - (total - back)) + (term - back) + lost)


def _normals32(count: int, contiguous: bool) -> tuple[str, str]:
    """What makes so many: few, or such as do not lie in order, are made singly."""
    blocks = count >= box_muller.BLOCK and contiguous
    return draw_ir.NORMALS if blocks else draw_ir.SINGLES["float"]


class Generator:
    """A stream of random numbers on the CPU with PyTorch's methods.

    The fillers take a count and a NumPy dtype and return a new flat array. ``get_state`` and
    ``set_state`` deal in NumPy bytes here; the tensor layer's subclass in tensors. All that
    changes is in ``engine``: two generators on one engine are one stream.
    """

    __slots__ = ("__weakref__", "_device", "engine")

    def __init__(self, device: Any = "cpu") -> None:
        kind = str(device)
        if kind.partition(":")[0] != "cpu":
            raise RuntimeError(
                f"Device type {kind} is not supported for torch.Generator() api; only 'cpu' is"
            )
        self._device = device
        self.engine = Mt19937()

    @property
    def device(self) -> Any:
        """The device given at construction."""
        return self._device

    def manual_seed(self, seed: int) -> Self:
        """Start over from ``seed``, between -2**63 and 2**64 - 1. Returns the generator."""
        if not isinstance(seed, (int, np.integer)):
            raise RuntimeError(f"manual_seed expected a long, but got {type(seed).__name__}")
        number = int(seed)
        if not -(2**63) <= number < 2**64:
            raise ValueError(
                f"Overflow when unpacking long long: seed {number} is outside [-2**63, 2**64)"
            )
        self.engine.seed(number)
        return self

    def seed(self) -> int:
        """Start over from a number of the operating system, which is returned."""
        number = int.from_bytes(os.urandom(8), "little")
        self.manual_seed(number)
        return number

    def initial_seed(self) -> int:
        """The number it was last seeded with."""
        return self.engine.seed_value

    def get_state(self) -> NDArray[np.uint8]:
        """Everything, as PyTorch's 5056 bytes."""
        return self.engine.export_state()

    def set_state(self, state: NDArray[np.uint8]) -> Self:
        """Go on from where ``get_state`` was taken, here or in PyTorch."""
        self.engine.import_state(state)
        return self

    def clone_state(self) -> Self:
        """A second generator that will give the same numbers."""
        other = type(self)(self._device)
        other.engine.import_state(self.engine.export_state())
        return other

    def __getstate__(self) -> tuple[Any, Array]:
        return self._device, self.engine.export_state()

    def __setstate__(self, state: tuple[Any, Array]) -> None:
        self._device = state[0]
        self.engine = Mt19937()
        self.engine.import_state(state[1])

    # Uniform numbers.

    def _uniform53(self, count: int) -> NDArray[np.float64]:
        longs = self.engine.longs(count)
        longs &= _MASK53
        return longs * np.float64(2.0**-53)

    def uniform(
        self, count: int, dtype: np.dtype[Any], low: float = 0.0, high: float = 1.0
    ) -> Array:
        """Reals in [low, high): ``uniform_``, ``rand``."""
        if dtype == np.float64:
            return fused_multiply_add(self._uniform53(count), high - low, low)
        result = self.engine.array(draw_ir.UNIFORM, count, np.float32, low, high)
        if dtype == np.float32:
            return result
        rounded = result.astype(dtype)
        # Rounding to few digits can reach the open end; PyTorch puts those at the closed one.
        start, end = (np.asarray(bound, np.float32).astype(dtype) for bound in (low, high))
        rounded[rounded == end] = start
        return rounded

    def uniform_into(self, address: int, count: int, low: float = 0.0, high: float = 1.0) -> None:
        """``uniform`` in float32, written to memory."""
        self.engine.fill(draw_ir.UNIFORM, count, address, low, high)

    # Normals.

    def normal(
        self,
        count: int,
        dtype: np.dtype[Any],
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> Array:
        """Normals: ``normal_``, ``randn``. PyTorch fills views that are not contiguous singly."""
        if dtype == np.float32:
            return self.engine.array(_normals32(count, contiguous), count, np.float32, mean, std)
        if count < box_muller.BLOCK or not contiguous:
            return _rounded(self._single_normals(count, mean, std), dtype)
        if dtype == np.float64:
            return self.engine.array(draw_ir.NORMALS64, count, np.float64, mean, std)
        return self._blocks16(count, mean, std).astype(dtype)

    def normal_into(
        self,
        address: int,
        count: int,
        mean: float = 0.0,
        std: float = 1.0,
        contiguous: bool = True,
    ) -> None:
        """``normal`` in float32, written to memory."""
        self.engine.fill(_normals32(count, contiguous), count, address, mean, std)

    def _single_normals(self, count: int, mean: float, std: float) -> NDArray[np.float64]:
        """One at a time in float64; the second of a pair waits in the stream."""
        return self.engine.array(draw_ir.SINGLES["double"], count, np.float64, mean, std)

    def _blocks16(self, count: int, mean: float, std: float) -> NDArray[np.float32]:
        # The narrow dtypes draw per block, so a ragged end costs no words of its own.
        whole = count - count % box_muller.BLOCK
        result = np.empty(count, np.float32)
        result[:whole] = box_muller.normals32(self.engine.fractions(whole), mean, std)
        if whole != count:
            tail = self.engine.fractions(box_muller.BLOCK)
            result[-box_muller.BLOCK :] = box_muller.normals32(tail, mean, std)
        return result

    def log_normal(
        self, count: int, dtype: np.dtype[Any], mean: float = 1.0, std: float = 2.0
    ) -> Array:
        """exp of normals: ``log_normal_``."""
        return _rounded(of_each("exp", self._single_normals(count, mean, std)), dtype)

    # Whole numbers.

    def random_full(self, count: int, dtype: np.dtype[Any]) -> Array:
        """``random_()`` without bounds: 0 up to the largest value the dtype can count to."""
        if dtype == np.bool_:
            return (self.engine.words(count) & np.uint32(1)).astype(np.bool_)
        if dtype in (np.int64, np.float64):
            digits = 63 if dtype == np.int64 else 53
            longs = self.engine.longs(count)
            modulus = np.uint64(2**63 if digits == 63 else 2**53 + 1)
            return (longs % modulus).astype(dtype)
        if dtype.name in DIGITS:
            words = self.engine.words(count)
            return (words % np.uint32(2 ** DIGITS[dtype.name] + 1)).astype(np.float32).astype(dtype)
        return (self.engine.words(count) % np.uint32(np.iinfo(dtype).max + 1)).astype(dtype)

    def random_integers(
        self, count: int, dtype: np.dtype[Any], low: int, high: int | None
    ) -> Array:
        """Whole numbers in [low, high): ``randint``, ``random_(low, high)``.

        ``high`` None: up to and with the largest the dtype can count to.
        """
        if high is None:
            high = 1 + (1 if dtype == np.bool_ else _largest(dtype))
        span = high - low
        if span >= 2**64:
            return _rounded(self.engine.longs(count).view(np.int64), dtype)
        if span < WIDE_RANGE:
            values = self.engine.array(draw_ir.INTEGERS, count, np.int64, low, span)
        else:
            values = (self.engine.longs(count) % np.uint64(span)).view(np.int64)
            values += np.int64(low)
        return values if dtype == np.int64 else _rounded(values, dtype)

    def integers_into(self, address: int, count: int, low: int, span: int) -> None:
        """Whole numbers in [low, low + span) written to memory, 64 bits each. ``span``: less than
        2**28."""
        self.engine.fill(draw_ir.INTEGERS, count, address, low, span)

    def permutation(self, count: int) -> NDArray[np.int64]:
        """``randperm``: 0 to count - 1 in random order."""
        order = room_for(count, np.int64)
        if count:
            self.permutation_into(address_of(order), count)
        return order

    def permutation_into(self, address: int, count: int) -> None:
        """``permutation`` written to memory."""
        if count < 2:
            ctypes.memset(address, 0, 8 * count)
            return
        kernel = shuffle.FEW if count < shuffle.LARGE else shuffle.MANY
        self.engine.fill(kernel, count - 1, address)

    # Events.

    def bernoulli(self, count: int, probability: float) -> NDArray[np.bool_]:
        """True with one probability: ``bernoulli_(p)`` and the mask of ``dropout(1 - p)``."""
        mask = room_for(count, np.bool_)
        if count:
            self.bernoulli_into(address_of(mask), count, probability)
        return mask

    def bernoulli_into(self, address: int, count: int, probability: float) -> None:
        """``bernoulli`` written to memory, a byte each."""
        # u < p as whole numbers: p * 2**53 is exact, and rounding it up keeps the comparison
        self.engine.events(count, math.ceil(probability * 2.0**53), address)

    def bernoulli_each(self, probabilities: Array) -> NDArray[np.bool_]:
        """True with a probability per element: ``bernoulli``, ``bernoulli_(tensor)``."""
        if probabilities.dtype == np.float64:
            return self._uniform53(probabilities.size) < probabilities
        return self.engine.fractions(probabilities.size) < probabilities.astype(np.float32)

    def exponential(self, count: int, dtype: np.dtype[Any], rate: float = 1.0) -> Array:
        """Waiting times: ``exponential_``."""
        narrow = dtype == np.float32
        kind, real = ("float", np.float32) if narrow else ("double", np.float64)
        times = self.engine.array(draw_ir.EXPONENTIALS[kind], count, real, -1.0 / rate)
        return times if narrow else _rounded(times, dtype)

    def exponential_into(self, address: int, count: int, rate: float = 1.0) -> None:
        """``exponential`` in float32, written to memory."""
        self.engine.fill(draw_ir.EXPONENTIALS["float"], count, address, -1.0 / rate)

    def geometric(self, count: int, dtype: np.dtype[Any], probability: float) -> Array:
        """Tries until the first success: ``geometric_``."""
        logs = of_each("log", self._uniform53(count))
        return _rounded(np.ceil(logs / math.log1p(-probability)), dtype)

    def cauchy(
        self, count: int, dtype: np.dtype[Any], median: float = 0.0, sigma: float = 1.0
    ) -> Array:
        """``cauchy_``."""
        tangents = of_each("tan", np.pi * (self._uniform53(count) - 0.5))
        return _rounded(fused_multiply_add(tangents, sigma, median), dtype)

    def multinomial(
        self, weights: Array, count: int, replacement: bool, times: Array | None = None
    ) -> NDArray[np.int64]:
        """``count`` indices a row, drawn by weight. (rows, n) -> (rows, count), row by row.

        ``times``: as for ``races``, where no index comes twice.
        """
        if replacement and count > 1:
            shares, numbers = self.thresholds(weights, count)
            found = [np.searchsorted(*each) for each in zip(shares, numbers, strict=True)]
        else:
            keys = self.races(weights, times)
            if keys.itemsize < 4:
                keys = keys.astype(np.float64)
            if count == 1:
                keys[np.isnan(keys)] = -1
                best: NDArray[np.int64] = keys.argmax(axis=1)
                return best.reshape(-1, 1)
            found = [_most(row, count) for row in keys]
        return np.array(found, np.int64).reshape(len(weights), count)

    def races(self, weights: Array, times: Array | None = None) -> Array:
        """One key for each of (rows, n) weights: weight / exponential. The place of the largest of
        a row is a draw by weight, those of the next ones are draws without replacement.

        ``times``: exponential numbers already drawn, for weights that lie in memory otherwise.
        """
        if times is None:
            times = self.exponential(weights.size, weights.dtype)
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            return np.asarray(weights / times.reshape(weights.shape))

    def thresholds(self, weights: Array, count: int) -> tuple[Array, Array]:
        """For ``count`` draws with replacement from each row of (rows, n) weights: (shares that the
        first ones have together (rows, n), (rows, count) numbers), both float64.

        How many of the shares lie below a number is a draw.
        """
        work = weights if weights.dtype == np.float64 else weights.astype(np.float32)
        running = np.cumsum(work, axis=1, dtype=work.dtype)
        running /= running[:, -1:]
        running[:, -1] = 1
        uniforms = self._uniform53(len(weights) * count).reshape(len(weights), count)
        return running.astype(np.float64), uniforms


def _most(keys: Array, count: int) -> Array:
    """Where the ``count`` largest are, in order, the first of equal ones first, nan last."""
    falling = -keys
    if 4 * count < len(keys):
        least = np.partition(falling, count - 1)[count - 1]
        among = np.flatnonzero(falling <= least)
        if len(among) >= count:  # not where the last of them is nan
            return among[np.argsort(falling[among], kind="stable")[:count]]
    return np.argsort(falling, kind="stable")[:count]


def _rounded(values: Array, dtype: np.dtype[Any]) -> Array:
    """``values`` as dtype; the narrow ones through float32 as in C++, which rounds twice."""
    with np.errstate(over="ignore"):  # a Cauchy number may well be inf in float16
        if dtype.name in ("float16", "bfloat16"):
            values = values.astype(np.float32)
        return values.astype(dtype)


def _largest(dtype: np.dtype[Any]) -> int:
    """What random_() without bounds goes up to: all whole numbers to there are in the dtype."""
    return 2 ** DIGITS[dtype.name] if dtype.name in DIGITS else int(np.iinfo(dtype).max)
