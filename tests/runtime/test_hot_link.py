"""Translations take the place of functions: calls from Python and from C, made quickly and well."""

from __future__ import annotations

import ctypes
import functools
import subprocess
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from sys import getrefcount
from typing import Any

import pytest

from rushlight.base import hot
from rushlight.runtime import code
from rushlight.runtime.cache import DiskCache
from rushlight.runtime.hot import begin, link
from rushlight.runtime.hot.layouts import reliable, vectorcall_of
from rushlight.runtime.hot.symbols import PROTOCOL
from tests.runtime.translating import native, outcome, registered

pytestmark = pytest.mark.skipif(not reliable(), reason="objects lie otherwise here")


@contextmanager
def registered_batch(*functions: Any) -> Iterator[link.Batch]:
    """A batch of functions that are as they were afterwards."""
    originals = [each.__code__ for each in functions]
    with registered([*functions], []):
        try:
            yield link.Batch(functions)
        finally:
            for each, original in zip(functions, originals, strict=True):
                each.__code__ = original
                vectorcall_of(each).value = link.linked.usual
                del link.linked.codes[each]


@contextmanager
def put_to_work(*functions: Any) -> Iterator[link.Batch]:
    """Functions that call their translations, for a while."""
    with registered_batch(*functions) as batch:
        batch.load({each: str(batch.translate(each)) for each in functions})
        batch.finish()
        yield batch


@pytest.fixture
def first_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A disk that has nothing yet, and nothing begun; compiling well is for the test to begin."""
    disk = DiskCache(tmp_path / "code")
    monkeypatch.setattr(code, "disk", lambda: disk)
    monkeypatch.setattr(begin, "_state", begin._State())
    monkeypatch.setattr(begin, "_WELL_AFTER_S", 600.0)
    yield
    begin.halt()
    assert begin._state.timer is None


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


@pytest.mark.usefixtures("first_run")
def test_who_ends_leaves_compiling_well_to_the_next() -> None:
    def inner(a: Any, b: Any) -> Any:
        return a * b

    functions: list[Any] = [inner]
    with registered_batch(*functions) as batch:
        begin._make(batch, functions, beside=True)
        first = link.linked.entrances[functions[0]].function
        begin._state.ending = True
        begin._improve(beside=True)
        assert link.linked.entrances[functions[0]].function == first
        assert begin._state.quick == [batch]
        begin._state.ending = False
        begin._improve(beside=True)
        assert link.linked.entrances[functions[0]].function != first
        assert not begin._state.quick
        assert begin._state.usable is None  # nothing went wrong
        assert outcome(inner, (3, 2)) == (int, 6)


@pytest.mark.usefixtures("first_run")
def test_who_ends_halfway_has_filled_the_tables_of_what_is_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is made next may call it by its new address."""
    monkeypatch.setattr(begin, "_TOGETHER", 1)

    def inner(a: Any, b: Any) -> Any:
        return a * b

    def outer(a: Any, b: Any) -> Any:
        return inner(a, b) - b

    functions: list[Any] = [inner, outer]
    load = link.Batch.load

    def first_only(self: link.Batch, *given: Any) -> None:
        load(self, *given)
        begin._state.ending = True

    with registered_batch(*functions) as batch:
        begin._make(batch, functions, beside=True)
        monkeypatch.setattr(link.Batch, "load", first_only)
        before = dict(link.linked.addresses)
        begin._improve(beside=True)
        assert begin._state.quick == [batch]
        tables = [name for name, at in link.linked.addresses.items() if before.get(name) != at]
        tables = [name for name in tables if name.endswith(".table")]
        assert len(tables) == 1
        place = ctypes.CFUNCTYPE(ctypes.c_void_p)(link.linked.addresses[tables[0]])()
        assert place in link.linked.tables
        assert outcome(outer, (3, 2)) == (int, 4)


def test_functions_written_anew_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def changing(a: Any) -> Any:
        return a

    with registered([changing], []):
        batch = link.Batch([changing])  # type: ignore[list-item]
        batch.quick[changing] = str(batch.translate(changing))  # type: ignore[arg-type, index]
        batch.forget_changed()
        assert [*batch.tables] == [*batch.quick] == [changing]
        monkeypatch.setitem(hot.texts, changing, "def changing(a):\n    return None\n")
        batch.forget_changed()
        assert not batch.tables
        assert not batch.quick


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
