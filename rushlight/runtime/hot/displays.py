"""Tuples, lists, dicts, comprehensions and texts as LLVM text."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.names import Names
from rushlight.runtime.hot.prelude import END, LIST_ITEMS, TUPLE_ITEMS
from rushlight.runtime.hot.writer import Ref


class Displays(Names):
    """Makes containers."""

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
                arguments = (made.text, END, END, more.text)
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
        if len(node.generators) != 1:
            raise self.refuse(node, "loops in a comprehension")
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


__all__ = ["Displays"]
