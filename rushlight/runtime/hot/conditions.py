"""Choices, comparisons, arithmetic and whole numbers as LLVM text."""

from __future__ import annotations

import ast
import sys

from rushlight.runtime.hot.displays import Displays
from rushlight.runtime.hot.writer import Ref

_COMPARE = {ast.Lt: 0, ast.LtE: 1, ast.Eq: 2, ast.NotEq: 3, ast.Gt: 4, ast.GtE: 5}
_SIGNED = {0: "slt", 1: "sle", 2: "eq", 3: "ne", 4: "sgt", 5: "sge"}
_BINARY: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Subtract", ast.Mult: "Multiply", ast.BitOr: "Or", ast.BitAnd: "And",
    ast.FloorDiv: "FloorDivide", ast.Div: "TrueDivide", ast.Mod: "Remainder", ast.Pow: "Power",
    ast.LShift: "Lshift", ast.RShift: "Rshift",
}  # fmt: skip
_NUMBERS = (len, sys.getrefcount)  # calls whose results are machine words


class Conditions(Displays):
    """Decides and computes."""

    def on_ifexp(self, node: ast.IfExp) -> Ref:
        yes, no = self.name("yes"), self.name("no")
        self.test(node.test, yes, no)
        body, other = node.body, node.orelse
        return self.either((yes, lambda: self.value(body)), (no, lambda: self.value(other)))

    def on_boolop(self, node: ast.BoolOp) -> Ref:
        if all(self.is_test(each) for each in node.values):
            return self._truth(node)
        after, found = self.name("after"), []
        for expression in node.values[:-1]:
            ref = self.kept(self.value(expression))
            true = self.truth(ref)
            on, out = self.name("on"), self.name("out")
            ways = (out, on) if isinstance(node.op, ast.Or) else (on, out)
            self.branch(true, *ways)
            self.open(out)
            found.append(f"[ {ref.text}, %{out} ]")
            self.jump(after)
            self.open(on)
            self.release(ref)
        last = self.hand_on(self.value(node.values[-1]))
        found.append(f"[ {last}, %{self.block} ]")
        self.jump(after)
        self.open(after)
        return self.own(self.set(f"phi ptr {', '.join(found)}"))

    def _truth(self, node: ast.expr) -> Ref:
        yes, no, after = self.name("yes"), self.name("no"), self.name("after")
        true, false = self.known("literal", "True"), self.known("literal", "False")
        self.test(node, yes, no)
        for label in (yes, no):
            self.open(label)
            self.jump(after)
        self.open(after)
        return Ref(self.set(f"phi ptr [ {true}, %{yes} ], [ {false}, %{no} ]"))

    def is_test(self, node: ast.expr) -> bool:
        """Whether it is True or False whatever it is made of."""
        if isinstance(node, ast.BoolOp):
            return all(self.is_test(each) for each in node.values)
        if isinstance(node, ast.Compare):
            identity = isinstance(node.ops[0], (ast.Is, ast.IsNot, ast.In, ast.NotIn))
            return identity or self.is_number(node.left)
        return isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not)

    def on_compare(self, node: ast.Compare) -> Ref:
        if len(node.ops) > 1:
            raise self.refuse(node, "the value of a chain of comparisons")
        if self.is_test(node):
            return self._truth(node)
        left, right = self.value(node.left), self.value(node.comparators[0])
        how = str(_COMPARE[type(node.ops[0])])
        arguments = (left.text, right.text, how)
        return self.made("PyObject_RichCompare", *arguments, using=(right, left))

    def on_unaryop(self, node: ast.UnaryOp) -> Ref:
        if isinstance(node.op, ast.Not):
            return self._truth(node)
        if isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant):
            return Ref(self.known("literal", repr(-node.operand.value)))  # type: ignore[operator]
        if isinstance(node.op, ast.USub):
            ref = self.value(node.operand)
            return self.made("PyNumber_Negative", ref.text, using=(ref,))
        raise self.refuse(node)

    def on_binop(self, node: ast.BinOp) -> Ref:
        kind = _BINARY.get(type(node.op))
        if kind is None:
            raise self.refuse(node.op)
        left, right = self.value(node.left), self.value(node.right)
        words = [left.text, right.text]
        if kind == "Power":
            words.append(self.known("literal", "None"))
        return self.made(f"PyNumber_{kind}", *words, using=(right, left))

    # Conditions

    def test(self, node: ast.expr, yes: str, no: str) -> None:
        """Go to ``yes`` or ``no``."""
        if isinstance(node, ast.BoolOp):
            for each in node.values[:-1]:
                on = self.name("on")
                self.test(each, *((yes, on) if isinstance(node.op, ast.Or) else (on, no)))
                self.open(on)
            self.test(node.values[-1], yes, no)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            self.test(node.operand, no, yes)
        elif isinstance(node, ast.Compare):
            for how, middle in zip(node.ops[:-1], node.comparators[:-1], strict=True):
                if not isinstance(middle, ast.Name):
                    raise self.refuse(node, "a chain of comparisons of other than names")
                on = self.name("on")
                self.branch(self._compared(ast.Compare(node.left, [how], [middle])), on, no)
                self.open(on)
                node = ast.Compare(middle, node.ops[-1:], node.comparators[-1:])
            self.branch(self._compared(node), yes, no)
        elif self.is_number(node):
            self.branch(self.set(f"icmp ne i64 {self.number(node)}, 0"), yes, no)
        else:
            ref = self.value(node)
            true = self.truth(ref)
            self.release(ref)
            self.branch(true, yes, no)

    def _compared(self, node: ast.Compare) -> str:
        how, right = node.ops[0], node.comparators[0]
        if self.is_number(node.left) and self.is_number(right) and type(how) in _COMPARE:
            words = f"{self.number(node.left)}, {self.number(right)}"
            return self.set(f"icmp {_SIGNED[_COMPARE[type(how)]]} i64 {words}")
        first, second = self.value(node.left), self.value(right)
        if isinstance(how, (ast.Is, ast.IsNot)):
            kind = "eq" if isinstance(how, ast.Is) else "ne"
            truth = self.set(f"icmp {kind} ptr {first.text}, {second.text}")
            self.release(second)
            self.release(first)
            return truth
        if isinstance(how, (ast.In, ast.NotIn)):
            arguments = ("PySequence_Contains", second.text, first.text)
        else:
            number = str(_COMPARE[type(how)])
            arguments = ("PyObject_RichCompareBool", first.text, second.text, number)  # type: ignore[assignment]
        found = self.done(*arguments, using=(second, first))
        return self.set(f"icmp {'eq' if isinstance(how, ast.NotIn) else 'ne'} i32 {found}, 0")

    def truth(self, ref: Ref) -> str:
        """Whether an object is true: an i1."""
        self.called.add("PyObject_IsTrue")
        words = [self.known("literal", each) for each in ("True", "False", "None")]
        text = ", ".join(f"ptr {each}" for each in (ref.text, *words))
        found = self.set(f"call i32 @hot_truth({text})")
        self.must(self.set(f"icmp slt i32 {found}, 0"))
        return self.set(f"icmp ne i32 {found}, 0")

    # Machine words

    def is_number(self, node: ast.expr) -> bool:
        """Whether it is a whole number that need not be an object."""
        if isinstance(node, ast.Constant):
            return type(node.value) is int
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
            return self.is_number(node.operand)
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Sub)):
            words = self.is_number(node.left) and self.is_number(node.right)
            return words and not isinstance(node.left, ast.Constant)
        return isinstance(node, ast.Call) and self.scope.value(node.func) in _NUMBERS

    def number(self, node: ast.expr) -> str:
        """The word of an expression that ``is_number``."""
        if isinstance(node, ast.Constant):
            return str(node.value)
        if isinstance(node, ast.UnaryOp):
            return self.set(f"sub i64 0, {self.number(node.operand)}")
        if isinstance(node, ast.BinOp):
            words = f"{self.number(node.left)}, {self.number(node.right)}"
            return self.set(f"{'add' if isinstance(node.op, ast.Add) else 'sub'} i64 {words}")
        if not isinstance(node, ast.Call) or not self.is_number(node):
            raise self.refuse(node, "a number is needed here")
        (argument,) = node.args
        ref = self.value(argument)
        if self.scope.value(node.func) is len:
            return self.done("PyObject_Size", ref.text, using=(ref,))
        if ref.owned:
            raise self.refuse(node, "getrefcount takes a local name")
        count = self.set(f"load i64, ptr {ref.text}")
        return self.set(f"add i64 {count}, 1")  # the argument of a call in Python


__all__ = ["Conditions"]
