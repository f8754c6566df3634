"""Expressions of loops written in Python (``compiler/routine.py``) as LLVM text."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable
from types import FunctionType
from typing import Any, NamedTuple

from rushlight.base.errors import InternalError
from rushlight.compiler import math as own_math
from rushlight.compiler.emit import literal

# Of whole numbers, of floats, of literals.
_OPERATORS: dict[type[ast.operator], tuple[str, str, Callable[[Any, Any], Any]]] = {
    ast.Add: ("add", "fadd", operator.add), ast.Sub: ("sub", "fsub", operator.sub),
    ast.Mult: ("mul", "fmul", operator.mul), ast.Div: ("", "fdiv", operator.truediv),
    ast.FloorDiv: ("sdiv", "", operator.floordiv), ast.Mod: ("srem", "", operator.mod),
    ast.Pow: ("", "", operator.pow), ast.LShift: ("shl", "", operator.lshift),
    ast.RShift: ("ashr", "", operator.rshift), ast.BitAnd: ("and", "", operator.and_),
}  # fmt: skip
_TESTS: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("slt", "olt"), ast.LtE: ("sle", "ole"), ast.Gt: ("sgt", "ogt"),
    ast.GtE: ("sge", "oge"), ast.Eq: ("eq", "oeq"), ast.NotEq: ("ne", "une"),
}  # fmt: skip
_INSTRUCTIONS = ("fabs", "sqrt", "floor", "ceil")
# Arrays: how an element is moved, and what it is in registers.
_ELEMENTS = {
    "f32": ("float", "float"), "f64": ("double", "double"), "i64": ("i64", "i64"),
    "i32": ("i32", "i64"), "bool": ("i8", "i64"),
}  # fmt: skip
ARRAYS = frozenset(_ELEMENTS)
_ORDER = ("i64", "literal", "float", "double")


class Value(NamedTuple):
    """``kind``: i64, float or double, "literal" for a number of Python (then ``name`` is it), or
    the dtype of an array, with its address."""

    kind: str
    name: Any


def kind_of(*values: Value) -> str:
    """The widest type among them."""
    kind = max((each.kind for each in values), key=_ORDER.index)
    if kind == "literal":
        whole = all(each.kind == "i64" or isinstance(each.name, int) for each in values)
        kind = "i64" if whole else "double"
    return kind


class Expressions:
    """Lines, variables and values of one function; statements and calls are in ``routine.py``."""

    tree: ast.FunctionDef
    names: dict[str, Any]  # of the function's module
    math_used: set[tuple[str, str, int]]

    def __init__(self) -> None:
        self.arrays: dict[str, Value] = {}
        self.types: dict[str, str] = {}
        self.places: list[str] = []
        self.lines: list[str] = []
        self.count = 0

    def call_own(self, function: FunctionType, given: list[Value]) -> Value:
        """The call of another such function."""
        raise NotImplementedError

    def refused(self, node: ast.AST) -> InternalError:
        return InternalError(f"{self.tree.name}: {ast.unparse(node)} is no part of a routine")

    # Lines

    def let(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        return f"%v{self.count}"

    def labels(self, *stems: str) -> list[str]:
        self.count += 1
        return [f"{stem}{self.count}" for stem in stems]

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def leave(self, line: str) -> None:
        """End the block; what follows in the text is in one of its own."""
        self.lines.append(f"  {line}")
        self.start(self.labels("never")[0])

    def jump(self, label: str) -> None:
        self.lines.append(f"  br label %{label}")

    def declare(self, name: str, kind: str) -> None:
        if name not in self.types:
            self.types[name] = kind
            self.places.append(f"  %at.{name} = alloca {kind}")

    def store(self, name: str, value: Value) -> None:
        """Assign to a variable."""
        self.declare(name, kind_of(value))
        kind = self.types[name]
        self.lines.append(f"  store {kind} {self.turned(value, kind)}, ptr %at.{name}")

    def turned(self, value: Value, kind: str) -> str:
        """The value as one of another type."""
        if value.kind == kind:
            return str(value.name)
        if value.kind == "literal":
            if kind == "i64" and not isinstance(value.name, int):
                raise InternalError(f"{self.tree.name}: {value.name} where a whole number is kept")
            return literal(value.name, kind)
        if value.kind == "i64":
            return self.let(f"sitofp i64 {value.name} to {kind}")
        if kind == "i64":
            raise InternalError(f"{self.tree.name}: a float where a whole number is kept")
        turn = "fpext" if kind == "double" else "fptrunc"
        return self.let(f"{turn} {value.kind} {value.name} to {kind}")

    def together(self, *values: Value) -> tuple[str, list[str]]:
        """Values as the widest type among them."""
        kind = kind_of(*values)
        return kind, [self.turned(each, kind) for each in values]

    # Expressions

    def element(self, node: ast.Subscript) -> tuple[str, str, str]:
        """(type in memory, type in registers, address) of an element of an array."""
        array = self.arrays[ast.unparse(node.value)]
        memory, kind = _ELEMENTS[array.kind]
        place = self.turned(self.value(node.slice), "i64")
        return memory, kind, self.let(f"getelementptr {memory}, ptr {array.name}, i64 {place}")

    def value(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return Value("literal", node.value)
        if isinstance(node, ast.Name):
            return self.named(node.id)
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math":
            return Value("literal", getattr(math, node.attr))
        if isinstance(node, ast.Subscript):
            memory, kind, address = self.element(node)
            found = self.let(f"load {memory}, ptr {address}")
            if memory != kind:
                found = self.let(f"{'zext' if memory == 'i8' else 'sext'} {memory} {found} to i64")
            return Value(kind, found)
        if isinstance(node, ast.BinOp):
            return self.binary(node)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            given = self.value(node.operand)
            if given.kind == "literal":
                return Value("literal", -given.name)
            if given.kind == "i64":
                return Value("i64", self.let(f"sub i64 0, {given.name}"))
            return Value(given.kind, self.let(f"fneg {given.kind} {given.name}"))
        if isinstance(node, ast.IfExp):
            return self.chosen(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        raise self.refused(node)

    def named(self, name: str) -> Value:
        if name in self.arrays:
            return Value(f"[{self.arrays[name].kind}]", self.arrays[name].name)
        if name in self.types:
            kind = self.types[name]
            return Value(kind, self.let(f"load {kind}, ptr %at.{name}"))
        return Value("literal", self.names[name])

    def binary(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        whole, floating, of_literals = _OPERATORS[type(node.op)]
        if left.kind == right.kind == "literal":
            return Value("literal", of_literals(left.name, right.name))
        kind, (a, b) = self.together(left, right)
        word = whole if kind == "i64" else floating
        if not word:
            raise self.refused(node)
        return Value(kind, self.let(f"{word} {kind} {a}, {b}"))

    def chosen(self, node: ast.IfExp) -> Value:
        """Only the side that is asked for is computed."""
        yes, no, after = self.labels("yes", "no", "after")
        self.branch(node.test, yes, no)
        self.start(yes)
        first = self.value(node.body)
        before, self.lines = self.lines, []
        second = self.value(node.orelse)
        beside, self.lines = self.lines, before
        name, kind = f"chosen.{after}", kind_of(first, second)
        self.declare(name, kind)
        self.store(name, first)
        self.jump(after)
        self.start(no)
        self.lines += beside
        self.store(name, second)
        self.jump(after)
        self.start(after)
        return self.named(name)

    def branch(self, node: ast.expr, yes: str, no: str) -> None:
        """Go on at ``yes`` or ``no``; the right of ``and`` and ``or`` only where it matters."""
        if isinstance(node, ast.BoolOp):
            *first, last = node.values
            for each in first:
                (rest,) = self.labels("rest")
                if isinstance(node.op, ast.And):
                    self.branch(each, rest, no)
                else:
                    self.branch(each, yes, rest)
                self.start(rest)
            self.branch(last, yes, no)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.branch(node.operand, no, yes)
        else:
            self.lines.append(f"  br i1 {self.flag(node)}, label %{yes}, label %{no}")

    def flag(self, node: ast.expr) -> str:
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            both = (self.value(node.left), self.value(node.comparators[0]))
            kind, (a, b) = self.together(*both)
            whole, floating = _TESTS[type(node.ops[0])]
            test = f"icmp {whole}" if kind == "i64" else f"fcmp {floating}"
            return self.let(f"{test} {kind} {a}, {b}")
        given = self.value(node)
        if given.kind == "literal":
            return "true" if given.name else "false"
        if given.kind != "i64":
            raise self.refused(node)
        return self.let(f"icmp ne i64 {given.name}, 0")

    def call(self, node: ast.Call) -> Value:
        name = ast.unparse(node.func)
        given = [self.value(each) for each in node.args]
        own = self.names.get(name)
        if isinstance(own, FunctionType):
            return self.call_own(own, given)
        if name in ("min", "max"):
            return self.extreme(name, given)
        if name == "math.pow":
            return self.call_math("pow", given, node)
        (x,) = given
        if name == "float":
            return Value("double", self.turned(x, "double"))
        if name == "int":
            if x.kind == "i64":
                return x
            return Value("i64", self.let(f"fptosi {x.kind} {x.name} to i64"))
        if name == "abs" and x.kind == "i64":
            return Value("i64", self.let(f"call i64 @llvm.abs.i64(i64 {x.name}, i1 false)"))
        return self.call_math("fabs" if name == "abs" else name.removeprefix("math."), given, node)

    def call_math(self, name: str, given: list[Value], node: ast.AST) -> Value:
        kind = kind_of(*given)
        kind = "double" if kind == "i64" else kind
        short = {"float": "f32", "double": "f64"}[kind]
        if name in _INSTRUCTIONS:
            symbol = f"llvm.{name}.{short}"
        elif name in own_math.SUPPORTED:
            self.math_used.add((name, short, 1))
            symbol = own_math.function(name, short, 1).symbol
        else:
            raise self.refused(node)
        words = ", ".join([f"{kind} {self.turned(each, kind)}" for each in given])
        return Value(kind, self.let(f"call {kind} @{symbol}({words})"))

    def extreme(self, name: str, given: list[Value]) -> Value:
        kind, (best, *others) = self.together(*given)
        test = "lt" if name == "min" else "gt"
        test = f"icmp s{test}" if kind == "i64" else f"fcmp o{test}"
        for each in others:
            flag = self.let(f"{test} {kind} {each}, {best}")
            best = self.let(f"select i1 {flag}, {kind} {each}, {kind} {best}")
        return Value(kind, best)
