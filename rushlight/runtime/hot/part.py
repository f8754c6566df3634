"""What all parts of the translator share: the function's names, and how parts call each other."""

from __future__ import annotations

import ast
from collections.abc import Callable

from rushlight.runtime.hot.layouts import Layouts
from rushlight.runtime.hot.scope import Scope
from rushlight.runtime.hot.writer import Ref, Writer


def is_literal(node: ast.expr) -> bool:
    """Whether it is a number as it stands, or less than that."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)


class Untranslatable(NotImplementedError):
    """A function under ``@hot`` holds what there is no translation for."""


class Part(Writer):
    """Writes the text of one function. Each sub-class adds a kind of statement or expression."""

    def __init__(self, tree: ast.FunctionDef, scope: Scope, layouts: Layouts) -> None:
        super().__init__()
        self.tree = tree
        self.scope = scope
        self.layouts = layouts
        self.locals: dict[str, str] = {}  # name -> its slot
        self.borrowed: dict[str, str] = {}  # parameters nobody writes to: name -> register
        self.exact: dict[str, type] = {}  # locals that were just made: their class
        self.hints: dict[str, str] = {}  # parameters and variables: the class they say they are of
        self.words = 0  # arguments of the longest call
        self.result = self.slot()
        self.kept_slots: list[str] = []  # of what is given back when the function is left
        # Of each loop the labels of next and after, and the errors handled around it.
        self.loops: list[tuple[str, str, int]] = []
        self.handling: list[tuple[str, str]] = []  # slots: what was handled before, the error
        self.left = False  # whether what follows is never reached

    def refuse(self, node: ast.AST, why: str = "") -> Untranslatable:
        what = why or type(node).__name__
        line = getattr(node, "lineno", "?")
        return Untranslatable(f"@hot {self.scope.name}, line {line}: {what}")

    # What the sub-classes give each other

    def is_number(self, node: ast.expr) -> bool:
        """Whether it is a whole number that need not be an object: conditions.py."""
        raise NotImplementedError

    def number(self, node: ast.expr) -> str:
        """The word of an expression that ``is_number``: conditions.py."""
        raise NotImplementedError

    def test(self, node: ast.expr, yes: str, no: str) -> None:
        """Go to ``yes`` or ``no``: conditions.py."""
        raise NotImplementedError

    def each(self, target: ast.expr, source: ast.expr, body: Callable[[], None]) -> None:
        """Run ``body`` for every element of ``source``: loops.py."""
        raise NotImplementedError

    def forget(self, node: ast.AST) -> None:
        """Variables written to in ``node`` may be of any class from here on: loops.py."""
        raise NotImplementedError

    def restore(self, before: str, error: str) -> None:
        """What was handled before this error is again: errors.py."""
        raise NotImplementedError

    # Objects

    def value(self, node: ast.expr) -> Ref:
        """The object an expression gives."""
        if self.is_number(node) and not is_literal(node):
            return self.made("PyLong_FromSsize_t", self.number(node))
        method = getattr(self, "on_" + type(node).__name__.lower(), None)
        if method is None:
            raise self.refuse(node)
        made: Ref = method(node)
        return made

    def either(self, *ways: tuple[str, Callable[[], Ref]]) -> Ref:
        """The object of whichever of these blocks is reached, made there. They begin with the same
        references, and must give back the same."""
        after, found, before = self.name("after"), [], [*self.owned]
        for label, way in ways:
            self.open(label)
            self.owned = [*before]
            register = self.hand_on(way())
            found.append(f"[ {register}, %{self.block} ]")
            self.jump(after)
        self.open(after)
        return self.own(self.set(f"phi ptr {', '.join(found)}"))

    def by_name(self, owner: Ref, name: str, given: list[Ref]) -> Ref:
        """A call of a method that is looked up."""
        called = Ref(self.known("literal", repr(name)))
        return self.vector("PyObject_VectorcallMethod", called, [owner, *given])

    def vector(
        self, how: str, called: Ref, given: list[Ref], names: str = "null", named: int = 0
    ) -> Ref:
        """A call by CPython's protocol: the arguments in a row, a free word before them."""
        self.words = max(self.words, len(given) + 1)
        for place, each in enumerate(given):
            at = self.set(f"getelementptr ptr, ptr %arguments, i64 {place + 1}")
            self.emit(f"store ptr {each.text}, ptr {at}")
        first = self.set("getelementptr ptr, ptr %arguments, i64 1")
        count = str(len(given) - named - (1 << 63))
        using = (*given, called)
        return self.made(how, called.text, first, count, names, using=using)

    def hidden(self) -> str:
        """The slot of something that has no name, given back when the function is left."""
        slot = self.slot()
        self.kept_slots.append(slot)
        return slot

    def clear(self, slot: str) -> None:
        held = self.set(f"load ptr, ptr {slot}")
        self.emit(f"store ptr null, ptr {slot}")
        self.emit(f"call void @hot_drop_any(ptr {held})")
