"""Translations put to work: found on the disk or made, linked, and called by the functions.

A function keeps its identity: its code becomes a call of the translation. What a translation
refers to (globals, literals, classes, other translations) it reads from a table of addresses,
which is filled here in every process.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import ctypes
import inspect
import json
import linecache
import re
import sys
import textwrap
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any

from rushlight.base import hot
from rushlight.runtime import code
from rushlight.runtime.digest import digest
from rushlight.runtime.hot.keys import interface, key_of, translator
from rushlight.runtime.hot.layouts import Layouts, vectorcall_of
from rushlight.runtime.hot.source import Source
from rushlight.runtime.hot.symbols import CALLING, PROTOCOL, Entry, native_name, symbols
from rushlight.runtime.object_code import NEXT, PLAINLY, QUICKLY

_METH_FASTCALL = 0x80
Objects = Mapping[str, bytes]  # what is compiled, by key


class _MethodDef(ctypes.Structure):
    """``PyMethodDef``."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


class _Linked:
    """What was done so far, and what must live as long as the process."""

    def __init__(self) -> None:
        self.addresses: dict[str, int] = {}  # symbol -> address of the translation
        # Of the functions that are translated: (their own code, the code that calls it), and what
        # Python finds the translation by.
        self.codes: dict[FunctionType, tuple[CodeType, CodeType]] = {}
        self.entrances: dict[FunctionType, _MethodDef] = {}
        self.usual = vectorcall_of(vectorcall_of).value  # how C calls what has no door for it
        self.python = False  # whether all run as Python for now: see ``as_python``
        self.texts: dict[FunctionType, str | None] = {}  # what of, where they were made from text
        self.tables: set[int] = set()  # addresses of those that have been filled
        self.alive: list[Any] = []
        # A process that takes itself apart frees modules before the last objects that call what is
        # here: one reference that nobody gives back.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self.alive))


linked = _Linked()


def _calling(function: FunctionType, original: CodeType, name: str) -> CodeType:
    """Code with the parameters of ``original`` that ends in a call of ``name``, its translation.

    What the function has from one around it, it hands on like arguments.
    """
    count, names = original.co_argcount, [*original.co_varnames]
    last = count + original.co_kwonlyargcount
    plain, named, rest = names[:count], names[count:last], names[last:]
    star = [rest.pop(0)] if original.co_flags & inspect.CO_VARARGS else []
    stars = [rest.pop(0)] if original.co_flags & inspect.CO_VARKEYWORDS else []
    parts = [*plain, *(f"*{each}" for each in star)]
    parts += ["*"] if named and not star else []
    parameters, head = ", ".join([*parts, *named, *(f"**{each}" for each in stars)]), ""
    free = ", ".join(original.co_freevars)
    call = f"return {name}({', '.join([*plain, *named, *star, *stars, *original.co_freevars])})"
    if function in hot.texts:
        source = Source(function)
        given = source.given
        given.defaults, given.kw_defaults = [], [None] * len(given.kwonlyargs)
        parameters = ast.unparse(given)
        head = textwrap.indent("".join(ast.unparse(each) + "\n" for each in source.head), "  ")
        call = f"return {name}({', '.join(source.parameters)})"
    text = f"def {original.co_name}({parameters}):\n{head}  {call}\n"
    text = f"def around({free}):\n{textwrap.indent(text, '  ')}  return {original.co_name}"
    space: dict[str, Any] = {}
    exec(compile(text, original.co_filename, "exec"), space)  # our own text
    made: CodeType = space["around"](*original.co_freevars).__code__
    return made.replace(co_firstlineno=original.co_firstlineno, co_qualname=original.co_qualname)


def prepare(functions: Sequence[FunctionType]) -> None:
    """Read the files that translating these takes: a thread beside a program that computes would
    wait for Python (``sys.getswitchinterval``) at each of a thousand system calls.
    """
    from rushlight.runtime.hot import translation  # noqa: F401

    for file in {each.__code__.co_filename for each in functions if each not in hot.texts}:
        linecache.getlines(file)


def translate(function: FunctionType, layouts: Layouts) -> tuple[str, list[Entry]]:
    """LLVM text of a function, and the entries of its table.

    Raises NotImplementedError (Untranslatable) for what has no translation.
    """
    # Only the first run on a machine translates anything.
    from rushlight.runtime.hot.scope import Scope
    from rushlight.runtime.hot.translation import Translation

    functions = {id(each): each for each in hot.functions}
    scope, source = Scope(function, functions, layouts.classes), Source(function)
    return Translation(source.tree, scope, layouts, source.door(function)).text()


def _found(
    entry: Entry, function: FunctionType, classes: dict[str, type], owners: dict[str, Any]
) -> Any:
    """The object that an entry of a table stands for; ``owners``: translated functions by name."""
    kind, *rest = entry
    if kind == "literal":
        text = rest[0]
        if text[0] == "'" and "\\" not in text:  # most are names, which need no parser
            return sys.intern(text[1:-1])
        value = ast.literal_eval(text)
        return sys.intern(value) if isinstance(value, str) else value
    if kind == "global":
        return function.__globals__[rest[0]]
    if kind == "builtin":
        return getattr(builtins, rest[0])
    if kind == "class":
        return classes[rest[0]]
    if kind == "globals":
        return function.__globals__
    if kind == "namespace":
        return vars(function.__globals__[rest[0]])
    if kind == "new":
        return object.__new__
    if kind == "own default":
        return (function.__defaults__ or ())[int(rest[0])]
    if kind == "named default":
        return owners[rest[0]].__kwdefaults__[rest[1]]
    assert kind == "default"
    return owners[rest[0]].__defaults__[int(rest[1])]


def _together(texts: dict[FunctionType, str]) -> str:
    return QUICKLY + NEXT.join(texts.values())


class Batch:
    """Functions on their way from Python to machine code."""

    def __init__(self, functions: Sequence[FunctionType]) -> None:
        self.functions = functions
        self.layouts = Layouts(hot.classes)
        self.tables: dict[FunctionType, list[Entry]] = {}
        self.callings: dict[FunctionType, CodeType] = {}  # the codes that call the translations
        self.quick: dict[FunctionType, str] = {}  # what is there as it was compiled quickly: texts
        callees = " ".join(sorted({*map(interface, hot.functions)}))
        facts = " ".join((translator(), self.layouts.text(), callees)).encode()
        facts += code.machine_facts()
        self.pack = f"{digest(facts).hex()}-quick"
        # (now: when they are kept, the functions may have other code already)
        self.codes = {each: each.__code__ for each in functions}
        self.given = {each: hot.texts.get(each) for each in functions}
        self.keys = {each: key_of(facts, each) for each in functions}

    def find(self) -> list[FunctionType]:
        """Link what the disk has; the functions it has not."""
        disk = code.disk()
        missing = []
        pack: dict[str, Any] | None = None
        known: list[tuple[str, str]] = []
        found_of: dict[int, list[Entry]] = {}
        for function in self.functions:
            if id(function.__code__) in found_of:
                self.tables[function] = found_of[id(function.__code__)]
                continue
            kept = None if disk is None else disk.get(self.keys[function])
            if kept is not None:
                at, entries = json.loads(kept)
            else:
                pack = self._pack() if pack is None else pack
                if self.keys[function] not in pack:
                    missing.append(function)
                    continue
                at, entries, self.quick[function] = pack[self.keys[function]]
            self.tables[function] = [tuple(each) for each in entries]
            found_of[id(function.__code__)] = self.tables[function]
            known += [(symbol, at) for symbol in symbols(function, self.tables[function])]
        found = code.load_kept(known, lasting=True) if known else {}
        if found is None:  # the disk has lost some of the code
            self.tables.clear()
            self.quick.clear()
            return [*self.functions]
        linked.addresses |= found
        return missing

    def translate(self, function: FunctionType) -> str | None:
        """The text of one; None where another has the same code (made by one function around)."""
        for other, entries in self.tables.items():
            if other.__code__ is function.__code__:
                self.tables[function] = entries
                return None
        text, self.tables[function] = translate(function, self.layouts)
        return text

    def load_quickly(self, texts: dict[FunctionType, str]) -> bool:
        """Compile and link these without much effort, for as long as it takes to do it well; False
        where no other process can.

        All in one, kept as one (``keep_quick``): beside a program that computes, each message to
        another process and each look at the disk may wait for Python as long as the program is
        let alone (``sys.getswitchinterval``).
        """
        text = _together(texts)
        made = code.compile_away([text])
        if made:
            self._link([(each, text) for each in texts], made)
            self.quick |= texts
        return bool(made)

    def keep_quick(self, texts: dict[FunctionType, str]) -> None:
        """For a program that begins before all this is compiled well."""
        disk = code.disk()
        if disk is not None:
            at, keys, tables = code.key_of(_together(texts)), self.keys, self.tables
            rows = {keys[each]: (at, tables[each], text) for each, text in texts.items()}
            # (a shelf of the cache holds 2 MiB, these texts take 5)
            disk.put(self.pack, zlib.compress(json.dumps(self._pack() | rows).encode(), 6))

    def _pack(self) -> dict[str, Any]:
        """What was compiled quickly: key -> (key of the object, table, text)."""
        disk = code.disk()
        kept = None if disk is None else disk.get(self.pack)
        return {} if kept is None else json.loads(zlib.decompress(kept))

    def forget_changed(self) -> None:
        """Leave out functions that have been written anew since: they are another batch's."""
        given = self.given
        changed = [each for each in self.tables if given[each] is not hot.texts.get(each)]
        for function in changed:
            del self.tables[function]
            self.quick.pop(function, None)

    def compile_away(self, texts: dict[FunctionType, str]) -> dict[str, bytes]:
        """The objects that ``load`` can have; empty where no other process can make them."""
        return code.compile_away(PLAINLY + each for each in texts.values())

    def load(self, texts: dict[FunctionType, str], made: Mapping[str, bytes] | None = None) -> None:
        """Compile and link these, and keep them; ``made``: what is compiled already."""
        texts = {function: PLAINLY + text for function, text in texts.items()}
        self._link([*texts.items()], made)
        disk = code.disk()
        if disk is None:
            return
        for function, text in texts.items():
            kept = json.dumps([code.key_of(text), self.tables[function]])
            disk.put(self.keys[function], kept.encode())

    def _link(self, texts: list[tuple[FunctionType, str]], made: Objects | None) -> None:
        tables = self.tables
        kernels = [(name, text) for each, text in texts for name in symbols(each, tables[each])]
        linked.addresses |= code.load(kernels, lasting=True, objects=made)

    def fill(self) -> None:
        """Write into the tables where in this process everything is.

        First into those that nobody reads yet: another thread may be running what is linked
        already, and once one of its tables names a new translation it calls that.
        """
        filled: set[int] = set()
        rows: list[tuple[int, Any]] = []
        owners = {native_name(each): each for each in hot.functions}
        for function, entries in self.tables.items():
            if id(entries) in filled:  # of several with the same code
                continue
            filled.add(id(entries))
            words = []
            for entry in entries:
                if entry[0] == "native":
                    words.append(linked.addresses[entry[1]])
                elif entry == PROTOCOL:
                    words.append(linked.usual)
                elif entry == CALLING:
                    words.append(id(self._calling_of(function)))
                else:
                    held = _found(entry, function, self.layouts.classes, owners)
                    linked.alive.append(held)
                    words.append(id(held))
            address = linked.addresses[f"{native_name(function)}.table"]
            place = ctypes.CFUNCTYPE(ctypes.c_void_p)(address)()
            rows.append((place, (ctypes.c_int64 * len(words))(*words)))
        for place, row in sorted(rows, key=lambda each: each[0] in linked.tables):
            ctypes.memmove(place, row, ctypes.sizeof(row))
        linked.tables.update(place for place, _ in rows)

    def _calling_of(self, function: FunctionType) -> CodeType | None:
        return self.callings.get(function) or linked.codes.get(function, (None, None))[1]

    def finish(self) -> None:
        """Have the functions call their translations, or what has taken the place of these."""
        # Functions made by one around them have one code, and a table in common.
        callings = {id(original): calling for original, calling in linked.codes.values()}
        names: dict[FunctionType, str] = {}
        for function in self.tables:
            if is_linked(function):
                continue
            original = self.codes[function]
            names[function] = re.sub(r"\W", "_", f"_hot_{original.co_qualname}")
            if id(original) not in callings:
                callings[id(original)] = _calling(function, original, names[function])
            self.callings[function] = callings[id(original)]
        self.fill()
        # (not before: such a name may be in use, by another function of the same code)
        for function, name in names.items():
            function.__globals__[name] = entrance(function)
            linked.codes[function] = self.codes[function], self.callings[function]
            linked.texts[function] = self.given[function]
        for function, table in self.tables.items():
            linked.entrances[function].function = _address(function)
            if PROTOCOL in table:
                door = linked.addresses[f"{native_name(function)}.vector"]
                vectorcall_of(function).value = door
            # (unless a profiler has put in other code a moment ago)
            original, calling = linked.codes[function]
            if function.__code__ is original and not linked.python:
                function.__code__ = calling


def is_linked(function: FunctionType) -> bool:
    """Whether it has a translation of what it is now."""
    return function in linked.codes and linked.texts[function] is hot.texts.get(function)


def entrance(function: FunctionType) -> Any:
    """The translation as an object that Python calls."""
    made = _MethodDef(function.__name__.encode(), _address(function), _METH_FASTCALL, None)
    linked.alive.append(made)
    linked.entrances[function] = made
    new = ctypes.pythonapi.PyCFunction_NewEx
    new.restype, new.argtypes = ctypes.py_object, (ctypes.c_void_p,) * 3
    return new(ctypes.addressof(made), None, None)


def _address(function: FunctionType) -> int:
    return linked.addresses[f"{native_name(function)}.call"]


@contextlib.contextmanager
def as_python() -> Iterator[None]:
    """Run the functions as the Python they are: for who puts another one in place of one."""
    before, linked.python = linked.python, True
    _use(translated=False)
    try:
        yield
    finally:
        linked.python = before
        _use(translated=not before)


def _use(*, translated: bool) -> None:
    for function, codes in linked.codes.items():
        if is_linked(function):
            function.__code__ = codes[translated]
