"""What the names in a function under ``@hot`` mean, seen from its module."""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
import types
from typing import Any

from rushlight.runtime.hot.symbols import native_name

_rebound: dict[str, frozenset[str]] = {}


def is_plain(function: Any) -> bool:
    """Whether its arguments come one by one, and nothing from a function around it."""
    flags = inspect.CO_VARARGS | inspect.CO_VARKEYWORDS
    return not function.__code__.co_flags & flags and not function.__closure__


def _rebound_in(module: str) -> frozenset[str]:
    """The names that functions of a module declare global: they may change at any time."""
    if module not in _rebound:
        names: set[str] = set()
        try:
            text = inspect.getsource(sys.modules[module])
        except (KeyError, OSError, TypeError):
            text = ""
        for line in re.findall(r"^ +global (.+)$", text, re.M):
            names.update(name.strip() for name in line.partition("#")[0].split(","))
        _rebound[module] = frozenset(names)
    return _rebound[module]


class Scope:
    """The globals of one function, and the functions and classes that are translated with it."""

    def __init__(self, function: Any, known: dict[int, Any], classes: dict[str, type]) -> None:
        self.function = function
        self.name = native_name(function)
        self.globals: dict[str, Any] = function.__globals__
        self.hot = known  # id -> function
        self.own: set[str] = set()  # names that mean something else in the function
        self.methods: dict[str, list[tuple[str, Any]]] = {}
        for key, each in classes.items():
            for name, member in vars(each).items():
                if id(member) in known and is_plain(member):
                    self.methods.setdefault(name, []).append((key, member))

    def is_rebound(self, name: str) -> bool:
        """Whether the global may be another one later: numbers may, for they are set in tests."""
        if name in self.globals and isinstance(self.globals[name], (int, float, frozenset)):
            return True
        return name in _rebound_in(self.globals.get("__name__", ""))

    def owner(self) -> str:
        """The name of the class that the function is a method of."""
        return str(self.function.__code__.co_qualname.rpartition(".")[0].rpartition(".")[2])

    def entry(self, name: str) -> tuple[str, ...]:
        """How ``link`` finds a global that stays."""
        if name in self.globals:
            return ("global", name)
        if hasattr(builtins, name):
            return ("builtin", name)
        raise NameError(f"@hot {self.name}: name {name!r} is not defined")

    def value(self, node: ast.expr) -> Any:
        """What an expression of names stands for, or None where that is not known yet."""
        if isinstance(node, ast.Name):
            if node.id in self.own or self.is_rebound(node.id):
                return None
            return self.globals.get(node.id, getattr(builtins, node.id, None))
        return None

    def module(self, node: ast.expr) -> types.ModuleType | None:
        """The module that an expression is the name of."""
        found = self.value(node)
        return found if isinstance(found, types.ModuleType) else None

    def direct(self, node: ast.expr) -> tuple[str, list[Any]] | None:
        """The translated function that an expression names: its symbol, entries of defaults."""
        found = self.value(node)
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            if isinstance(owner, type):
                found = vars(owner).get(node.attr)
                found = found.__func__ if isinstance(found, staticmethod) else None
            elif isinstance(owner, types.ModuleType):
                found = getattr(owner, node.attr, None)
        if id(found) not in self.hot or not is_plain(found):
            return None
        return native_name(found), self.defaults(found)

    def constructor(self, node: ast.expr) -> tuple[str, list[Any]] | None:
        """The translated ``__init__`` of the class that an expression names."""
        which = self.value(node)
        if which.__class__ is not type or vars(which).get("__new__") is not None:
            return None
        found = vars(which).get("__init__")
        return (native_name(found), self.defaults(found)) if id(found) in self.hot else None

    def method(self, name: str, given: int) -> tuple[str, str, list[Any]] | None:
        """The one translated method of that name and so many arguments: its class, symbol, entries
        of defaults."""
        found = self.methods.get(name, [])
        if len(found) != 1:
            return None
        which, member = found[0]
        defaults = self.defaults(member)
        fits = given <= len(defaults) and all(defaults[given:])
        return (which, native_name(member), defaults) if fits else None

    def defaults(self, function: Any) -> list[Any]:
        """For each parameter the entry of its default, or an empty one."""
        count = function.__code__.co_argcount
        values = function.__defaults__ or ()
        entries: list[Any] = [()] * (count - len(values))
        entries += [("default", native_name(function), str(k)) for k in range(len(values))]
        named = function.__code__.co_varnames[count : count + function.__code__.co_kwonlyargcount]
        return entries + [("named default", native_name(function), name) for name in named]
