"""Functions of plain floats as machine code: loops that draw numbers until one of them will do.

    text = module("poisson", _poisson)      # and all that it calls

A function stays Python that anybody can run; this reads its lines. What it may have: parameters
that are floats or a source of uniform numbers (``draw()``, ``draw.normal()``), assignments,
``if``, ``while``, ``continue``, ``return``, arithmetic, comparisons, tables of numbers, the
functions of ``math`` below, ``abs``, and calls of other such functions. All numbers are doubles.
"""

from __future__ import annotations

import ast
import inspect
import math
import struct
import textwrap
from collections.abc import Callable
from types import FunctionType
from typing import Any, final

from rushlight.base.errors import InternalError

# Of the C library, as PyTorch calls them; the others are instructions.
_LIBRARY = ("cos", "exp", "lgamma", "log", "log1p", "sin")
_INSTRUCTIONS = {"ceil": "ceil", "floor": "floor", "sqrt": "sqrt", "fabs": "fabs"}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "fadd", ast.Sub: "fsub", ast.Mult: "fmul", ast.Div: "fdiv",
}  # fmt: skip
_TESTS: dict[type[ast.cmpop], str] = {
    ast.Lt: "olt", ast.LtE: "ole", ast.Gt: "ogt", ast.GtE: "oge", ast.Eq: "oeq", ast.NotEq: "une",
}  # fmt: skip
# Where uniform and normal numbers come from: what ``SOURCE`` text defines.
DRAW, NORMAL = "draw_uniform", "draw_normal"


def literal(value: float) -> str:
    """A double as LLVM writes it.

    >>> literal(1.5)
    '0x3FF8000000000000'
    """
    return "0x" + struct.pack(">d", value).hex().upper()


def module(function: Callable[..., float]) -> str:
    """The text of ``function`` and of all that it calls, each as ``@its_name``."""
    waiting, texts = [function], dict[str, str]()
    while waiting:
        each = waiting.pop()
        if each.__name__ not in texts:
            made = _Function(each)
            texts[each.__name__] = made.text()
            waiting += made.called
    library = [f"declare double @{name}(double)" for name in _LIBRARY]
    library += [f"declare double @llvm.{name}.f64(double)" for name in _INSTRUCTIONS.values()]
    return "\n".join([*library, "declare double @pow(double, double)", *texts.values()])


def takes_numbers(function: Callable[..., float]) -> int:
    """How many of its parameters are numbers; they come first.

    >>> def f(x: float, draw: object) -> float: ...
    >>> takes_numbers(f)
    1
    """
    return [*function.__annotations__.values()].count("float") - 1


@final
class _Function:
    """Writes one function."""

    def __init__(self, function: Callable[..., float]) -> None:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
        assert isinstance(tree, ast.FunctionDef)
        self.tree = tree
        assert isinstance(function, FunctionType)
        self.names: dict[str, Any] = function.__globals__
        self.called: list[Callable[..., float]] = []
        self.tables: list[str] = []
        self.lines: list[str] = []
        self.count = 0
        self.loops: list[str] = []
        names = [each.arg for each in tree.args.args]
        self.numbers = names[: takes_numbers(function)]
        (self.source,) = names[len(self.numbers) :] or ("",)

    def text(self) -> str:
        """The definition."""
        tree = self.tree
        assigned = {
            node.id for node in ast.walk(tree)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }  # fmt: skip
        self.variables = sorted(assigned | set(self.numbers))
        for each in tree.body:
            self.statement(each)
        parameters = [f"double %given.{name}" for name in self.numbers]
        parameters += ["ptr %draw"] if self.source else []
        places = [f"  %at.{name} = alloca double" for name in self.variables]
        places += [f"  store double %given.{name}, ptr %at.{name}" for name in self.numbers]
        body = [*places, *self.lines, "  unreachable"]
        head = f"define internal double @{tree.name}({', '.join(parameters)}) nounwind {{\nentry:\n"
        return "\n".join([*self.tables, head + "\n".join(body) + "\n}\n"])

    def refused(self, node: ast.AST) -> InternalError:
        return InternalError(f"{self.tree.name}: {ast.unparse(node)} is no part of such functions")

    # Lines

    def let(self, text: str) -> str:
        self.count += 1
        self.lines.append(f"  %v{self.count} = {text}")
        return f"%v{self.count}"

    def label(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    def start(self, label: str) -> None:
        self.lines.append(f"{label}:")

    def jump(self, label: str) -> None:
        self.lines.append(f"  br label %{label}")
        self.start(self.label("never"))  # what follows a jump is in a block of its own

    def branch(self, test: ast.expr, yes: str, no: str) -> None:
        self.lines.append(f"  br i1 {self.flag(test)}, label %{yes}, label %{no}")

    # Statements

    def statement(self, node: ast.stmt) -> None:
        if isinstance(node, ast.Assign):
            self.assign(node.targets[0], node.value)
        elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            old = ast.Name(node.target.id, ast.Load())
            self.assign(node.target, ast.BinOp(old, node.op, node.value))
        elif isinstance(node, ast.Return) and node.value is not None:
            self.lines.append(f"  ret double {self.number(node.value)}")
            self.start(self.label("never"))
        elif isinstance(node, ast.If):
            yes, no, after = (self.label(stem) for stem in ("yes", "no", "after"))
            self.branch(node.test, yes, no)
            self.block(yes, node.body, after)
            self.block(no, node.orelse, after)
            self.start(after)
        elif isinstance(node, ast.While):
            again, body, after = (self.label(stem) for stem in ("again", "body", "after"))
            self.lines.append(f"  br label %{again}")
            self.start(again)
            self.branch(node.test, body, after)
            self.loops.append(again)
            self.block(body, node.body, again)
            self.loops.pop()
            self.start(after)
        elif isinstance(node, ast.Continue):
            self.jump(self.loops[-1])
        elif not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
            raise self.refused(node)

    def block(self, label: str, body: list[ast.stmt], after: str) -> None:
        self.start(label)
        for each in body:
            self.statement(each)
        self.lines.append(f"  br label %{after}")

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        names = target.elts if isinstance(target, ast.Tuple) else [target]
        values = value.elts if isinstance(value, ast.Tuple) else [value]
        found = [self.number(each) for each in values]
        for name, each in zip(names, found, strict=True):
            if not isinstance(name, ast.Name):
                raise self.refused(name)
            self.lines.append(f"  store double {each}, ptr %at.{name.id}")

    # Expressions

    def number(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return literal(float(node.value))
        if isinstance(node, ast.Name):
            if node.id in self.variables:
                return self.let(f"load double, ptr %at.{node.id}")
            return literal(float(self.names[node.id]))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "math":
            return literal(getattr(math, node.attr))
        if isinstance(node, ast.BinOp):
            left, right = self.number(node.left), self.number(node.right)
            if isinstance(node.op, ast.Pow):
                return self.let(f"call double @pow(double {left}, double {right})")
            return self.let(f"{_OPERATORS[type(node.op)]} double {left}, {right}")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.let(f"fneg double {self.number(node.operand)}")
        if isinstance(node, ast.IfExp):
            flag, yes, no = self.flag(node.test), self.number(node.body), self.number(node.orelse)
            return self.let(f"select i1 {flag}, double {yes}, double {no}")
        if isinstance(node, ast.Subscript):
            return self.entry_of(node)
        if isinstance(node, ast.Call):
            return self.call(node)
        raise self.refused(node)

    def flag(self, node: ast.expr) -> str:
        if isinstance(node, ast.Constant):
            return "true" if node.value else "false"
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return self.let(f"xor i1 {self.flag(node.operand)}, true")
        if isinstance(node, ast.BoolOp):
            # Both sides are computed: none of them may draw.
            if self.source in [each.id for each in ast.walk(node) if isinstance(each, ast.Name)]:
                raise self.refused(node)
            word = "and" if isinstance(node.op, ast.And) else "or"
            found = self.flag(node.values[0])
            for each in node.values[1:]:
                found = self.let(f"{word} i1 {found}, {self.flag(each)}")
            return found
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            left, right = self.number(node.left), self.number(node.comparators[0])
            return self.let(f"fcmp {_TESTS[type(node.ops[0])]} double {left}, {right}")
        raise self.refused(node)

    def entry_of(self, node: ast.Subscript) -> str:
        """A number of a table of the module."""
        name = ast.unparse(node.value)
        table = [f"double {literal(each)}" for each in self.names[name]]
        kind = f"[{len(table)} x double]"
        text = f"@table.{name} = private constant {kind} [{', '.join(table)}]"
        if text not in self.tables:
            self.tables.append(text)
        whole = self.let(f"fptosi double {self.number(node.slice)} to i64")
        place = self.let(f"getelementptr {kind}, ptr @table.{name}, i64 0, i64 {whole}")
        return self.let(f"load double, ptr {place}")

    def call(self, node: ast.Call) -> str:
        name = ast.unparse(node.func)
        if name in (self.source, f"{self.source}.normal"):
            return self.let(f"call double @{DRAW if name == self.source else NORMAL}(ptr %draw)")
        own = self.names.get(name)
        if isinstance(own, FunctionType):
            self.called.append(own)
            listed = [
                "ptr %draw" if ast.unparse(each) == self.source else f"double {self.number(each)}"
                for each in node.args
            ]
            return self.let(f"call double @{name}({', '.join(listed)})")
        (given,) = [self.number(each) for each in node.args]
        if name in ("float", "int"):  # of a whole number
            return given
        plain = "fabs" if name == "abs" else name.removeprefix("math.")
        if plain in _INSTRUCTIONS:
            return self.let(f"call double @llvm.{_INSTRUCTIONS[plain]}.f64(double {given})")
        if plain in _LIBRARY:
            return self.let(f"call double @{plain}(double {given})")
        raise self.refused(node)
