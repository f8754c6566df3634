"""Python's expressions as LLVM text."""

from __future__ import annotations

import ast
from typing import Any

from rushlight.runtime.hot.layouts import Layouts
from rushlight.runtime.hot.prelude import LIST_ITEMS, TUPLE_ITEMS
from rushlight.runtime.hot.scope import Scope
from rushlight.runtime.hot.writer import Ref, Writer

_COMPARE = {ast.Lt: 0, ast.LtE: 1, ast.Eq: 2, ast.NotEq: 3, ast.Gt: 4, ast.GtE: 5}
_SIGNED = {0: "slt", 1: "sle", 2: "eq", 3: "ne", 4: "sgt", 5: "sge"}
_BINARY: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Subtract", ast.Mult: "Multiply", ast.BitOr: "Or", ast.BitAnd: "And",
    ast.FloorDiv: "FloorDivide", ast.Div: "TrueDivide", ast.Mod: "Remainder", ast.Pow: "Power",
    ast.LShift: "Lshift", ast.RShift: "Rshift",
}  # fmt: skip
_NUMBERS = ("len", "getrefcount")  # calls whose results are machine words
_END = str(2**63 - 1)
_READ = (
    """  %x# = load ptr, ptr %at#
  %none# = icmp eq ptr %x#, null
  br i1 %none#, label %other#, label %bound#
bound#:
  call void @hot_keep(ptr %x#)
  ret ptr %x#""",
    """  %found = call ptr @PyObject_GetAttr(ptr %o, ptr %name)
  ret ptr %found""",
)
_WRITE = (
    """  %old# = load ptr, ptr %at#
  store ptr %x, ptr %at#
  call void @hot_drop_any(ptr %old#)
  ret i32 0""",
    """  %done = call i32 @PyObject_SetAttr(ptr %o, ptr %name, ptr %x)
  call void @hot_drop(ptr %x)
  ret i32 %done""",
)


def is_literal(node: ast.expr) -> bool:
    """Whether it is a number as it stands, or less than that."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return isinstance(node.operand, ast.Constant)
    return isinstance(node, ast.Constant)


class Untranslatable(NotImplementedError):
    """A function under ``@hot`` holds what there is no translation for."""


class Expressions(Writer):
    """Writes what an expression computes."""

    def __init__(self, scope: Scope, layouts: Layouts) -> None:
        super().__init__()
        self.scope = scope
        self.layouts = layouts
        self.locals: dict[str, str] = {}  # name -> its slot
        self.borrowed: dict[str, str] = {}  # parameters nobody writes to: name -> register
        self.exact: dict[str, type] = {}  # locals that were just made: their class
        self.hints: dict[str, str] = {}  # parameters and variables: the class they say they are of
        self.words = 0  # arguments of the longest call

    def refuse(self, node: ast.AST, why: str = "") -> Untranslatable:
        what = why or type(node).__name__
        line = getattr(node, "lineno", "?")
        return Untranslatable(f"@hot {self.scope.name}, line {line}: {what}")

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

    def on_constant(self, node: ast.Constant) -> Ref:
        return Ref(self.known("literal", repr(node.value)))

    def on_name(self, node: ast.Name) -> Ref:
        name = node.id
        if name in self.borrowed:
            return Ref(self.borrowed[name])
        if name in self.locals:
            register = self.set(f"load ptr, ptr {self.locals[name]}")
            none = self.set(f"icmp eq ptr {register}, null")
            on, unbound = self.name("on"), self.name("unbound")
            self.branch(none, unbound, on, likely=True)
            self.open(unbound)
            kind = self.known("builtin", "UnboundLocalError")
            self.call("PyErr_SetObject", kind, self.known("literal", repr(name)))
            self.jump(self.landing())
            self.open(on)
            return Ref(register)
        if self.scope.is_rebound(name):
            return self._from_dict(self.known("globals"), name)
        return Ref(self.known(*self.scope.entry(name)))

    def _from_dict(self, space: str, name: str) -> Ref:
        """What a module's namespace has now under ``name``."""
        found = self.call("PyDict_GetItemWithError", space, self.known("literal", repr(name)))
        none = self.set(f"icmp eq ptr {found}, null")
        on, lost = self.name("on"), self.name("lost")
        self.branch(none, lost, on, likely=True)
        self.open(lost)
        kind, text = self.known("builtin", "NameError"), self.known("literal", repr(name))
        self.call("PyErr_SetObject", kind, text)
        self.jump(self.landing())
        self.open(on)
        self.emit(f"call void @hot_keep(ptr {found})")
        return self.own(found)

    def on_attribute(self, node: ast.Attribute) -> Ref:
        module = self.scope.module(node.value)
        if module is not None and node.attr in vars(module):
            name = node.value.id  # type: ignore[attr-defined]
            return self._from_dict(self.known("namespace", name), node.attr)
        if node.attr == "__class__":
            owner = self.value(node.value)
            kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
            self.emit(f"call void @hot_keep(ptr {kind})")
            self.release(owner)
            return self.own(kind)
        like, exact = self.called_so(node.value), self.class_of(node.value)
        return self.read(self.value(node.value), node.attr, like, exact)

    def called_so(self, node: ast.expr) -> str:
        """What an object is called, and so most likely is: ``trace.step`` a Step."""
        if isinstance(node, ast.Name):
            return self.hints.get(node.id, node.id)
        return node.attr if isinstance(node, ast.Attribute) else ""

    def makes(self, node: ast.expr) -> bool:
        """Whether it is a call of ``object.__new__``."""
        return isinstance(node, ast.Call) and self.scope.value(node.func) is object.__new__

    def class_of(self, node: ast.expr) -> type | None:
        return self.exact.get(node.id) if isinstance(node, ast.Name) else None

    def read(self, owner: Ref, name: str, like: str = "", exact: type | None = None) -> Ref:
        """``owner.name``: straight from its slot where it is of the class it is most likely of.

        ``like``: what the owner is called, which tells its class from others with such a slot.
        """
        places = self.layouts.places(name, like, exact)
        if not places:
            text = self.known("literal", repr(name))
            return self.made("PyObject_GetAttr", owner.text, text, using=(owner,))
        which, offset = places[0]
        after, slow, bound = self.name("read"), self.name("slow"), self.name("bound")
        if exact is None:
            self._expect(owner, which, slow)
        at = self.set(f"getelementptr i8, ptr {owner.text}, i64 {offset}")
        there = self.set(f"load ptr, ptr {at}")
        self.branch(self.set(f"icmp eq ptr {there}, null"), slow, bound, likely=True)
        self.open(bound)
        self.emit(f"call void @hot_keep(ptr {there})")
        self.jump(after)
        self.open(slow)
        looked = self.set(f"call ptr @{self.reader(name)}(ptr {owner.text})")
        self.must(self.set(f"icmp eq ptr {looked}, null"))
        last = self.block
        self.jump(after)
        self.open(after)
        made = self.own(self.set(f"phi ptr [ {there}, %{bound} ], [ {looked}, %{last} ]"))
        self.release(owner)
        return made

    def _expect(self, owner: Ref, which: str, otherwise: str) -> None:
        """Go on where ``owner`` is of the class ``which``."""
        fits = self.name("fits")
        kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
        same = self.set(f"icmp ne ptr {kind}, {self.known('class', which)}")
        self.branch(same, otherwise, fits, likely=True)
        self.open(fits)

    def reader(self, name: str) -> str:
        """A function that reads an attribute of anything."""
        return self.helper(f"hot_read_{name}", "ptr %o", self._chain(name, _READ))

    def writer(self, name: str) -> str:
        """A function that sets an attribute of anything, and takes the value over."""
        return self.helper(f"hot_write_{name}", "ptr %o, ptr %x", self._chain(name, _WRITE), "i32")

    def _chain(self, name: str, parts: tuple[str, str]) -> str:
        """Look at the classes one after the other, then ask Python."""
        lines = ["  %t = call ptr @hot_type(ptr %o)"]
        for number, (which, offset) in enumerate(self.layouts.places(name)):
            kind = f"%k{number}"
            lines += [
                f"  {kind}.at = getelementptr ptr, ptr @table, i64 {self.place('class', which)}",
                f"  {kind} = load ptr, ptr {kind}.at, !invariant.load !1",
                f"  %same{number} = icmp eq ptr %t, {kind}",
                f"  br i1 %same{number}, label %fits{number}, label %other{number}",
                f"fits{number}:",
                f"  %at{number} = getelementptr i8, ptr %o, i64 {offset}",
                parts[0].replace("#", str(number)),
                f"other{number}:",
            ]
        text = self.place("literal", repr(name))
        lines += [
            f"  %name.at = getelementptr ptr, ptr @table, i64 {text}",
            "  %name = load ptr, ptr %name.at, !invariant.load !1",
            parts[1],
        ]
        self.called.update(("PyObject_GetAttr", "PyObject_SetAttr"))
        return "\n".join(lines)

    def on_subscript(self, node: ast.Subscript) -> Ref:
        owner, index = self.value(node.value), node.slice
        if isinstance(index, ast.Slice):
            if index.step is not None:
                raise self.refuse(node, "a slice with a step")
            low = self.number(index.lower) if index.lower else "0"
            high = self.number(index.upper) if index.upper else _END
            return self.made("PySequence_GetSlice", owner.text, low, high, using=(owner,))
        if not self.is_number(index):
            key = self.value(index)
            return self.made("PyObject_GetItem", owner.text, key.text, using=(key, owner))
        place = self.number(index)
        lists, tuples = self.known("builtin", "list"), self.known("builtin", "tuple")
        item = self.set(
            f"call ptr @hot_item(ptr {owner.text}, i64 {place}, ptr {lists}, ptr {tuples})"
        )
        after, slow, fast = self.name("item"), self.name("slow"), self.block
        self.branch(self.set(f"icmp eq ptr {item}, null"), slow, after, likely=True)
        self.open(slow)
        key = self.made("PyLong_FromSsize_t", place)
        looked = self.made("PyObject_GetItem", owner.text, key.text, using=(key,))
        self.owned.remove(looked.text)
        last = self.block
        self.jump(after)
        self.open(after)
        made = self.own(self.set(f"phi ptr [ {item}, %{fast} ], [ {looked.text}, %{last} ]"))
        self.release(owner)
        return made

    # Displays

    def on_tuple(self, node: ast.Tuple) -> Ref:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            parts = self._joined(node.elts)
            return self.made("PyList_AsTuple", parts.text, using=(parts,))
        if not node.elts:
            return Ref(self.known("literal", "()"))
        parts_ = [self.value(each) for each in node.elts]
        made = self.made("PyTuple_New", str(len(parts_)))
        self._fill(self.set(f"getelementptr i8, ptr {made.text}, i64 {TUPLE_ITEMS}"), parts_)
        return made

    def on_list(self, node: ast.List) -> Ref:
        if any(isinstance(each, ast.Starred) for each in node.elts):
            return self._joined(node.elts)
        parts = [self.value(each) for each in node.elts]
        made = self.made("PyList_New", str(len(parts)))
        if parts:
            at = self.set(f"getelementptr i8, ptr {made.text}, i64 {LIST_ITEMS}")
            self._fill(self.set(f"load ptr, ptr {at}"), parts)
        return made

    def _fill(self, items: str, parts: list[Ref]) -> None:
        for place, part in enumerate(parts):
            at = self.set(f"getelementptr ptr, ptr {items}, i64 {place}")
            self.emit(f"store ptr {self.hand_on(part)}, ptr {at}")

    def _joined(self, parts: list[ast.expr]) -> Ref:
        made = self.made("PyList_New", "0")
        for part in parts:
            if isinstance(part, ast.Starred):
                more = self.value(part.value)
                arguments = (made.text, _END, _END, more.text)
                self.done("PyList_SetSlice", *arguments, using=(more,))
            else:
                one = self.value(part)
                self.done("PyList_Append", made.text, one.text, using=(one,))
        return made

    def on_listcomp(self, node: ast.ListComp) -> Ref:
        return self._comprehension(node, self.made("PyList_New", "0"), "PyList_Append")

    def on_setcomp(self, node: ast.SetComp) -> Ref:
        return self._comprehension(node, self.made("PySet_New", "null"), "PySet_Add")

    def _comprehension(self, node: ast.ListComp | ast.SetComp, made: Ref, add: str) -> Ref:
        (loop,) = node.generators

        def body() -> None:
            skip = self.name("skip")
            for condition in loop.ifs:
                go = self.name("go")
                self.test(condition, go, skip)
                self.open(go)
            one = self.value(node.elt)
            self.done(add, made.text, one.text, using=(one,))
            self.jump(skip)
            self.open(skip)

        self.each(loop.target, loop.iter, body)
        return made

    def each(self, target: ast.expr, source: ast.expr, body: Any) -> None:
        """Run ``body`` for every element of ``source``; statements.py."""
        raise NotImplementedError

    # Choices

    def on_ifexp(self, node: ast.IfExp) -> Ref:
        yes, no = self.name("yes"), self.name("no")
        self.test(node.test, yes, no)
        return self._either([(yes, node.body), (no, node.orelse)])

    def _either(self, ways: list[tuple[str, ast.expr]]) -> Ref:
        after, found = self.name("after"), []
        for label, expression in ways:
            self.open(label)
            register = self.hand_on(self.value(expression))
            found.append(f"[ {register}, %{self.block} ]")
            self.jump(after)
        self.open(after)
        return self.own(self.set(f"phi ptr {', '.join(found)}"))

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

    def on_dict(self, node: ast.Dict) -> Ref:
        made = self.made("PyDict_New")
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                raise self.refuse(node, "** in a dict")
            left, right = self.value(key), self.value(value)
            self.done("PyDict_SetItem", made.text, left.text, right.text, using=(right, left))
        return made

    def on_joinedstr(self, node: ast.JoinedStr) -> Ref:
        parts = self.made("PyList_New", "0")
        for each in node.values:
            if isinstance(each, ast.FormattedValue):
                shown, form = self.value(each.value), "null"
                if each.conversion == ord("r"):
                    shown = self.made("PyObject_Repr", shown.text, using=(shown,))
                if each.format_spec is not None:
                    form = self.value(each.format_spec).text
                part = self.made("PyObject_Format", shown.text, form, using=(shown,))
            else:
                part = self.value(each)
            self.done("PyList_Append", parts.text, part.text, using=(part,))
        return self.made("PyUnicode_Join", self.known("literal", "''"), parts.text, using=(parts,))

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
        return (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _NUMBERS
            and node.func.id not in self.locals
        )

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
        if node.func.id == "len":  # type: ignore[attr-defined]
            return self.done("PyObject_Size", ref.text, using=(ref,))
        if ref.owned:
            raise self.refuse(node, "getrefcount takes a local name")
        count = self.set(f"load i64, ptr {ref.text}")
        return self.set(f"add i64 {count}, 1")  # the argument of a call in Python

    # Calls

    def on_call(self, node: ast.Call) -> Ref:
        function = node.func
        if node.keywords:
            return self._with_keywords(node)
        if any(isinstance(each, ast.Starred) for each in node.args):
            called, given = self.value(function), self.on_tuple(ast.Tuple(node.args))
            arguments = (called.text, given.text, "null")
            return self.made("PyObject_Call", *arguments, using=(given, called))
        direct = self.scope.direct(function)
        if direct is not None:
            return self.direct(direct, node.args)
        if self.makes(node):
            return self._new(node.args[0])
        constructor = self.scope.constructor(function)
        if constructor is not None:
            made = self._new(function)
            self.release(self.direct(constructor, node.args, Ref(made.text)))
            return made
        if isinstance(function, ast.Attribute) and self.scope.module(function.value) is None:
            return self._method(function, node.args)
        called = self.value(function)
        given_ = [self.value(each) for each in node.args]
        if isinstance(function, ast.Name) and function.id == "isinstance":
            found = self.done("PyObject_IsInstance", *(each.text for each in given_))
            for each in given_:
                self.release(each)
            true, false = self.known("literal", "True"), self.known("literal", "False")
            yes = self.set(f"icmp ne i32 {found}, 0")
            return Ref(self.set(f"select i1 {yes}, ptr {true}, ptr {false}"))
        return self._vector("PyObject_Vectorcall", called, given_)

    def _with_keywords(self, node: ast.Call) -> Ref:
        names = [each.arg for each in node.keywords]
        if None in names or any(isinstance(each, ast.Starred) for each in node.args):
            raise self.refuse(node, "stars and keywords")
        called = self.value(node.func)
        given = [self.value(each) for each in node.args]
        given += [self.value(each.value) for each in node.keywords]
        row = self.known("literal", repr(tuple(names)))
        return self._vector("PyObject_Vectorcall", called, given, row, len(names))

    def _vector(
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

    def direct(self, callee: tuple[str, list[Any]], nodes: list[ast.expr], *first: Ref) -> Ref:
        """A call of another translated function."""
        name, defaults = callee
        given = [*first, *[self.value(each) for each in nodes]]
        missing = len(defaults) - len(given)
        given += [Ref(self.known(*each)) for each in defaults[len(given) :]] if missing else []
        at = self.known("native", name)
        arguments = ", ".join(f"ptr {each.text}" for each in given)
        register = self.set(f"call ptr {at}({arguments})")
        for each in given:
            self.release(each)
        self.must(self.set(f"icmp eq ptr {register}, null"))
        return self.own(register)

    def _new(self, node: ast.expr) -> Ref:
        """``object.__new__`` of a class."""
        which = self.scope.value(node)
        kind = self.value(node)
        if which.__class__ is not type:
            return self._vector("PyObject_Vectorcall", Ref(self.known("new")), [kind])
        return self.made("PyType_GenericAlloc", kind.text, "0")

    def _method(self, function: ast.Attribute, nodes: list[ast.expr]) -> Ref:
        owner = self.value(function.value)
        if function.attr in ("get", "append", "extend", "clear"):
            return self._of_builtin(function.attr, owner, nodes)
        callee = self.scope.method(function.attr)
        if callee is None:
            given = [owner, *[self.value(each) for each in nodes]]
            name = Ref(self.known("literal", repr(function.attr)))
            return self._vector("PyObject_VectorcallMethod", name, given)
        which, name_, defaults = callee
        kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
        same = self.set(f"icmp eq ptr {kind}, {self.known('class', which)}")
        fits, other, after = self.name("fits"), self.name("other"), self.name("after")
        before = [*self.owned]
        self.branch(same, fits, other)
        self.open(fits)
        made = self.direct((name_, defaults), nodes, owner)
        self.owned.remove(made.text)
        end = self.block
        self.jump(after)
        self.open(other)
        self.owned = before
        given = [owner, *[self.value(each) for each in nodes]]
        name = Ref(self.known("literal", repr(function.attr)))
        looked = self._vector("PyObject_VectorcallMethod", name, given)
        self.owned.remove(looked.text)
        last = self.block
        self.jump(after)
        self.open(after)
        return self.own(self.set(f"phi ptr [ {made.text}, %{end} ], [ {looked.text}, %{last} ]"))

    def _of_builtin(self, name: str, owner: Ref, nodes: list[ast.expr]) -> Ref:
        """A method of a list or dict, at once; of anything else by its name."""
        given = [self.value(each) for each in nodes]
        kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
        wanted = self.known("builtin", "dict" if name == "get" else "list")
        fits, other, after = self.name("fits"), self.name("other"), self.name("after")
        before = [*self.owned]
        self.branch(self.set(f"icmp eq ptr {kind}, {wanted}"), fits, other)
        self.open(fits)
        none = self.known("literal", "None")
        if name == "get":
            found = self.call("PyDict_GetItemWithError", owner.text, given[0].text)
            absent = self.set(f"icmp eq ptr {found}, null")
            otherwise = given[1].text if len(given) > 1 else none
            result = self.set(f"select i1 {absent}, ptr {otherwise}, ptr {found}")
            self.emit(f"call void @hot_keep(ptr {result})")
            lost, on = self.name("lost"), self.name("on")
            self.branch(absent, lost, on)
            self.open(lost)
            error = self.call("PyErr_Occurred")
            self.owned.append(result)
            self.must(self.set(f"icmp ne ptr {error}, null"))
            self.owned.remove(result)
            self.jump(on)
            self.open(on)
        elif name == "append":
            self.done("PyList_Append", owner.text, given[0].text)
            result = none
        else:
            low, more = ("0", "null") if name == "clear" else (_END, given[0].text)
            self.done("PyList_SetSlice", owner.text, low, _END, more)
            result = none
        if name != "get":
            self.emit(f"call void @hot_keep(ptr {result})")
        for each in (*given, owner):
            self.release(each)
        end = self.block
        self.jump(after)
        self.open(other)
        self.owned = before
        called = Ref(self.known("literal", repr(name)))
        looked = self._vector("PyObject_VectorcallMethod", called, [owner, *given])
        self.owned.remove(looked.text)
        last = self.block
        self.jump(after)
        self.open(after)
        return self.own(self.set(f"phi ptr [ {result}, %{end} ], [ {looked.text}, %{last} ]"))


__all__ = ["Expressions", "Untranslatable"]
