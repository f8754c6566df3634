"""Functions translated to machine code do what they do as Python, to the reference count."""

from __future__ import annotations

import gc
import importlib
import sys
from collections.abc import Callable, Iterator
from sys import getrefcount
from typing import Any

import pytest

from rushlight.base import hot
from rushlight.runtime import llvm
from rushlight.runtime.hot import link
from rushlight.runtime.hot.layouts import Layouts, reliable
from rushlight.runtime.hot.part import Untranslatable
from tests.runtime.translating import native, outcome

pytestmark = pytest.mark.skipif(not reliable(), reason="objects lie otherwise here")
_made = object.__new__
LIMIT = 5
_TIMES = 300


class Pair:
    """Two slots."""

    __slots__ = ("left", "right")

    def __init__(self, left: Any = None, right: Any = None) -> None:
        self.left = left
        self.right = right

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pair) and (self.left, self.right) == (other.left, other.right)

    __hash__ = object.__hash__

    def swap(self, by: Any = 1) -> Any:
        self.left, self.right = self.right, self.left
        return by


class Other:
    """Slots of the same names elsewhere, and a __dict__."""

    __slots__ = ("__dict__", "first", "left", "right")


def arithmetic(a: Any, b: Any) -> Any:
    if a == b or not 0 <= a <= LIMIT:
        return -a
    if a > 3 and b < 2:
        return a // b + a % b
    return (a + b, a - b, a * b, a | 1, a & 3, a << 2, 7 >> 1, a**2, a / 2, -3)


def lengths(row: Any, k: Any) -> Any:
    if len(row) >= 3 and len(row) + 1 != k:
        return row[:k], row[k:3], len(row) - 1, row[0], row[-1], row[k], row[1:], row[:-1], row[1:2]
    return row[len(row) - 1]


def loops(rows: Any, names: Any) -> Any:
    found = []
    for row, name in zip(rows, names):  # noqa: B905
        if name is None:
            continue
        if name == "stop":
            break
        found.append((name, [each + 1 for each in row if each is not None]))
    total = 0
    while total < 4:
        total += 1
    for first, second in found:
        found[0] = second
        total += len(second)
        name = first
    for row in rows:
        if row == [2]:
            break
    else:
        total = -total
    return found, total, {each for each in found if each}


def grows(row: Any) -> Any:
    for each in row:
        if each < 5:
            row.append(each + 2)
    return row


def displays(a: Any, rows: Any, known: Any) -> Any:
    made = {"a": a, 1: [a, *rows], (2, a): {x for x in rows if x}}
    known["n"] = known.get("n", 0) + 1
    known["n"] += 1
    whole = [*rows, a, *rows]
    whole += (1, 2)
    whole.extend(rows)
    return made, (*rows, a), whole, f"<{a!r}|{a}|{len(rows):>4}>", known.get("m"), "n" in known


def caught(table: Any, key: Any) -> Any:
    seen = []
    try:
        try:
            seen.append(table[key])
            return seen, "there"
        except (KeyError, IndexError) as error:
            seen.append(str(error))
            if key == "raise":
                raise ValueError("asked for") from error
            if key == "again":
                raise
        seen.append(repr(sys.exc_info()[1]))
    except ValueError as error:
        return seen, error.args, type(error.__cause__), type(error.__context__)
    except BaseException:
        seen.append(type(sys.exc_info()[1]))
        raise
    return seen


def goes_on(tables: Any, key: Any) -> Any:
    seen = []
    for table in tables:
        try:
            seen.append(table[key])
        except KeyError:
            continue
        except IndexError:
            break
    seen.append(repr(sys.exc_info()[1]))
    return seen


class Manager:
    """Swallows what it is told to."""

    def __init__(self, swallowed: type) -> None:
        self.swallowed = swallowed
        self.told: list[Any] = []

    def __enter__(self) -> Manager:
        self.told.append("in")
        return self

    def __exit__(self, kind: Any, error: Any, trace: Any) -> bool:
        self.told.append((kind, repr(error)))
        return kind is self.swallowed


def managed(manager: Any, what: Any) -> Any:
    with manager as entered:
        entered.told.append(1 // what)
    return manager.told


def unbound(a: Any) -> Any:
    if a:
        found = a
    return found


def slots(pair: Any, key: Any) -> Any:
    before = pair.left
    pair.left = key
    pair.right = before
    pair.swap()
    made = _made(Pair)
    made.left = made.right = pair.left
    third = Pair(1)
    third.right = Pair(made, 2).swap(key)
    return before, pair.right, made.left, made.right, third


def missing(pair: Any) -> Any:
    return pair.nothing_there


def references(rows: Any) -> Any:
    counts = [getrefcount(each) for each in rows]
    counts += [getrefcount(each) - 1 for each in rows]
    for each in rows:
        counts.append(getrefcount(each))
    return counts


class Marked(Pair):
    """A sub-class: not the class whose slots are known, but the slots are."""

    __slots__ = ()


def unset() -> Pair:
    return _made(Pair)


CASES: list[tuple[Callable[..., Any], list[Callable[[], tuple[Any, ...]]]]] = [
    (arithmetic, [lambda: (1, 2), lambda: (4, 1), lambda: (4, 0), lambda: (9, 1), lambda: (2.5, 1),
                  lambda: ("a", 1), lambda: (2, 2), lambda: (2**70, 1)]),
    (lengths, [lambda: ([1, 2, 3], 1), lambda: ((4, 5, 6, 7), -2), lambda: ("abcd", 9),
               lambda: ([], 0), lambda: (None, 1), lambda: (range(5), 2)]),
    (loops, [lambda: ([[1, None], [2]], ["a", "b"]), lambda: ([[1]], ["a", "b", "c"]),
             lambda: (iter([[1], [2], [3]]), ("a", None, "stop")),
             lambda: ([[1], None], ["a", "b"]),
             lambda: ((x // 0 for x in (1, 2)), "ab")]),
    (grows, [lambda: ([1, 2, 3],), lambda: ([],), lambda: ((1,),)]),
    (displays, [lambda: (1, [2, 3], {}), lambda: ("x", (), {"n": 4}),
                lambda: ([], "ab", {"m": 1}), lambda: (1, [[]], {})]),
    (caught, [lambda: ({1: 2}, 1), lambda: ({}, 1), lambda: ({}, "raise"), lambda: ({}, "again"),
              lambda: ([], 3), lambda: ([], "x"), lambda: ({}, [])]),
    (goes_on, [lambda: ([{}, [], {}], 1), lambda: ([{1: 2}, {}, {1: 3}], 1), lambda: ([], 1)]),
    (managed, [lambda: (Manager(ZeroDivisionError), 1), lambda: (Manager(ZeroDivisionError), 0),
               lambda: (Manager(KeyError), 0)]),
    (unbound, [lambda: (1,), lambda: (0,)]),
    (slots, [lambda: (Pair(1, 2), 3), lambda: (Marked(1, 2), 3), lambda: (unset(), 3),
             lambda: (Other(), 1)]),
    (missing, [lambda: (Pair(),), lambda: (3,)]),
]  # fmt: skip
TRANSLATED: dict[str, Any] = {}


def translated(name: str) -> Any:
    """All of the above are translated together, once."""
    if not TRANSLATED:
        functions = [function for function, _ in CASES] + [references, Pair.__init__, Pair.swap]
        made = native(*functions, classes=(Pair, Other))
        TRANSLATED.update({f.__name__: each for f, each in zip(functions, made, strict=True)})
    return TRANSLATED[name]


@pytest.mark.parametrize(("function", "given"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_as_in_python(function: Callable[..., Any], given: list[Any]) -> None:
    machine = translated(function.__name__)
    for each in given:
        wanted = outcome(function, each())
        assert repr(outcome(machine, each())) == repr(wanted) or (
            outcome(machine, each()) == wanted
        ), each()


@pytest.fixture(scope="module")
def few_to_collect() -> Iterator[None]:
    """What tests before have left takes the collector a second each time it looks."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()


@pytest.mark.usefixtures("few_to_collect")
@pytest.mark.parametrize(("function", "given"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_every_reference_is_given_back(function: Callable[..., Any], given: list[Any]) -> None:
    machine = translated(function.__name__)
    shared = [None, True, False, Pair, (), "stop", KeyError, ValueError, 1, 2, -3]
    for each in given:
        arguments = each()
        kept = [*arguments]
        outcome(machine, arguments)
        gc.collect()
        # Of three rounds, each object's steadiest: another thread refers to True now and then, too.
        steadiest = [_TIMES] * (len(kept) + len(shared))
        for _ in range(3):
            before = [getrefcount(one) for one in (*kept, *shared)]
            for _ in range(_TIMES):
                fresh = each()
                outcome(machine, fresh)
                del fresh
            gc.collect()
            after = [getrefcount(one) for one in (*kept, *shared)]
            changes = [abs(a - b) for a, b in zip(before, after, strict=True)]
            steadiest = [*map(min, steadiest, changes)]
        assert max(steadiest) < _TIMES // 3, steadiest


def test_objects_die_when_they_should() -> None:
    class Told:
        def __init__(self, log: list[str]) -> None:
            self.log = log

        def __del__(self) -> None:
            self.log.append("gone")

    log: list[str] = []
    machine = translated("slots")
    found = machine(Pair(Told(log), 0), 3)
    assert log == []
    del found
    assert log == ["gone"]
    with pytest.raises(AttributeError):
        translated("missing")(Told(log))
    assert log == ["gone"] * 2


def test_what_was_handled_before_is_again() -> None:
    machine = translated("caught")
    try:
        raise OSError("outer")
    except OSError as outer:
        assert machine({}, 1)[0] == "1"
        assert sys.exc_info()[1] is outer
        with pytest.raises(KeyError) as raised:
            machine({}, "again")
        assert raised.value.__context__ is outer
        assert sys.exc_info()[1] is outer
    assert sys.exc_info()[1] is None


def test_reference_counts_are_those_that_python_sees() -> None:
    rows = [object(), Pair(), [1]]
    assert translated("references")(rows) == references(rows)


def test_a_wrong_number_of_arguments() -> None:
    with pytest.raises(TypeError, match="wrong number of arguments"):
        translated("unbound")(1, 2)


def test_what_has_no_translation_is_named() -> None:
    def late(a: Any) -> Any:
        yield a

    with pytest.raises(Untranslatable, match=r"late, line \d+: Yield"):
        link.translate(late, Layouts([]))  # type: ignore[arg-type]


def test_all_that_is_marked_has_a_translation() -> None:
    for each in ("nn", "optim", "utils.data"):
        importlib.import_module(f"rushlight.{each}")
    layouts, binding = Layouts(hot.classes), llvm.binding()
    seen = {each.__code__: each for each in hot.functions}
    with link.as_python():
        for each in seen.values():
            text, _ = link.translate(each, layouts)
            binding.parse_assembly(text).verify()
