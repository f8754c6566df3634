"""How often Python's collector looks for garbage while programs record their steps.

It counts the objects that came into being less those that died, and looks at the young ones when
they are more than 700. A recorded step is thousands of values that all go by their reference
counts at the flush. Looked at while the step is being recorded they live, are moved to the old
ones, and after some steps of that the collector goes through everything the process holds (RWKV,
7,000 values a step: 115 ms in every eleventh step of 17 ms); in a program of ever new sizes it
took 4 to 5 of the 14 to 18 ms of a step. So the young may become as many as a step or two make.
What dies in a cycle is still found, after about as many steps as before.
"""

from __future__ import annotations

import gc
from typing import final

YOUNG = 10_000  # more than most steps of a new size leave alive until they are flushed
_MOST = 100_000
_OBJECTS = 4  # of a value: itself, its tensor, its place in the gradient graph; and a second step
# Of Python 3.11 and 3.12, of 3.13, of 3.14.
_DEFAULTS = frozenset(((700, 10, 10), (2000, 10, 10), (2000, 10, 0)))


@final
class Patience:
    """How many young objects the collector leaves alone, unless the program has said it itself.

    >>> import gc
    >>> before = gc.get_threshold()
    >>> gc.set_threshold(700, 10, 10)
    >>> Patience().for_step(5_000)
    >>> gc.get_threshold()
    (20000, 10, 10)
    >>> gc.set_threshold(*before)
    """

    __slots__ = ("_ours",)

    def __init__(self) -> None:
        self._ours = (0, 0, 0)

    def for_objects(self, wanted: int) -> None:
        """Let ``wanted`` objects come into being without a search for garbage among them."""
        now = gc.get_threshold()
        if 0 < now[0] < wanted and (now == self._ours or now in _DEFAULTS):
            self._ours = (wanted, now[1], now[2])
            gc.set_threshold(*self._ours)

    def for_step(self, values: int) -> None:
        """Let a step of so many values come into being so."""
        self.for_objects(min(_OBJECTS * values, _MOST))


patience = Patience()

__all__ = ["YOUNG", "Patience", "patience"]
