"""Host functions that are also loops over plain arrays: the compiler makes kernels of those.

    @routine("trace_of_each", lambda shapes, params: Cut(shapes[0][0], shapes[0][1:2], 8))
    def _(n: int, size: int, given: Array, out: Array) -> None:
        total = 0.0
        for i in range(size):
            total += given[(n * size + i) * size + i]
        out[n] = total

The function does item ``n``. It takes the sizes of its ``Cut``, the sources and the result of the
host function of that name, each without gaps and with one index, then its rooms. Items are done in
any order and at the same time. What such a function may have is in ``compiler/routine.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rushlight.base.errors import InternalError
from rushlight.base.record import Record

Shape = tuple[int, ...]


class Cut(Record):
    """How a call falls into items.

    ``sizes``: what the function is told; ``cost``: of an item, in bytes that are copied in the same
    time; ``room``: how many numbers it wants for itself, a room each: the first ``like`` of them
    hold what the first source holds, the others float64. ``alone``: one thread does all items,
    since the host function may find an answer where the loops give up.
    """

    items: int
    sizes: tuple[int, ...]
    cost: int
    room: tuple[int, ...] = ()
    like: int = 0
    alone: bool = False


CutOf = Callable[[Sequence[Shape], tuple[Any, ...]], Cut | None]


class Routine(Record):
    """``cut`` is told the shapes of the sources and of the result, and the parameters; None: NumPy
    is better at these."""

    function: Callable[..., int | None]
    cut: CutOf
    vectors: bool


ROUTINES: dict[str, Routine] = {}


def routine(
    name: str, cut: CutOf, *, vectors: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register loops for the host function ``name``. Where they return a number that is not 0, the
    host function is called for the whole: it raises.

    ``vectors``: LLVM looks for loops to make vectors of, in twice the time.

    The function, with all that it calls, is in a file of ``ops/`` whose name ends in "loops": plans
    on the disk are as old as those (``compiler/maker.py``).
    """

    def register(function: Callable[..., int | None]) -> Callable[..., int | None]:
        if not function.__module__.endswith("loops"):
            raise InternalError(f"ir.routine: {name!r} is in {function.__module__}, not in loops")
        if name in ROUTINES:
            raise InternalError(f"ir.routine: {name!r} is registered twice")
        ROUTINES[name] = Routine(function, cut, vectors)
        return function

    return register
