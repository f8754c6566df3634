"""Python's statements as LLVM text, but for loops and errors."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.calls import Calls
from rushlight.runtime.hot.writer import Ref

_AUGMENTED: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Subtract", ast.BitOr: "Or", ast.BitAnd: "And",
    ast.LShift: "Lshift", ast.RShift: "Rshift",
}  # fmt: skip


class Statements(Calls):
    """Assigns, chooses, leaves."""

    def body(self, statements: list[ast.stmt]) -> None:
        for each in statements:
            if self.left:
                return
            method = getattr(self, "do_" + type(each).__name__.lower(), None)
            if method is None:
                raise self.refuse(each)
            method(each)

    def do_pass(self, node: ast.Pass) -> None:
        pass

    def do_assert(self, node: ast.Assert) -> None:
        """For the type checker."""

    def do_expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.release(self.value(node.value))

    def do_assign(self, node: ast.Assign) -> None:
        first = node.targets[0]
        if isinstance(first, ast.Tuple) and isinstance(node.value, ast.Tuple):
            refs = [self.kept(self.value(each)) for each in node.value.elts]
            for target, one in zip(first.elts, refs, strict=True):
                self.store(target, one)
            return
        ref = self.value(node.value)
        if len(node.targets) > 1:
            ref = self.kept(ref)
            for target in node.targets:
                self.store(target, Ref(ref.text))
            self.release(ref)
            return
        self.store(node.targets[0], ref)
        target = node.targets[0]
        if isinstance(target, ast.Name):
            self.exact.pop(target.id, None)
            if self.makes(node.value):
                which = self.scope.value(node.value.args[0])  # type: ignore[attr-defined]
                if isinstance(which, type):
                    self.exact[target.id] = which

    def do_annassign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.value(node.value))

    def do_augassign(self, node: ast.AugAssign) -> None:
        kind = _AUGMENTED.get(type(node.op))
        if kind is None:
            raise self.refuse(node)
        if isinstance(node.target, ast.Subscript):
            owner, key = self.value(node.target.value), self.value(node.target.slice)
            before = self.made("PyObject_GetItem", owner.text, key.text)
            more = self.value(node.value)
            words = (before.text, more.text)
            made = self.made(f"PyNumber_InPlace{kind}", *words, using=(more, before))
            self.done("PyObject_SetItem", owner.text, key.text, made.text, using=(made, key, owner))
            return
        if isinstance(node.target, ast.Name):
            before = self.on_name(ast.Name(node.target.id, ast.Load()))
            more = self.value(node.value)
            arguments = (before.text, more.text)
            self.store(node.target, self.made(f"PyNumber_InPlace{kind}", *arguments, using=(more,)))
            return
        owner = self.value(node.target.value)
        name = node.target.attr
        like = self.called_so(node.target.value)
        before = self.read(Ref(owner.text), name, like)
        more = self.value(node.value)
        arguments = (before.text, more.text)
        made = self.made(f"PyNumber_InPlace{kind}", *arguments, using=(more, before))
        self.write(owner, name, made, like)

    def store(self, target: ast.expr, ref: Ref) -> None:
        """Give ``target`` a value; takes ``ref`` over."""
        if isinstance(target, ast.Name):
            place = self.locals[target.id]
            register = self.hand_on(self.kept(ref))
            before = self.set(f"load ptr, ptr {place}")
            self.emit(f"store ptr {register}, ptr {place}")
            self.emit(f"call void @hot_drop_any(ptr {before})")
        elif isinstance(target, ast.Attribute):
            like, exact = self.called_so(target.value), self.class_of(target.value)
            self.write(self.value(target.value), target.attr, ref, like, exact)
        elif isinstance(target, ast.Subscript) and not isinstance(target.slice, ast.Slice):
            owner, key = self.value(target.value), self.value(target.slice)
            self.done("PyObject_SetItem", owner.text, key.text, ref.text, using=(key, owner, ref))
        elif isinstance(target, ast.Tuple):
            self._unpack(target, ref)
        else:
            raise self.refuse(target)

    def _unpack(self, target: ast.Tuple, ref: Ref) -> None:
        row = self.made("PySequence_Tuple", ref.text, using=(ref,))
        count = self.call("PyObject_Size", row.text)
        on, wrong = self.name("on"), self.name("wrong")
        fits = self.set(f"icmp eq i64 {count}, {len(target.elts)}")
        self.branch(fits, on, wrong)
        self.open(wrong)
        kind = self.known("builtin", "ValueError")
        self.call("PyErr_SetObject", kind, self.known("literal", repr("values to unpack")))
        self.jump(self.landing())
        self.open(on)
        for place, each in enumerate(target.elts):
            lists, tuples = self.known("builtin", "list"), self.known("builtin", "tuple")
            words = f"ptr {row.text}, i64 {place}, ptr {lists}, ptr {tuples}"
            self.store(each, self.own(self.set(f"call ptr @hot_item({words})")))
        self.release(row)

    def do_return(self, node: ast.Return) -> None:
        ref = Ref(self.known("literal", "None")) if node.value is None else self.value(node.value)
        self._leave(ref)

    def _leave(self, ref: Ref) -> None:
        register = self.hand_on(self.kept(ref))
        for before, error in reversed(self.handling):
            self.restore(before, error)
        self.emit(f"store ptr {register}, ptr {self.result}")
        self.jump("leave")
        self.left = True

    def do_if(self, node: ast.If) -> None:
        yes, no, after = self.name("yes"), self.name("no"), self.name("after")
        self.test(node.test, yes, no)
        exact, reached = dict(self.exact), False
        for label, statements in ((yes, node.body), (no, node.orelse)):
            self.open(label)
            self.left, self.exact = False, dict(exact)
            self.body(statements)
            if not self.left:
                self.jump(after)
                reached = True
        self.exact = exact
        self.forget(node)
        self.left = not reached
        if reached:
            self.open(after)


__all__ = ["Statements"]
