"""Functions translated to machine code do what they do as Python, to the reference count."""

from __future__ import annotations

import ctypes
import functools
import gc
import importlib
import subprocess
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from sys import getrefcount
from typing import Any

import pytest

from rushlight.base import hot
from rushlight.runtime import code, llvm
from rushlight.runtime.cache import DiskCache
from rushlight.runtime.hot import link
from rushlight.runtime.hot.layouts import Layouts, reliable, vectorcall_of
from rushlight.runtime.hot.part import Untranslatable
from rushlight.runtime.hot.symbols import PROTOCOL

pytestmark = pytest.mark.skipif(not reliable(), reason="objects lie otherwise here")
_made = object.__new__
LIMIT = 5


@contextmanager
def registered(functions: list[Any], classes: list[type]) -> Iterator[None]:
    """As if under ``@hot``, for a while."""
    hot.functions.extend(functions)
    hot.classes.extend(classes)
    try:
        yield
    finally:
        for each in functions:
            hot.functions.remove(each)
        for kind in classes:
            hot.classes.remove(kind)


def native(*functions: Callable[..., Any], classes: tuple[type, ...] = ()) -> list[Any]:
    """Their translations, as objects to call."""
    with registered([*functions], [*classes]):
        batch = link.Batch([*functions])  # type: ignore[list-item]
        batch.load({each: batch.translate(each) for each in functions})  # type: ignore
        batch.fill()
    return [link.entrance(each) for each in functions]  # type: ignore[arg-type]


def outcome(function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a call gives or raises, with what is said of the error."""
    try:
        found = function(*arguments)
    except BaseException as error:
        return type(error), str(error), repr(error.__context__), repr(error.__cause__)
    return type(found), found


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


@pytest.mark.parametrize(("function", "given"), CASES, ids=[f.__name__ for f, _ in CASES])
def test_every_reference_is_given_back(function: Callable[..., Any], given: list[Any]) -> None:
    machine = translated(function.__name__)
    shared = [None, True, False, Pair, (), "stop", KeyError, ValueError, 1, 2, -3]
    for each in given:
        arguments = each()
        kept = [*arguments]
        outcome(machine, arguments)
        gc.collect()
        before = [getrefcount(one) for one in (*kept, *shared)]
        for _ in range(300):
            fresh = each()
            outcome(machine, fresh)
            del fresh
        gc.collect()
        after = [getrefcount(one) for one in (*kept, *shared)]
        assert all(abs(a - b) < 100 for a, b in zip(before, after, strict=True)), (before, after)


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


@contextmanager
def put_to_work(*functions: Any) -> Iterator[link.Batch]:
    """Functions that call their translations, for a while."""
    originals = [each.__code__ for each in functions]
    with registered([*functions], []):
        batch = link.Batch(functions)
        batch.load({each: str(batch.translate(each)) for each in functions})
        batch.finish()
        try:
            yield batch
        finally:
            for each, original in zip(functions, originals, strict=True):
                each.__code__ = original
                vectorcall_of(each).value = link.linked.usual
                del link.linked.codes[each]


def weighed(a: Any, b: Any = 2, c: Any = "c", *, d: Any = None) -> Any:
    return (a, b, c)


def weighed_otherwise(a: Any, b: Any = 2, c: Any = "c") -> Any:
    return "other"


def joined(a: Any, b: Any = 2, c: Any = "c") -> Any:
    return (a, b, c)


lazy: Any = types.ModuleType("lazy")


def asked() -> Any:
    return lazy.there


def test_modules_that_make_their_names_when_asked() -> None:
    lazy.there = 1
    lazy.__getattr__ = lambda name: (name, "made")
    machine = native(asked)[0]
    assert machine() == 1
    del lazy.there
    assert machine() == asked() == ("there", "made")
    del lazy.__getattr__
    assert outcome(machine, ())[:2] == outcome(asked, ())[:2]


def test_calls_from_c_come_in_directly() -> None:
    def from_c(*arguments: Any, **named: Any) -> Any:
        return outcome(functools.partial(joined, **named), arguments)

    calls: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
        ((1,), {}), ((1, 3), {}), ((1, 3, 4), {}), ((1,), {"c": 5}), ((), {"a": 1}),
        ((), {}), ((1, 2, 3, 4), {}), ((1,), {"a": 1}), ((1,), {"e": 1}),
    ]  # fmt: skip
    expected = [from_c(*given, **named) for given, named in calls]
    with put_to_work(joined):
        assert vectorcall_of(joined).value != link.linked.usual
        assert [from_c(*given, **named) for given, named in calls] == expected
        token = object()
        before = getrefcount(token)
        assert list(map(joined, [token] * 3)) == [(token, 2, "c")] * 3
        assert getrefcount(token) == before
        with link.as_python():
            assert from_c(1) == expected[0]
        calling = joined.__code__
        joined.__code__ = weighed_otherwise.__code__  # as a profiler does, or a user
        assert from_c(1) == (str, "other")
        joined.__code__ = calling
        assert from_c(1) == expected[0]


def test_keywords_of_their_own_come_in_by_python() -> None:
    batch = link.Batch([weighed])  # type: ignore[list-item]
    with registered([weighed], []):
        batch.translate(weighed)  # type: ignore[arg-type]
    assert PROTOCOL not in batch.tables[weighed]  # type: ignore[index]


def test_what_was_compiled_quickly_gives_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = DiskCache(tmp_path / "code")
    monkeypatch.setattr(code, "disk", lambda: disk)

    def inner(a: Any, b: Any) -> Any:
        return a + b

    def outer(a: Any, b: Any) -> Any:
        return inner(a, b) * 2

    functions: list[Any] = [inner, outer]
    originals = [each.__code__ for each in functions]
    with registered(functions, []):
        batch = link.Batch(functions)
        texts = {each: str(batch.translate(each)) for each in functions}
        try:
            assert batch.load_quickly(texts)
            batch.keep_quick(texts)
            later = link.Batch(functions)
            assert (later.find(), later.quick) == ([], texts)
            batch.finish()
            found = [outcome(outer, (1, 2)), outcome(outer, (1, "2"))]
            first = link.linked.entrances[outer].function
            batch.load(texts)
            batch.finish()
            assert link.linked.entrances[outer].function != first
            assert [outcome(outer, (1, 2)), outcome(outer, (1, "2"))] == found
        finally:
            for each, original in zip(functions, originals, strict=True):
                each.__code__ = original
                vectorcall_of(each).value = link.linked.usual
                del link.linked.codes[each]
        later = link.Batch(functions)
        assert (later.find(), later.quick) == ([], {})
    assert found[0] == outcome(outer, (1, 2)) == (int, 6)
    assert found[1][0] is TypeError


def test_names_in_use_wait_until_tables_are_filled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Functions of one code are called by one name: what is new to it must know everything."""
    disk, fill = DiskCache(tmp_path / "code"), link.Batch.fill
    monkeypatch.setattr(code, "disk", lambda: disk)

    def made(k: Any) -> Any:
        def inner(a: Any) -> Any:
            return a + k

        return inner

    first, second = made(1), made(2)
    with put_to_work(first), registered([second], []):
        name = next(each for each in globals() if each.startswith("_hot_") and "made" in each)
        old, looked = globals()[name], []

        def filled(batch: link.Batch) -> None:
            looked.append(globals()[name] is old and second not in link.linked.codes)
            fill(batch)

        monkeypatch.setattr(link.Batch, "fill", filled)
        original = second.__code__
        batch = link.Batch([second])
        batch.load({second: f"{batch.translate(second)}\n; again\n"})
        batch.finish()
        assert looked == [True] and globals()[name] is not old
        assert (first(1), second(1)) == (2, 3)
        second.__code__ = original
        vectorcall_of(second).value = link.linked.usual
        del link.linked.codes[second]


class _Noting:
    """The module ctypes; where ``memmove`` writes is noted."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(ctypes, name)

    def memmove(self, place: int, source: Any, size: int) -> None:
        self.written.append(place)
        ctypes.memmove(place, source, size)


def test_tables_in_use_are_written_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that runs ``outer`` meanwhile would call an ``inner`` that knows nothing yet."""
    disk, noting = DiskCache(tmp_path / "code"), _Noting()
    monkeypatch.setattr(code, "disk", lambda: disk)
    monkeypatch.setattr(link, "ctypes", noting)

    def inner(a: Any) -> Any:
        return a + 1

    def outer(a: Any) -> Any:
        return inner(a) * 2

    functions: list[Any] = [outer, inner]
    with registered(functions, []):
        batch = link.Batch(functions)
        texts = {each: str(batch.translate(each)) for each in functions}
        batch.load(texts)
        batch.fill()
        first = dict(zip(("outer", "inner"), noting.written, strict=True))
        noting.written.clear()
        batch.load({inner: texts[inner] + "\n; again\n"})
        batch.fill()
    assert len(noting.written) == 2 and noting.written[0] not in first.values()
    assert noting.written[1] == first["outer"]


def test_callers_are_kept_with_what_they_rely_on() -> None:
    """A caller passes as many arguments as the function took when it was translated."""

    def inner(a: Any) -> Any:
        return a

    def wider(a: Any, b: Any = 2) -> Any:
        return a

    def outer(a: Any) -> Any:
        return inner(a)

    wider.__code__ = wider.__code__.replace(co_qualname=inner.__code__.co_qualname)
    keys = []
    for callee in (inner, wider):
        with registered([callee, outer], []):
            keys.append(link.Batch([outer]).keys[outer])  # type: ignore[list-item, index]
    assert keys[0] != keys[1]


def test_what_translations_need_outlives_the_modules() -> None:
    """Objects that call translations are freed after them when a process ends."""
    source = (
        "import os, sys\n"
        "from rushlight.runtime.hot import link\n"
        "class Loud:\n"
        "    def __init__(self, name): self.name = name\n"
        "    def __del__(self, write=os.write): write(1, self.name)\n"
        "sys.other = Loud(b'other')\n"
        "link.linked.alive.append(Loud(b'alive'))\n"
    )
    done = subprocess.run([sys.executable, "-c", source], capture_output=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"other", b"")
