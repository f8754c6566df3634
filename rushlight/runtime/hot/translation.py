"""A whole function as LLVM text."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.errors import Errors
from rushlight.runtime.hot.layouts import Layouts
from rushlight.runtime.hot.loops import Written
from rushlight.runtime.hot.prelude import prelude
from rushlight.runtime.hot.scope import Scope
from rushlight.runtime.hot.writer import Ref

_WRONG = "wrong number of arguments"


class Translation(Errors):
    """One function."""

    def __init__(self, tree: ast.FunctionDef, scope: Scope, layouts: Layouts) -> None:
        super().__init__(tree, scope, layouts)
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
        entries = list(self.table)
        table = f"@table = internal global [{len(entries)} x ptr] zeroinitializer"
        parts = [
            prelude(self.called),
            table,
            "!1 = !{}",
            *self.helpers.values(),
            *body,
            *self._doors(symbol, wrong),
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
        return lines


__all__ = ["Translation"]
