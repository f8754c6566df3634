"""The Mersenne Twister, drawn in the order and stored in the bytes that PyTorch uses.

NumPy's ``MT19937`` produces the same 32-bit words from the same 624 words of state, and fills
arrays at 300 million words a second; this file adds PyTorch's bookkeeping around it.

>>> Mt19937(5).words(2).tolist()
[953453411, 236996814]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

import numpy as np

from rushlight.runtime.events import Events

if TYPE_CHECKING:
    from numpy.typing import NDArray

WORDS = 624
DEFAULT_SEED = 67280421310721
# NumPy's filler takes 5 us to begin, its raw words a microsecond but more for each.
FEW = 1000
_HALF = np.uint64(32)

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

    __slots__ = ("_bits", "_draw", "_events", "_fresh", "_reseed", "next_normal", "seed_value")

    def __init__(self, seed: int = DEFAULT_SEED) -> None:
        # NumPy loads its random module when it is first asked for: not before a number is drawn,
        # because that takes a tenth of the time in which Rushlight wants to be imported.
        self._draw: np.random.Generator | None = None
        self._events: Events | None = None
        # The second of a pair of normals that were made one at a time: part of PyTorch's state.
        self.next_normal: float | None = None
        self.seed(seed)

    def _start(self) -> np.random.Generator:
        self._bits = np.random.MT19937(0)
        # NumPy's old interface seeds the way PyTorch does, and on the same bit generator.
        self._reseed = np.random.RandomState(self._bits).seed
        self._reseed(self.seed_value & 0xFFFF_FFFF)
        self._draw = np.random.Generator(self._bits)
        return self._draw

    def seed(self, seed: int) -> None:
        """Start over. All 64 bits are remembered, the low 32 decide the stream (as in PyTorch)."""
        self.seed_value = seed & 0xFFFF_FFFF_FFFF_FFFF
        if self._draw is not None:
            self._reseed(seed & 0xFFFF_FFFF)
        self._fresh = True
        self.next_normal = None

    def words(self, count: int) -> NDArray[np.uint32]:
        """The next ``count`` words."""
        if count:
            self._fresh = False
        draw = self._draw or self._start()
        if count <= FEW:
            return self._bits.random_raw(count).astype(np.uint32)
        return draw.integers(0, 2**32, count, dtype=np.uint32)

    def longs(self, count: int) -> NDArray[np.uint64]:
        """The next ``count`` pairs of words, the first drawn in the upper half."""
        if count:
            self._fresh = False
        draw = self._draw or self._start()
        if count <= FEW:
            words = self._bits.random_raw(2 * count)
            longs: NDArray[np.uint64] = words[::2]
            longs <<= _HALF
            longs |= words[1::2]
            return longs
        return draw.integers(0, 2**64, count, dtype=np.uint64)

    def events(self, count: int, limit: int, address: int) -> None:
        """From ``address`` on, ``count`` bytes: whether a number of 53 bits, the lower ones of the
        next pair of words, is less than ``limit``."""
        events = self._events
        if events is None:
            if self._draw is None:
                self._start()
            events = self._events = Events(self._bits)
        if count:
            self._fresh = False
            events.write(address, count, limit)

    def export_state(self) -> NDArray[np.uint8]:
        """PyTorch's 5056 bytes."""
        if self._draw is None:
            self._start()
        state = self._bits.state["state"]
        position = int(state["pos"])
        record = np.zeros((), dtype=STATE)
        record["seed"] = self.seed_value
        record["seeded"] = 1
        record["left"] = 1 if self._fresh else WORDS + 1 - position
        record["next"] = 0 if self._fresh else position
        record["state"] = state["key"]
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
        if self._draw is None:
            self._start()
        self.seed_value = int(record["seed"])
        self._fresh = left == 1 and int(record["next"]) == 0
        # left == 1 means that every word is used, whether or not any was drawn yet.
        key = record["state"].astype(np.uint32)
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": key, "pos": WORDS + 1 - left},
        }
        self.next_normal = float(record["normal_y"]) if record["normal_is_valid"] else None
