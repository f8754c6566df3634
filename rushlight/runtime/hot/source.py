"""A function's own text, and what of it is translated."""

from __future__ import annotations

import ast
import linecache
import textwrap
from types import CodeType, FunctionType
from typing import NamedTuple

from rushlight.base import hot


class Door(NamedTuple):
    """How calls from C with positional arguments come in."""

    places: list[int]  # of the translation's parameters among the function's
    most: int  # of these that may be given, and that must be
    least: int


class Source:
    """A function's text in two: what stays Python (``head``), and what is translated.

    The head of a function made from text looks for rare ways to call it: keywords of other names,
    ``out=``. Whatever comes first and is an ``if`` belongs to it.
    """

    def __init__(self, function: FunctionType) -> None:
        made = hot.texts.get(function)
        text = textwrap.dedent(_lines(function.__code__)) if made is None else made
        tree = ast.parse(text).body[0]
        assert isinstance(tree, ast.FunctionDef)
        given = tree.args
        self.head: list[ast.If] = []
        if made is not None:
            while isinstance(tree.body[0], ast.If):
                self.head.append(tree.body[0])
                del tree.body[0]
        used = {node.id for each in tree.body for node in ast.walk(each)
                if isinstance(node, ast.Name)}  # fmt: skip
        every = [*given.args, *given.kwonlyargs]
        every += [each for each in (given.vararg, given.kwarg) if each is not None]
        kept = [each for each in every if made is None or each.arg in used]
        kept += [ast.arg(name) for name in function.__code__.co_freevars]
        self.parameters = [each.arg for each in kept]
        plain = ast.arguments([], kept, None, [], [], None, [])
        self.tree = ast.FunctionDef(tree.name, plain, tree.body, [], None)
        self.tree.lineno = tree.lineno
        self.given = given

    def door(self, function: FunctionType) -> Door | None:
        """For calls from C; None where keywords, or the head, have a say in them."""
        names = [each.arg for each in self.given.args]
        asked = {node.id for each in self.head for node in ast.walk(each.test)
                 if isinstance(node, ast.Name)}  # fmt: skip
        if self.given.vararg or asked & {*names} or not {*self.parameters} <= {*names}:
            return None
        defaults = len(function.__defaults__ or ())
        if "<locals>" in function.__qualname__:
            defaults = 0  # others have the same code and a table in common with it
        places = [names.index(each) for each in self.parameters]
        return Door(places, len(names), len(names) - defaults)


def _lines(made: CodeType) -> str:
    """The lines of a function; ``inspect.getsource`` reads its whole file for them."""
    last, waiting = made.co_firstlineno, [made]
    while waiting:
        each = waiting.pop()
        last = max(last, *(line for *_, line in each.co_lines() if line is not None))
        waiting += [inner for inner in each.co_consts if isinstance(inner, CodeType)]
    lines = linecache.getlines(made.co_filename)
    end = last
    while end < len(lines) and lines[end].partition("#")[0].strip() in (")", "]", "}", "))"):
        end += 1  # a bracket that closes has no code
    return "".join(lines[made.co_firstlineno - 1 : end])
