"""What a closed tape (``ir/size.py``) says for other numbers, computed as seldom as can be.

Nearly all that is computed from the sizes of a graph depends on one of them alone: the rows that
one expert of a mixture gets, say, of which each step has another combination. So what follows from
one number is kept for the next replay with that number, and with it that something would have been
decided otherwise. Only what depends on several numbers is computed each time.

>>> from operator import add, gt, mul
>>> steps = [(mul, (0, 0)), (gt, (0, 1)), (add, (2, 1))]
>>> replay = Replay(2, steps, [3, 2, 9, True, 11], {3: True}, [4, 2])
>>> replay.run([5, 4]), replay.run([5, 6])
((29, 25), None)
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, final

from rushlight.base.hot import hot

Function = Callable[..., Any]
# Where a value is to go, how it is computed and from what, and what it has to be (or ``_ANY``).
_Step = tuple[int, Function, tuple[int, ...], Any]
_ANY: Any = object()
_WHOLE = {int}
NOBODY, _SEVERAL = -1, -2
GUARDS_LIMIT = 4
_FEW = 8
KEPT_LIMIT = 1 << 15  # values that one tape keeps


def owners_of(
    count: int,
    steps: Sequence[tuple[Function, tuple[int, ...]]],
    decided: Mapping[int, Any],
) -> list[int]:
    """For each place of a tape the only input that its value depends on; NOBODY where it is always
    the same: made of constants, or decided, as whoever reads that finds what it was."""
    owners = [NOBODY if place in decided else place for place in range(count)]
    for place, (_, sources) in enumerate(steps, count):
        depends = {owners[source] for source in sources} - {NOBODY}
        owner = depends.pop() if len(depends) == 1 else _SEVERAL if depends else NOBODY
        owners.append(NOBODY if place in decided else owner)
    return owners


@final
class Replay:
    """The steps of a tape in groups: those that depend on the same one of its inputs."""

    def __init__(
        self,
        count: int,
        steps: Sequence[tuple[Function, tuple[int, ...]]],
        values: Sequence[Any],
        decided: Mapping[int, Any],
        wanted: Sequence[int],
        limit: int = KEPT_LIMIT,
    ) -> None:
        """``values``: at each place of the tape, of which the first ``count`` are its inputs;
        ``decided``: places that must have this value; ``wanted``: places that ``run`` tells."""
        owners = owners_of(count, steps, decided)
        alone: list[list[_Step]] = [[] for _ in range(count)]
        together: list[_Step] = []
        for place, (function, sources) in enumerate(steps, count):
            depends = {owners[source] for source in sources} - {NOBODY}
            if depends:
                owner = depends.pop() if len(depends) == 1 else _SEVERAL
                group = together if owner == _SEVERAL else alone[owner]
                group.append((place, function, sources, decided.get(place, _ANY)))
        needed = {*wanted, *(source for _, _, sources, _ in together for source in sources)}
        # Values that are computed together are in this order.
        order: list[int] = []
        members: list[list[int]] = [[] for _ in range(count)]
        for place in sorted(needed):
            if owners[place] >= 0:
                members[owners[place]].append(place)
            elif owners[place] == NOBODY:
                order.append(place)
        self._constants = [values[place] for place in order]
        for each in members:
            order += each
        order += [place for place, *_ in together]
        at = {place: number for number, place in enumerate(order)}
        self._alone = [
            _Alone(number, decided.get(number, _ANY), *each)
            for number, each in enumerate(zip(alone, members, strict=True))
        ]
        self._start = list(values)
        self._together: list[tuple[Function, tuple[int, ...], Any]] = [
            (function, tuple([at[source] for source in sources]), expected)
            for _, function, sources, expected in together
        ]
        self._wanted = [at[place] for place in wanted]
        self._kept = 0
        self._limit = limit

    @hot
    def run(self, numbers: Sequence[Any]) -> tuple[Any, ...] | None:
        """What is wanted for these inputs; None where a decision comes out otherwise."""
        values = list(self._constants)
        try:
            for group, number in zip(self._alone, numbers):  # noqa: B905  one for each
                found = self._of_one(group, number)
                if found is None:
                    return None
                values += found
            for function, sources, expected in self._together:
                value = function(*[values[source] for source in sources])
                if expected is not _ANY and value != expected:
                    return None
                values.append(value)
        except (ArithmeticError, ValueError):  # behind a decision that comes out otherwise
            return None
        return tuple([values[place] for place in self._wanted])

    @hot
    def _of_one(self, group: _Alone, number: Any) -> Sequence[Any] | None:
        if type(number) is not int:  # 1 and 1.0 would be one key
            return group.run(self._start, number)
        found: Sequence[Any] | None = group.known.get(number, _ANY)
        if found is not _ANY:
            return found
        found = group.run(self._start, number)
        if found is None or len(self._alone) > 1:  # a tape of one number is not asked for it again
            self._kept += 1 + (0 if found is None else len(found))
            if self._kept > self._limit:
                self._kept = 0
                for each in self._alone:
                    each.known = {}
            group.known[number] = found
        return found


@hot
def _first_wrong(steps: Sequence[_Step], values: list[Any]) -> int | None:
    """Compute ``steps`` into ``values``; the number of the first that comes out otherwise."""
    number = 0
    try:
        for number, (place, function, sources, expected) in enumerate(steps):
            value = values[place] = function(*[values[source] for source in sources])
            if expected is not _ANY and value != expected:
                return number
    except (ArithmeticError, ValueError):  # behind a decision that comes out otherwise
        return number
    return None


def _comes_out_otherwise(guard: Sequence[_Step], values: list[Any]) -> bool:
    """Whether steps apart from all others tell. They may fail where another one of the whole,
    which comes before them, decides otherwise."""
    try:
        return _first_wrong(guard, values) is not None
    except Exception:  # a step may be any function of sizes (Tape.decide): the whole will tell
        return False


def _what_leads_to(number: int, steps: Sequence[_Step]) -> list[_Step]:
    """A step and those before it that it depends on, in order."""
    needed, found = {steps[number][0]}, []
    for step in reversed(steps[: number + 1]):
        if step[0] in needed:
            found.append(step)
            needed.update(step[2])
    return found[::-1]


@final
class _Alone:
    """What depends on one input alone."""

    def __init__(self, place: int, only: Any, steps: list[_Step], kept: list[int]) -> None:
        self.place = place
        self.only = only  # what the input itself has to be
        self.steps = steps
        self.kept = kept
        self.known: dict[int, Sequence[Any] | None] = {}
        # What decided against this tape before is computed first: few steps of hundreds, where one
        # of many tapes is looked for.
        self.guards: list[list[_Step]] = []

    @hot
    def run(self, start: Sequence[Any], number: Any) -> Sequence[Any] | None:
        """The values at the places ``kept``; ``start`` holds the constants.

        Whole numbers as an array where they are many: they are kept, a hundred of each size in each
        of many moulds. (Python's collector does not look at a tuple of a few.)
        """
        if self.only is not _ANY and number != self.only:
            return None
        values = list(start)
        values[self.place] = number
        for guard in self.guards:
            if _comes_out_otherwise(guard, values):
                return None
        wrong = _first_wrong(self.steps, values)
        if wrong is not None:
            found_out = _what_leads_to(wrong, self.steps)
            self.guards = [found_out, *self.guards[: GUARDS_LIMIT - 1]]
            return None
        found = [values[place] for place in self.kept]
        if len(found) > _FEW and set(map(type, found)) <= _WHOLE:
            try:
                return array("q", found)
            except OverflowError:
                pass
        return tuple(found)
