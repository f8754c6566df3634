"""Sizes that stand for many: a graph compiled once, for every length of a sentence.

While a ``Tape`` records, some sizes of a graph are ``Size`` objects rather than ints. Arithmetic on
them goes to the tape; whatever is *decided* with them is decided for the numbers at hand and noted:
a comparison with how it came out, a size used as a plain int (an index, a count of a loop, a piece
of a kernel's text) with its value. ``Tape.replay`` computes everything for other numbers, or tells
that something would have been decided otherwise.

>>> tape = Tape([5])
>>> n = tape.inputs[0]
>>> blocks = -(-n * 4 // 8)
>>> "many" if n > 3 else "few"
'many'
>>> tape.close()
>>> tape.replay([9])[tape.place(blocks)]
5
>>> tape.replay([2]) is None
True
"""

from __future__ import annotations

import functools
import operator
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar, final

from rushlight.base.record import leaves_of, with_leaves
from rushlight.ir.replay import KEPT_LIMIT, NOBODY, Replay, owners_of

Number = int | float
Made = TypeVar("Made")


@final
class Tape:
    """What was computed from ``inputs``, in order, and what was decided.

    It records for the thread that made it. To others its sizes are plain numbers: they meet them in
    tables of kernels that were asked for with sizes.
    """

    def __init__(self, numbers: Sequence[Number], others: Sequence[Number] = ()) -> None:
        """``others``: numbers of another time, by which sizes that are equal by chance are known:
        two that differ then are not looked for in place of each other."""
        self.steps: list[tuple[Callable[..., Any], tuple[int, ...]]] = []
        self.values: list[Any] = [*numbers]
        self.decided: dict[int, Any] = {}
        self._thread = threading.get_ident()
        self._known, self._constants = dict[Any, int](), dict[Any, int]()
        self._sizes: dict[int, Size] = {}
        self._others: list[Any] = [*others]
        self.count = len(numbers)
        self.inputs = [self._size(place) for place in range(self.count)]

    def _size(self, place: int) -> Size:
        if place not in self._sizes:
            self._sizes[place] = Size(self, place)
        return self._sizes[place]

    def place(self, number: Any) -> int:
        """Where a number is on the tape: a size's own place, or that of a constant."""
        if isinstance(number, Size):
            if number.tape is self:
                return number.place
            number = number.fixed()  # of another tape: here a constant, so there, too
        key = (type(number), repr(number) if type(number) is float else number)
        found = self._constants.get(key)
        if found is None:
            constant = functools.partial(_same, number)
            found = self._constants[key] = self._append(constant, (), number)
        return found

    def _append(self, function: Callable[..., Any], places: tuple[int, ...], value: Any) -> int:
        self.steps.append((function, places))
        self.values.append(value)
        return len(self.values) - 1

    def apply(self, function: Callable[..., Any], *numbers: Any) -> int:
        """The place of ``function(*numbers)``."""
        places = []
        for number in numbers:
            if type(number) is Size and number.tape is self:  # twenty thousand times a mould
                places.append(number.place)
                continue
            if isinstance(number, (tuple, list)) and _open_tape(number) is not None:
                raise TypeError(f"Size: a tuple of them is not noted by {function}")
            places.append(self.place(number))
        key = (function, *places)
        found = self._known.get(key)
        if found is None:
            value = function(*[self.values[place] for place in places])
            found = self._known[key] = self._append(function, tuple(places), value)
        return found

    def compute(self, function: Callable[..., Any], *numbers: Any) -> Any:
        """``function(*numbers)`` as a size, or as a number once the tape is closed."""
        # Sizes left over from an earlier tape meet those of the one that records now.
        tape = self if self.open else _open_tape(numbers)
        if tape is None:
            return function(*map(plain, numbers))
        return tape._size(tape.apply(function, *numbers))

    def decide(self, function: Callable[..., Any], *numbers: Any) -> Any:
        """``function(*numbers)`` for the numbers at hand; replays must come to the same."""
        tape = self if self.open else _open_tape(numbers)
        if tape is None:
            return function(*map(plain, numbers))
        place = tape.apply(function, *numbers)
        value = tape.decided[place] = tape.values[place]
        return value

    def other(self, place: int) -> Any:
        """The value at ``place`` for the other numbers; if nobody asked in time, the usual one."""
        known = self._others
        if self.open and 0 < len(known) <= place:
            for function, places in self.steps[len(known) - self.count : place + 1 - self.count]:
                try:
                    known.append(function(*[known[each] for each in places]))
                except (ArithmeticError, AttributeError, TypeError, ValueError):
                    known.append(None)
        return known[place] if place < len(known) else self.values[place]

    @property
    def open(self) -> bool:
        """Whether what this thread does with its sizes is recorded."""
        return self._thread == threading.get_ident()

    def close(self) -> None:
        """From now on its sizes are as good as ints: what is kept of them somewhere stays right."""
        self._thread = 0
        self._known, self._constants, self._sizes = {}, {}, {}

    def varies(self, places: Sequence[int]) -> list[bool]:
        """Of some places whether replays come to other values there."""
        owners = owners_of(self.count, self.steps, self.decided)
        return [owners[place] != NOBODY for place in places]

    def replay(self, numbers: Sequence[Number]) -> tuple[Any, ...] | None:
        """The value at every place for other inputs; None where a decision comes out otherwise."""
        return self.replayed(range(len(self.values))).run(numbers)

    def replayed(self, wanted: Sequence[int], limit: int = KEPT_LIMIT) -> Replay:
        """What computes the values at some places for other inputs, again and again; it keeps
        ``limit`` of them."""
        return Replay(self.count, self.steps, self.values, self.decided, wanted, limit)


def _same(number: Any) -> Any:
    return number


def _noted(function: Callable[[Any, Any], Any]) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Methods that note ``function`` of a size and something else, and the other way round."""
    return (
        lambda self, other: self.tape.compute(function, self, other),
        lambda self, other: self.tape.compute(function, other, self),
    )


@final
class Size:
    """A number on a tape. No int: what takes an int from it has to ask, and the tape notes that."""

    __slots__ = ("hashed", "place", "tape")

    def __init__(self, tape: Tape, place: int) -> None:
        self.tape = tape
        self.place = place
        self.hashed: int | None = None

    @property
    def value(self) -> Any:
        """The number at hand."""
        return self.tape.values[self.place]

    def fixed(self) -> Any:
        """The number at hand, for good: replays must have the same."""
        if self.tape.open:
            self.tape.decided[self.place] = self.value
        return self.value

    def __add__(self, other: Any) -> Any:
        if type(other) is int and other == 0:
            return self
        return self.tape.compute(operator.add, self, other)

    def __radd__(self, other: Any) -> Any:
        if type(other) is int and other == 0:
            return self
        return self.tape.compute(operator.add, other, self)

    def __sub__(self, other: Any) -> Any:
        if type(other) is int and other == 0:
            return self
        return self.tape.compute(operator.sub, self, other)

    def __mul__(self, other: Any) -> Any:
        if type(other) is int and other in (0, 1) and type(self.value) is int:
            return self if other else 0
        if isinstance(other, (list, tuple, str)):
            return NotImplemented  # so many of them: they ask for an int
        return self.tape.compute(operator.mul, self, other)

    __rmul__ = __mul__

    def __floordiv__(self, other: Any) -> Any:
        if type(other) is int and other == 1 and type(self.value) is int:
            return self
        return self.tape.compute(operator.floordiv, self, other)

    __mod__, __rmod__ = _noted(operator.mod)
    __truediv__, __rtruediv__ = _noted(operator.truediv)
    __and__ = _noted(operator.and_)[0]
    __rlshift__ = _noted(operator.lshift)[1]
    __rsub__ = _noted(operator.sub)[1]
    __rfloordiv__ = _noted(operator.floordiv)[1]

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __rdivmod__(self, other: Any) -> Any:
        return other // self, other % self

    def __neg__(self) -> Any:
        return self.tape.compute(operator.neg, self)

    def __abs__(self) -> Any:
        return self.tape.compute(operator.abs, self)

    def __round__(self, digits: int | None = None) -> Any:
        return self.tape.compute(round, self, digits)

    def bit_length(self) -> Any:
        return self.tape.compute(int.bit_length, self)

    def __eq__(self, other: Any) -> bool:
        if self is other:
            return True
        if not isinstance(other, (int, float, Size)):
            return NotImplemented
        return bool(self.tape.decide(operator.eq, self, other))

    def __ne__(self, other: Any) -> bool:
        return not self == other

    def __lt__(self, other: Any) -> bool:
        return bool(self.tape.decide(operator.lt, self, other))

    def __le__(self, other: Any) -> bool:
        return bool(self.tape.decide(operator.le, self, other))

    def __gt__(self, other: Any) -> bool:
        return bool(self.tape.decide(operator.gt, self, other))

    def __ge__(self, other: Any) -> bool:
        return bool(self.tape.decide(operator.ge, self, other))

    def __bool__(self) -> bool:
        return bool(self.tape.decide(bool, self))

    def __hash__(self) -> int:
        # Not noted: where equal things meet by their hash, ``==`` is asked and noted; things that
        # are not found equal are only kept apart: those that are equal by chance, too.
        if self.hashed is None:
            value, other = self.value, self.tape.other(self.place)
            self.hashed = hash(value if value == other else (value, other))
        return self.hashed

    def __index__(self) -> int:
        return int(operator.index(self.fixed()))

    def __int__(self) -> int:
        return int(self.fixed())

    def __float__(self) -> float:
        return float(self.fixed())

    # All text fixes it, ``repr`` too: text is what kernels are, and what some tables are keyed by.
    # Labels are written with ``shown``.
    def __repr__(self) -> str:
        return repr(self.fixed())

    def __format__(self, form: str) -> str:
        return format(self.fixed(), form)


def plain(number: Any) -> Any:
    """The number itself, of a size the one at hand."""
    return number.value if isinstance(number, Size) else number


def is_below(number: Any, limit: int) -> bool:
    """Whether a plain number is below ``limit``; sizes are not asked: they decide if asked last."""
    return type(number) is int and number < limit


def shown(numbers: Any) -> str:
    """Numbers (or tuples of them) as text for a label, which may name the sizes of another cast."""
    if isinstance(numbers, (tuple, list)):
        return "[" + ", ".join(map(shown, numbers)) + "]"
    return str(plain(numbers))


def is_about_sizes(error: Exception) -> bool:
    """Whether a TypeError or AttributeError says that something takes ints, and no ``Size``."""
    return Size.__name__ in str(error)


def _open_tape(numbers: Sequence[Any]) -> Tape | None:
    for number in numbers:
        if isinstance(number, Size) and number.tape.open:
            return number.tape
    return None


def decision(function: Callable[..., Made]) -> Callable[..., Made]:
    """A function of numbers (and other hashable things) whose *result* is what is decided.

    Without it every comparison inside would be: ``tile`` compares costs that change with every
    size, and mostly chooses the same.
    """

    @functools.wraps(function)
    def wrapped(*numbers: Any) -> Any:
        tape = _open_tape(numbers)
        return function(*numbers) if tape is None else tape.decide(function, *numbers)

    return wrapped


def quantity(function: Callable[..., Made]) -> Callable[..., Made]:
    """A function of numbers that gives a number, recorded as one step: nothing inside is noted."""

    @functools.wraps(function)
    def wrapped(*numbers: Any) -> Any:
        tape = _open_tape(numbers)
        return function(*numbers) if tape is None else tape.compute(function, *numbers)

    return wrapped


def quantities(function: Callable[..., Made]) -> Callable[..., Made]:
    """``quantity`` for several numbers: a function of numbers and records of them that gives a
    number, a record or a tuple of such. What of its result is no number is decided; what becomes
    text of a kernel is better not part of it."""

    @functools.wraps(function)
    def wrapped(*given: Any) -> Made:
        sizes = [each for each in leaves_of(given) if isinstance(each, Size)]
        tape = _open_tape(sizes)
        if tape is None:
            return function(*given)

        def numbers(*now: Number) -> tuple[Any, ...]:
            return tuple(leaves_of(function(*_with_sizes(given, iter(now)))))

        noted = tape.compute(numbers, *sizes)
        found = function(*_with_sizes(given, map(plain, sizes)))
        leaves = [
            tape.compute(operator.itemgetter(k), noted)
            if type(leaf) is int
            else tape.decide(operator.itemgetter(k), noted)
            for k, leaf in enumerate(leaves_of(found))
        ]
        made: Made = with_leaves(found, iter(leaves))
        return made

    return wrapped


def _with_sizes(thing: Any, numbers: Iterator[Any]) -> Any:
    """The same with the next number in the place of each size."""
    return with_leaves(
        thing, (next(numbers) if isinstance(leaf, Size) else leaf for leaf in leaves_of(thing))
    )
