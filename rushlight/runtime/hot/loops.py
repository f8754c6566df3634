"""Loops and comprehensions as LLVM text."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from rushlight.runtime.hot.statements import Statements
from rushlight.runtime.hot.writer import Ref


class Written(ast.NodeVisitor):
    """The names a function gives values to; comprehensions have variables of their own."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.add(node.id)

    def _skip(self, node: ast.AST) -> None:
        """Its variables are its own."""

    visit_ListComp = visit_SetComp = _skip

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name is not None:
            self.names.add(node.name)
        self.generic_visit(node)


class Loops(Statements):
    """Goes through things."""

    def each(self, target: ast.expr, source: ast.expr, body: Any) -> None:
        # The variables of a comprehension are its own, and are gone after it.
        names = Written()
        names.visit(target)
        known, borrowed, exact = dict(self.locals), dict(self.borrowed), dict(self.exact)
        for name in names.names:
            self.borrowed.pop(name, None)
            self.exact.pop(name, None)
            self.locals[name] = self.hidden()

        def run() -> bool:
            body()
            return True

        self._over(target, source, run, self.name("after"), self.name("next"))
        for name in names.names:
            self.clear(self.locals[name])
        self.locals, self.borrowed, self.exact = known, borrowed, exact

    def forget(self, node: ast.AST) -> None:
        """Variables written to in ``node`` may be of any class from here on."""
        names = Written()
        names.visit(node)
        for name in names.names:
            self.exact.pop(name, None)

    def do_for(self, node: ast.For) -> None:
        after, following = self.name("after"), self.name("next")
        self.forget(node)
        exact = dict(self.exact)

        def body() -> bool:
            self.loops.append((following, after, len(self.handling)))
            self.body(node.body)
            self.loops.pop()
            reached, self.left = not self.left, False
            return reached

        def otherwise() -> None:
            self.body(node.orelse)
            if not self.left:
                self.jump(after)
            self.left = False

        ended = otherwise if node.orelse else None
        self._over(node.target, node.iter, body, after, following, ended)
        self.exact = exact

    def do_while(self, node: ast.While) -> None:
        if node.orelse:
            raise self.refuse(node, "while ... else")
        after, following, go = self.name("after"), self.name("next"), self.name("go")
        self.forget(node)
        exact = dict(self.exact)
        self.jump(following)
        self.open(following)
        self.test(node.test, go, after)
        self.open(go)
        self.loops.append((following, after, len(self.handling)))
        self.body(node.body)
        self.loops.pop()
        if not self.left:
            self.jump(following)
        self.left = False
        self.open(after)
        self.exact = exact

    def do_break(self, node: ast.Break) -> None:
        self._go_on(self.loops[-1][1])

    def do_continue(self, node: ast.Continue) -> None:
        self._go_on(self.loops[-1][0])

    def _go_on(self, label: str) -> None:
        """Leave what errors are handled within the loop, and go to ``label``."""
        for before, error in reversed(self.handling[self.loops[-1][2] :]):
            self.restore(before, error)
        self.jump(label)
        self.left = True

    def _over(
        self, target: ast.expr, source: ast.expr, body: Callable[[], bool], after: str,
        following: str, ended: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """``for target in source``; of a ``zip`` each part is gone through by itself."""
        targets, sources = [target], [source]
        if isinstance(source, ast.Call) and self.scope.value(source.func) is zip:
            strict = [each for each in source.keywords if ast.unparse(each.value) != "False"]
            if strict or not isinstance(target, ast.Tuple):
                raise self.refuse(source, "a strict zip, or its tuples whole")
            targets, sources = target.elts, source.args
        lists, tuples = self.known("builtin", "list"), self.known("builtin", "tuple")
        ways = []
        for each in sources:
            slot, place = self.hidden(), self.slot("i64", "0")
            ref = self.value(each)
            made = self.set(f"call ptr @hot_iter(ptr {ref.text}, ptr {lists}, ptr {tuples})")
            self.release(ref)
            self.must(self.set(f"icmp eq ptr {made}, null"))
            self.emit(f"store ptr {made}, ptr {slot}")
            self.emit(f"store i64 0, ptr {place}")
            ways.append((slot, place))
        end = self.name("end")
        self.jump(following)
        self.open(following)
        items: list[Ref] = []
        for slot, place in ways:
            held = self.set(f"load ptr, ptr {slot}")
            words = f"ptr {held}, ptr {place}, ptr {lists}, ptr {tuples}"
            item = self.set(f"call ptr @hot_next({words})")
            over, on = self.name("over"), self.name("on")
            self.branch(self.set(f"icmp eq ptr {item}, null"), over, on)
            self.open(over)
            for each_item in items:
                self.emit(f"call void @hot_drop(ptr {each_item.text})")
            self.jump(end)
            self.open(on)
            items.append(self.own(item))
        for one, item_ in zip(targets, items, strict=True):
            self.store(one, item_)
        if body():
            self.jump(following)
        self.open(end)
        error = self.call("PyErr_Occurred")
        self.must(self.set(f"icmp ne ptr {error}, null"))
        if ended is None:
            self.jump(after)
        else:
            ended()
        self.open(after)
        for slot, _ in ways:
            self.clear(slot)


__all__ = ["Loops"]
