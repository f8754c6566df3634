"""Loops over arrays, written in Python, as LLVM text (``ir/routine.py``).

What a function may have: whole numbers, floats and arrays with one index; assignments, ``if``,
``for`` over a range or over a tuple of numbers of its module, ``while``, ``break``, ``continue``,
``return``; arithmetic, comparisons, ``and``, ``or``, ``not``, ``x if y else z``; ``min``, ``max``,
``abs``, ``int``, ``float``, the functions of ``math`` that ``compiler/math`` has, and calls of
other such functions.

A number read from an array has its precision, and so has what is computed from it and literals.
``//`` and ``%`` are for whole numbers that are not negative. A variable keeps the type of its
first value in the text.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Sequence
from types import FunctionType
from typing import Any, final

from rushlight.compiler import math as own_math
from rushlight.compiler.emit import literal
from rushlight.compiler.routine_values import Expressions, Value, kind_of


def text_of(function: Callable[..., Any], kinds: Sequence[str]) -> tuple[str, str]:
    """(the symbol, the text with all that is called) of a function for parameters of ``kinds``.

    It returns an i64: what the function does, or 0.
    """
    texts: dict[str, str] = {}
    math_used: set[tuple[str, str, int]] = set()
    made = _Function(function, tuple(kinds), texts, math_used)
    made.define("i64")
    return made.symbol, own_math.definitions(math_used) + "\n".join(texts.values())


@final
class _Function(Expressions):
    """Writes one function for one choice of types."""

    def __init__(
        self,
        function: Callable[..., Any],
        kinds: tuple[str, ...],
        texts: dict[str, str],
        math_used: set[tuple[str, str, int]],
    ) -> None:
        super().__init__()
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef) and isinstance(function, FunctionType)
        self.tree, self.kinds, self.texts, self.math_used = tree, kinds, texts, math_used
        self.names: dict[str, Any] = function.__globals__
        words = [each.replace("[", "of_").strip("]") for each in kinds]
        self.symbol = f"py.{function.__name__}.{'.'.join(words)}"
        self.loops: list[tuple[str, str]] = []
        self.result = ""

    def define(self, result: str = "") -> str:
        """Write it; the type of what it returns."""
        self.result = result
        parameters = []
        for each, kind in zip(self.tree.args.args, self.kinds, strict=True):
            given = f"%given.{each.arg}"
            if kind[0] == "[":
                kind = kind[1:-1]
                self.arrays[each.arg] = Value(kind, given)
                parameters.append(f"ptr noalias {given}")
            else:
                self.store(each.arg, Value(kind, given))
                parameters.append(f"{kind} {given}")
        for statement in self.tree.body:
            self.statement(statement)
        self.result = self.result or "i64"
        zero = "0" if self.result == "i64" else literal(0.0, self.result)
        head = f"define internal {self.result} @{self.symbol}({', '.join(parameters)})"
        body = [*self.places, *self.lines, f"  ret {self.result} {zero}"]
        self.texts[self.symbol] = f"{head} alwaysinline nounwind {{\n" + "\n".join(body) + "\n}\n"
        return self.result

    # Statements

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self.assign(node.targets[0], node.value)
        elif isinstance(node, ast.AugAssign):
            self.put(node.target, self.binary(ast.BinOp(node.target, node.op, node.value)))
        elif isinstance(node, ast.Return):
            self.give(node)
        elif isinstance(node, ast.If):
            yes, no, after = self.labels("yes", "no", "after")
            self.branch(node.test, yes, no)
            for label, statements in ((yes, node.body), (no, node.orelse)):
                self.start(label)
                self.block(statements)
                self.jump(after)
            self.start(after)
        elif isinstance(node, ast.While):
            head, body, after = self.labels("head", "body", "after")
            self.jump(head)
            self.start(head)
            self.branch(node.test, body, after)
            self.turn(node.body, body, head, after)
            self.jump(head)
            self.start(after)
        elif isinstance(node, ast.For) and isinstance(node.target, ast.Name):
            self.for_each(node, node.target.id)
        elif isinstance(node, (ast.Break, ast.Continue)):
            again, out = self.loops[-1]
            self.leave(f"br label %{out if isinstance(node, ast.Break) else again}")
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
            self.call(node.value)
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            raise self.refused(node)

    def block(self, body: Sequence[ast.stmt]) -> None:
        for each in body:
            self.statement(each)

    def turn(self, statements: Sequence[ast.stmt], label: str, again: str, out: str) -> None:
        self.start(label)
        self.loops.append((again, out))
        self.block(statements)
        self.loops.pop()

    def for_each(self, node: ast.For, name: str) -> None:
        if isinstance(node.iter, ast.Name):  # a tuple of numbers: written out
            for each in self.names[node.iter.id]:
                self.store(name, Value("literal", each))
                self.block(node.body)
            return
        assert isinstance(node.iter, ast.Call) and ast.unparse(node.iter.func) == "range"
        given = [self.value(each) for each in node.iter.args]
        first, last, step = Value("literal", 0), given[-1], Value("literal", 1)
        if len(given) > 1:
            first, last = given[:2]
        if len(given) > 2:
            step = given[2]
        if step.kind != "literal":
            raise self.refused(node.iter)
        end = self.turned(last, "i64")
        head, body, again, after = self.labels("head", "body", "again", "after")
        self.store(name, first)
        self.jump(head)
        self.start(head)
        here = self.let(f"load i64, ptr %at.{name}")
        more = self.let(f"icmp {'slt' if step.name > 0 else 'sgt'} i64 {here}, {end}")
        self.lines.append(f"  br i1 {more}, label %{body}, label %{after}")
        self.turn(node.body, body, again, after)
        self.jump(again)
        self.start(again)
        here = self.let(f"load i64, ptr %at.{name}")
        self.store(name, Value("i64", self.let(f"add nsw i64 {here}, {step.name}")))
        self.jump(head)
        self.start(after)

    def give(self, node: ast.Return) -> None:
        value = Value("literal", 0) if node.value is None else self.value(node.value)
        if not self.result:
            self.result = kind_of(value)
        self.leave(f"ret {self.result} {self.turned(value, self.result)}")

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        targets = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        found = [self.value(each) for each in values]
        for each, made in zip(targets, found, strict=True):
            self.put(each, made)

    def put(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.store(target.id, value)
            return
        if not isinstance(target, ast.Subscript):
            raise self.refused(target)
        memory, kind, address = self.element(target)
        made = self.turned(value, kind)
        if memory != kind:
            made = self.let(f"trunc i64 {made} to {memory}")
        self.lines.append(f"  store {memory} {made}, ptr {address}")

    def call_own(self, function: FunctionType, given: list[Value]) -> Value:
        kinds = [kind_of(each) if each.kind[0] != "[" else each.kind for each in given]
        made = _Function(function, tuple(kinds), self.texts, self.math_used)
        result = made.define()
        words = ", ".join([
            f"ptr {each.name}" if kind[0] == "[" else f"{kind} {self.turned(each, kind)}"
            for each, kind in zip(given, kinds, strict=True)
        ])  # fmt: skip
        return Value(result, self.let(f"call {result} @{made.symbol}({words})"))
