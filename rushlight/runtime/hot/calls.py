"""Calls as LLVM text."""

from __future__ import annotations

import ast
from typing import Any

from rushlight.runtime.hot.conditions import Conditions
from rushlight.runtime.hot.prelude import END
from rushlight.runtime.hot.writer import Ref
from rushlight.runtime.native import call_at


class Calls(Conditions):
    """Calls functions, methods and classes."""

    def on_call(self, node: ast.Call) -> Ref:
        function = node.func
        starred = any(isinstance(each, ast.Starred) for each in node.args)
        whole = [each.arg for each in node.keywords] == [None]  # **named
        if whole or (starred and not node.keywords):
            called, given = self.value(function), self.on_tuple(ast.Tuple(node.args))
            named = self.value(node.keywords[0].value) if whole else Ref("null")
            arguments = (called.text, given.text, named.text)
            return self.made("PyObject_Call", *arguments, using=(named, given, called))
        if node.keywords:
            return self._with_keywords(node)
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
        simple = self._simple(node)
        if simple is not None:
            return simple
        called = self.value(function)
        return self.vector("PyObject_Vectorcall", called, [self.value(each) for each in node.args])

    def _simple(self, node: ast.Call) -> Ref | None:
        """``type(x)``, ``id(x)`` and ``isinstance``, and calls of machine code."""
        which = self.scope.value(node.func)
        if which is call_at:
            return self._at_address(node.args)
        if which is isinstance:
            return self._is_instance(*node.args)
        if len(node.args) != 1 or (which is not type and which is not id):
            return None
        ref = self.value(node.args[0])
        if which is id:
            return self.made("PyLong_FromVoidPtr", ref.text, using=(ref,))
        kind = self.set(f"call ptr @hot_type(ptr {ref.text})")
        self.emit(f"call void @hot_keep(ptr {kind})")
        self.release(ref)
        return self.own(kind)

    def _is_instance(self, thing: ast.expr, kinds: ast.expr) -> Ref:
        ref, asked = self.value(thing), self.value(kinds)
        found = self.done("PyObject_IsInstance", ref.text, asked.text, using=(asked, ref))
        true, false = self.known("literal", "True"), self.known("literal", "False")
        yes = self.set(f"icmp ne i32 {found}, 0")
        return Ref(self.set(f"select i1 {yes}, ptr {true}, ptr {false}"))

    def _at_address(self, nodes: list[ast.expr]) -> Ref:
        """``call_at``: two words for the function at an address, which does not hold the GIL."""
        words = []
        for node in nodes:
            ref = self.value(node)
            word = self.call("PyLong_AsSsize_t", ref.text)
            self.release(ref)
            wrong = self.set(f"icmp eq i64 {word}, -1")
            error, on = self.name("error"), self.name("on")
            self.branch(wrong, error, on, likely=True)
            self.open(error)
            self.must(self.set(f"icmp ne ptr {self.call('PyErr_Occurred')}, null"))
            self.jump(on)
            self.open(on)
            words.append(word)
        function = self.set(f"inttoptr i64 {words[0]} to ptr")
        state = self.call("PyEval_SaveThread")
        code = self.set(f"call i64 {function}(i64 {words[1]}, i64 {words[2]})")
        self.call("PyEval_RestoreThread", state)
        return self.made("PyLong_FromSsize_t", code)

    def _with_keywords(self, node: ast.Call) -> Ref:
        names = [each.arg for each in node.keywords]
        if None in names or any(isinstance(each, ast.Starred) for each in node.args):
            raise self.refuse(node, "stars and keywords")
        called = self.value(node.func)
        given = [self.value(each) for each in node.args]
        given += [self.value(each.value) for each in node.keywords]
        row = self.known("literal", repr(tuple(names)))
        return self.vector("PyObject_Vectorcall", called, given, row, len(names))

    def direct(self, callee: tuple[str, list[Any]], nodes: list[ast.expr], *first: Ref) -> Ref:
        """A call of another translated function."""
        name, defaults = callee
        given = [*first, *[self.value(each) for each in nodes]]
        if len(given) > len(defaults) or not all(defaults[len(given) :]):
            raise self.refuse(nodes[0] if nodes else self.tree, f"arguments of {name}")
        given += [Ref(self.known(*each)) for each in defaults[len(given) :]]
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
            return self.vector("PyObject_Vectorcall", Ref(self.known("new")), [kind])
        return self.made("PyType_GenericAlloc", kind.text, "0")

    def _method(self, function: ast.Attribute, nodes: list[ast.expr]) -> Ref:
        owner = self.value(function.value)
        if function.attr in ("get", "append", "extend", "clear"):
            return self._of_builtin(function.attr, owner, nodes)
        callee = self.scope.method(function.attr, len(nodes) + 1)
        if callee is None and self.layouts.places(function.attr):  # a function in a slot
            called = self.read(owner, function.attr, self.called_so(function.value))
            given = [self.value(each) for each in nodes]
            return self.vector("PyObject_Vectorcall", called, given)
        if callee is None:
            return self.by_name(owner, function.attr, [self.value(each) for each in nodes])
        which, name, defaults = callee
        fits, other = self.name("fits"), self.name("other")
        kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
        same = self.set(f"icmp eq ptr {kind}, {self.known('class', which)}")
        self.branch(same, fits, other)

        def looked_up() -> Ref:
            return self.by_name(owner, function.attr, [self.value(each) for each in nodes])

        return self.either(
            (fits, lambda: self.direct((name, defaults), nodes, owner)), (other, looked_up)
        )

    def _of_builtin(self, name: str, owner: Ref, nodes: list[ast.expr]) -> Ref:
        """A method of a list or dict, at once; of anything else by its name."""
        given = [self.value(each) for each in nodes]
        kind = self.set(f"call ptr @hot_type(ptr {owner.text})")
        wanted = self.known("builtin", "dict" if name == "get" else "list")
        fits, other = self.name("fits"), self.name("other")
        self.branch(self.set(f"icmp eq ptr {kind}, {wanted}"), fits, other)

        def at_once() -> Ref:
            made = self._got(owner, given) if name == "get" else self._changed(name, owner, given)
            for each in (*given, owner):
                self.release(each)
            return made

        return self.either((fits, at_once), (other, lambda: self.by_name(owner, name, given)))

    def _got(self, owner: Ref, given: list[Ref]) -> Ref:
        """``get`` of a dict."""
        found = self.call("PyDict_GetItemWithError", owner.text, given[0].text)
        absent = self.set(f"icmp eq ptr {found}, null")
        otherwise = given[1].text if len(given) > 1 else self.known("literal", "None")
        made = self.kept(Ref(self.set(f"select i1 {absent}, ptr {otherwise}, ptr {found}")))
        lost, on = self.name("lost"), self.name("on")
        self.branch(absent, lost, on)
        self.open(lost)
        self.must(self.set(f"icmp ne ptr {self.call('PyErr_Occurred')}, null"))
        self.jump(on)
        self.open(on)
        return made

    def _changed(self, name: str, owner: Ref, given: list[Ref]) -> Ref:
        """``append``, ``extend`` or ``clear`` of a list: None."""
        if name == "append":
            self.done("PyList_Append", owner.text, given[0].text)
        else:
            low, more = ("0", "null") if name == "clear" else (END, given[0].text)
            self.done("PyList_SetSlice", owner.text, low, END, more)
        return Ref(self.known("literal", "None"))


__all__ = ["Calls"]
