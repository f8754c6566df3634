"""The Mersenne Twister, drawn in the order and stored in the bytes that PyTorch uses.

The words are made natively (twister.py), at three thousand million a second where NumPy's
``MT19937`` makes three hundred; this file adds PyTorch's bookkeeping around it.

>>> Mt19937(5).words(2).tolist()
[953453411, 236996814]
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, final

import numpy as np

from rushlight.runtime import twister
from rushlight.runtime.native import address_of, native
from rushlight.runtime.room import room_for
from rushlight.runtime.twister import WORDS

if TYPE_CHECKING:
    from numpy.typing import NDArray

Kernel = tuple[str, str]  # symbol, text

DEFAULT_SEED = 67280421310721

# The bytes of torch.get_rng_state(): a C struct with its padding written out. ``left`` counts
# down to the next refill; the double after ``state`` that is in use is the second of a pair of
# normals; the last two fields are PyTorch's float cache, which its fillers no longer touch.
STATE = np.dtype(
    [
        ("seed", "<u8"),
        ("left", "<i4"),
        ("seeded", "<i4"),
        ("next", "<u8"),
        ("state", "<u8", (WORDS,)),
        ("normal_x", "<f8"),
        ("normal_y", "<f8"),
        ("normal_rho", "<f8"),
        ("normal_is_valid", "<i4"),
        ("pad", "<i4"),
        ("next_float", "<f4"),
        ("next_float_is_valid", "<i4"),
    ]
)


@final
class Mt19937:
    """One stream of 32-bit words: seed it, draw from it, save and restore it."""

    __slots__ = (
        "_address",
        "_fresh",
        "_lock",
        "_seeded",
        "_state",
        "_waiting",
        "_waits",
        "seed_value",
    )

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        # 624 words, how many of them are used up, and the second of a pair of normals that were
        # made one at a time: part of PyTorch's state.
        self._state: NDArray[np.uint32] = np.zeros(twister.STATE_WORDS, np.uint32)
        self._waiting = self._state[twister.WAITING : twister.WAITS].view(np.float64)
        self._waits = self._state[twister.WAITS :].view(np.int64)
        self._address: int = self._state.ctypes.data
        self._lock = Lock()  # the native functions let other threads run
        self.seed(seed)

    def seed(self, seed: int) -> None:
        """Start over. All 64 bits are remembered, the low 32 decide the stream (as in PyTorch)."""
        self.seed_value = seed & 0xFFFF_FFFF_FFFF_FFFF
        self._seeded = False  # not before a number is drawn: an import compiles nothing
        self._fresh = True
        self.next_normal = None

    @property
    def next_normal(self) -> float | None:
        """The normal number that the next one made alone will be."""
        return float(self._waiting[0]) if self._waits[0] else None

    @next_normal.setter
    def next_normal(self, number: float | None) -> None:
        self._waits[0] = number is not None
        self._waiting[0] = 0.0 if number is None else number

    def _start(self) -> None:
        native(twister.SEED, twister.SEED_TEXT)(self._address, self.seed_value & 0xFFFF_FFFF)
        self._seeded = True

    def fill(self, kernel: Kernel, count: int, address: int, *numbers: float) -> None:
        """Have a native function write ``count`` elements to memory: it takes the address of the
        words, then these arguments."""
        if not count:
            return
        draw = native(*kernel)
        with self._lock:
            if not self._seeded:
                self._start()
            self._fresh = False
            draw(self._address, count, address, *numbers)

    def array(self, kernel: Kernel, count: int, kind: type[Any], *numbers: float) -> NDArray[Any]:
        """What ``fill`` writes, as an array."""
        drawn = room_for(count, kind)
        if count:  # NumPy does not tell where an array of none is
            self.fill(kernel, count, address_of(drawn), *numbers)
        return drawn

    def words(self, count: int) -> NDArray[np.uint32]:
        """The next ``count`` words."""
        return self.array((twister.DRAW, twister.DRAW_TEXT), count, np.uint32)

    def longs(self, count: int) -> NDArray[np.uint64]:
        """The next ``count`` pairs of words, the first drawn in the upper half."""
        return self.array((twister.LONGS, twister.LONGS_TEXT), count, np.uint64)

    def fractions(self, count: int) -> NDArray[np.float32]:
        """The lower 24 bits of each of the next ``count`` words, as parts of 2**24."""
        return self.array((twister.FRACTIONS, twister.FRACTIONS_TEXT), count, np.float32)

    def events(self, count: int, limit: int, address: int) -> None:
        """From ``address`` on, ``count`` bytes: whether a number of 53 bits, the lower ones of the
        next pair of words, is less than ``limit``."""
        self.fill((twister.EVENTS, twister.EVENTS_TEXT), count, address, limit)

    def lend(self, use: Callable[[int], None]) -> None:
        """Call ``use`` with the address of the words, which draws from them as it will."""
        with self._lock:
            if not self._seeded:
                self._start()
            self._fresh = False
            use(self._address)

    def export_state(self) -> NDArray[np.uint8]:
        """PyTorch's 5056 bytes."""
        if not self._seeded:
            self._start()
        position = int(self._state[WORDS])
        record = np.zeros((), dtype=STATE)
        record["seed"] = self.seed_value
        record["seeded"] = 1
        record["left"] = 1 if self._fresh else WORDS + 1 - position
        record["next"] = 0 if self._fresh else position
        record["state"] = self._state[:WORDS]
        if self.next_normal is not None:
            record["normal_y"] = self.next_normal
            record["normal_is_valid"] = 1
        return np.frombuffer(record.tobytes(), dtype=np.uint8).copy()

    def import_state(self, data: NDArray[np.uint8]) -> None:
        """Take over PyTorch's 5056 bytes.

        Raises RuntimeError for bytes that are no such state.
        """
        if data.size != STATE.itemsize:
            raise RuntimeError(
                f"Expected a CPUGeneratorImplState of size {STATE.itemsize} but found the input "
                f"RNG state size to be {data.size}; pass what get_rng_state() or get_state() gave"
            )
        record = np.frombuffer(np.ascontiguousarray(data, dtype=np.uint8).tobytes(), dtype=STATE)[0]
        left = int(record["left"])
        if not 1 <= left <= WORDS or not record["seeded"]:
            raise RuntimeError(f"Invalid mt19937 state: {left} words left, needs 1 to {WORDS}")
        self.seed_value = int(record["seed"])
        self._fresh = left == 1 and int(record["next"]) == 0
        # left == 1 means that every word is used, whether or not any was drawn yet.
        self._state[:WORDS] = record["state"]
        self._state[WORDS] = WORDS + 1 - left
        self._seeded = True
        self.next_normal = float(record["normal_y"]) if record["normal_is_valid"] else None
