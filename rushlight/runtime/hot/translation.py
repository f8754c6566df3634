"""A whole function as LLVM text."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.errors import Errors
from rushlight.runtime.hot.layouts import CODE_AT, Layouts
from rushlight.runtime.hot.loops import Written
from rushlight.runtime.hot.prelude import prelude
from rushlight.runtime.hot.scope import Scope
from rushlight.runtime.hot.source import Door
from rushlight.runtime.hot.symbols import CALLING, PROTOCOL
from rushlight.runtime.hot.writer import Ref

_WRONG = "wrong number of arguments"


class Translation(Errors):
    """One function."""

    def __init__(
        self, tree: ast.FunctionDef, scope: Scope, layouts: Layouts, door: Door | None = None
    ) -> None:
        super().__init__(tree, scope, layouts)
        self.door = door
        given = tree.args
        if given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
            raise self.refuse(tree, "only plain parameters")
        self.parameters = [each.arg for each in given.args]
        for each in given.args:
            if isinstance(each.annotation, ast.Name):
                self.hints[each.arg] = each.annotation.id
        if self.parameters[:1] == ["self"]:
            self.hints["self"] = scope.owner()
        written = Written()
        for part in tree.body:
            written.visit(part)
        scope.own.update(self.parameters)
        scope.own.update(
            node.id
            for part in tree.body
            for node in ast.walk(part)
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        )
        for name in self.parameters:
            if name in written.names:
                slot = self.locals[name] = self.slot(initial="")
                self.entry.append(f"  store ptr %a.{name}, ptr {slot}")
                self.entry.append(f"  call void @hot_keep(ptr %a.{name})")
            else:
                self.borrowed[name] = f"%a.{name}"
        for name in sorted(written.names - {*self.parameters}):
            self.locals[name] = self.slot()
        self.kept_slots += self.locals.values()

    def text(self) -> tuple[str, list[tuple[str, ...]]]:
        """The whole LLVM text, and what its table must hold."""
        self.body(self.tree.body)
        if not self.left:
            self._leave(Ref(self.known("literal", "None")))
        symbol = f'"{self.scope.name}"'
        given = ", ".join(f"ptr %a.{name}" for name in self.parameters)
        drops = []
        for number, place in enumerate(self.kept_slots):
            drops.append(f"  %z{number} = load ptr, ptr {place}")
            drops.append(f"  call void @hot_drop_late(ptr %z{number})")
        self.called.add("PyErr_SetString")
        wrong = self.place("builtin", "TypeError")
        doors = self._doors(symbol, wrong)
        body = [
            f"define ptr @{symbol}({given}) {{",
            "entry:",
            f"  %arguments = alloca ptr, i64 {max(self.words, 1)}",
            *self.entry,
            "  br label %start",
            "start:",
            *self.lines,
            *self.landings,
            "error:",
            f"  store ptr null, ptr {self.result}",
            "  br label %leave",
            "leave:",
            *drops,
            f"  %result = load ptr, ptr {self.result}",
            "  ret ptr %result",
            "}",
        ]
        entries = list(self.table)  # (the doors add some)
        table = f"@table = internal global [{len(entries)} x ptr] zeroinitializer"
        parts = [
            prelude(self.called),
            table,
            "!1 = !{}",
            *self.helpers.values(),
            *body,
            *doors,
        ]
        return "\n".join(parts) + "\n", entries

    def _doors(self, symbol: str, wrong: int) -> list[str]:
        """How Python comes in (a METH_FASTCALL function), and how the table is filled."""
        count = len(self.parameters)
        lines = [
            f'@message = internal constant [{len(_WRONG) + 1} x i8] c"{_WRONG}\\00"',
            f'define ptr @"{self.scope.name}.call"(ptr %self, ptr %given, i64 %count) {{',
            f"  %fits = icmp eq i64 %count, {count}",
            "  br i1 %fits, label %go, label %wrong",
            "wrong:",
            f"  %kind.at = getelementptr ptr, ptr @table, i64 {wrong}",
            "  %kind = load ptr, ptr %kind.at",
            "  call void @PyErr_SetString(ptr %kind, ptr @message)",
            "  ret ptr null",
            "go:",
        ]
        for place in range(count):
            lines.append(f"  %at{place} = getelementptr ptr, ptr %given, i64 {place}")
            lines.append(f"  %x{place} = load ptr, ptr %at{place}")
        arguments = ", ".join(f"ptr %x{place}" for place in range(count))
        lines += [
            f"  %r = call ptr @{symbol}({arguments})",
            "  ret ptr %r",
            "}",
            f'define ptr @"{self.scope.name}.table"() {{',
            "  ret ptr @table",
            "}",
        ]
        return lines + ([] if self.door is None else self._vector(symbol, self.door))

    def _vector(self, symbol: str, door: Door) -> list[str]:
        """How C comes in (a ``vectorcallfunc``): past the frame that Python would make.

        What has keywords, or too few arguments or too many, goes the usual way. So do all calls
        of a function that has other code for now: it is heard by a profiler, or runs as Python.
        """
        usual, given = self.place(*PROTOCOL), "ptr %f, ptr %given, i64 %flags, ptr %names"
        mine = self.place(*CALLING)
        lines = [
            f'define ptr @"{self.scope.name}.vector"({given}) {{',
            f"  %count = and i64 %flags, {2**63 - 1}",
            "  %plain = icmp eq ptr %names, null",
            f"  %enough = icmp uge i64 %count, {door.least}",
            f"  %few = icmp ule i64 %count, {door.most}",
            "  %both = and i1 %enough, %few",
            "  %right = and i1 %both, %plain",
            f"  %code.at = getelementptr i8, ptr %f, i64 {CODE_AT}",
            "  %code = load ptr, ptr %code.at",
            f"  %mine.at = getelementptr ptr, ptr @table, i64 {mine}",
            "  %mine = load ptr, ptr %mine.at",
            "  %open = icmp eq ptr %code, %mine",
            "  %fits = and i1 %right, %open",
            "  br i1 %fits, label %go, label %usual",
            "usual:",
            f"  %usual.at = getelementptr ptr, ptr @table, i64 {usual}",
            "  %usual.way = load ptr, ptr %usual.at",
            f"  %done = call ptr %usual.way({given})",
            "  ret ptr %done",
            "go:",
        ]
        for place in door.places:
            at = f"%at{place}"
            lines.append(f"  {at} = getelementptr ptr, ptr %given, i64 {place}")
            if place >= door.least:
                default = self.place("own default", str(place - door.least))
                lines += [
                    f"  %else{place} = getelementptr ptr, ptr @table, i64 {default}",
                    f"  %has{place} = icmp ugt i64 %count, {place}",
                    f"  %from{place} = select i1 %has{place}, ptr {at}, ptr %else{place}",
                ]
                at = f"%from{place}"
            lines.append(f"  %x{place} = load ptr, ptr {at}")
        arguments = ", ".join(f"ptr %x{place}" for place in door.places)
        return [*lines, f"  %r = call ptr @{symbol}({arguments})", "  ret ptr %r", "}"]


__all__ = ["Translation"]
