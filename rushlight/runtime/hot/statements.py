"""Python's statements as LLVM text."""

from __future__ import annotations

import ast
from typing import Any

from rushlight.runtime.hot.expressions import Expressions
from rushlight.runtime.hot.layouts import Layouts
from rushlight.runtime.hot.prelude import prelude
from rushlight.runtime.hot.scope import Scope
from rushlight.runtime.hot.writer import Ref

_AUGMENTED: dict[type, str] = {
    ast.Add: "Add", ast.Sub: "Subtract", ast.BitOr: "Or", ast.BitAnd: "And",
    ast.LShift: "Lshift", ast.RShift: "Rshift",
}  # fmt: skip


_WRONG = "wrong number of arguments"


class _Written(ast.NodeVisitor):
    """The names a function gives values to; comprehensions have variables of their own."""

    def __init__(self) -> None:
        self.names: set[str] = set()

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Store):
            self.names.add(node.id)

    def _skip(self, node: ast.AST) -> None:
        """Its variables are its own."""

    visit_ListComp = visit_SetComp = _skip

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name is not None:
            self.names.add(node.name)
        self.generic_visit(node)


class Translation(Expressions):
    """One function."""

    def __init__(self, tree: ast.FunctionDef, scope: Scope, layouts: Layouts) -> None:
        super().__init__(scope, layouts)
        self.tree = tree
        given = tree.args
        if given.kwonlyargs or given.vararg or given.kwarg or given.posonlyargs:
            raise self.refuse(tree, "only plain parameters")
        self.parameters = [each.arg for each in given.args]
        for each in given.args:
            if isinstance(each.annotation, ast.Name):
                self.hints[each.arg] = each.annotation.id
        if self.parameters[:1] == ["self"]:
            self.hints["self"] = scope.owner()
        written = _Written()
        for part in tree.body:
            written.visit(part)
        for name in self.parameters:
            if name in written.names:
                slot = self.locals[name] = self.slot(initial="")
                self.entry.append(f"  store ptr %a.{name}, ptr {slot}")
                self.entry.append(f"  call void @hot_keep(ptr %a.{name})")
            else:
                self.borrowed[name] = f"%a.{name}"
        for name in sorted(written.names - {*self.parameters}):
            self.locals[name] = self.slot()
        self.result = self.slot()
        self.kept_slots = [*self.locals.values()]
        self.loops: list[tuple[str, str]] = []  # labels of the innermost: next, after
        self.handling: list[tuple[str, str]] = []  # slots: what was handled before, the error
        self.left = False  # whether what follows is never reached

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
        wrong = self.table.setdefault(("builtin", "TypeError"), len(self.table))
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
        table = f"@table = internal global [{max(len(entries), 1)} x ptr] zeroinitializer"
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

    # Statements

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

    def write(
        self, owner: Ref, name: str, ref: Ref, like: str = "", exact: type | None = None
    ) -> None:
        """``owner.name = ref``; takes both over."""
        kept = self.kept(ref)
        places = self.layouts.places(name, like, exact)
        if not places:
            text = self.known("literal", repr(name))
            self.done("PyObject_SetAttr", owner.text, text, kept.text, using=(kept, owner))
            return
        which, offset = places[0]
        after, slow = self.name("written"), self.name("slow")
        if exact is None:
            self._expect(owner, which, slow)
        at = self.set(f"getelementptr i8, ptr {owner.text}, i64 {offset}")
        before = self.set(f"load ptr, ptr {at}")
        self.emit(f"store ptr {kept.text}, ptr {at}")
        self.emit(f"call void @hot_drop_any(ptr {before})")
        self.jump(after)
        self.owned.remove(kept.text)
        if exact is None:
            self.open(slow)
            words = f"ptr {owner.text}, ptr {kept.text}"
            done = self.set(f"call i32 @{self.writer(name)}({words})")
            self.must(self.set(f"icmp slt i32 {done}, 0"))
            self.jump(after)
        self.open(after)
        self.release(owner)

    def do_return(self, node: ast.Return) -> None:
        ref = Ref(self.known("literal", "None")) if node.value is None else self.value(node.value)
        self._leave(ref)

    def _leave(self, ref: Ref) -> None:
        register = self.hand_on(self.kept(ref))
        for before, error in reversed(self.handling):
            self._restore(before, error)
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
        self._forget(node)
        self.left = not reached
        if reached:
            self.open(after)

    # Loops

    def each(self, target: ast.expr, source: ast.expr, body: Any) -> None:
        # The variables of a comprehension are its own, and are gone after it.
        names = _Written()
        names.visit(target)
        known, borrowed, exact = dict(self.locals), dict(self.borrowed), dict(self.exact)
        for name in names.names:
            self.borrowed.pop(name, None)
            self.exact.pop(name, None)
            self.locals[name] = self.hidden()

        def run() -> bool:
            body()
            return True

        self._over(target, source, run, self.name("after"), self.name("next"))
        for name in names.names:
            self._clear(self.locals[name])
        self.locals, self.borrowed, self.exact = known, borrowed, exact

    def hidden(self) -> str:
        """The slot of something that has no name, given back when the function is left."""
        slot = self.slot()
        self.kept_slots.append(slot)
        return slot

    def _clear(self, slot: str) -> None:
        held = self.set(f"load ptr, ptr {slot}")
        self.emit(f"store ptr null, ptr {slot}")
        self.emit(f"call void @hot_drop_any(ptr {held})")

    def _forget(self, node: ast.AST) -> None:
        """Variables written to in ``node`` may be of any class from here on."""
        names = _Written()
        names.visit(node)
        for name in names.names:
            self.exact.pop(name, None)

    def do_for(self, node: ast.For) -> None:
        if node.orelse:
            raise self.refuse(node, "for ... else")
        after, following = self.name("after"), self.name("next")
        self._forget(node)
        exact = dict(self.exact)

        def body() -> bool:
            self.loops.append((following, after))
            self.body(node.body)
            self.loops.pop()
            reached, self.left = not self.left, False
            return reached

        self._over(node.target, node.iter, body, after, following)
        self.exact = exact

    def do_while(self, node: ast.While) -> None:
        if node.orelse:
            raise self.refuse(node, "while ... else")
        after, following, go = self.name("after"), self.name("next"), self.name("go")
        self._forget(node)
        exact = dict(self.exact)
        self.jump(following)
        self.open(following)
        self.test(node.test, go, after)
        self.open(go)
        self.loops.append((following, after))
        self.body(node.body)
        self.loops.pop()
        if not self.left:
            self.jump(following)
        self.left = False
        self.open(after)
        self.exact = exact

    def do_break(self, node: ast.Break) -> None:
        self.jump(self.loops[-1][1])
        self.left = True

    def do_continue(self, node: ast.Continue) -> None:
        self.jump(self.loops[-1][0])
        self.left = True

    def _over(
        self, target: ast.expr, source: ast.expr, body: Any, after: str, following: str
    ) -> None:
        """``for target in source``; of a ``zip`` each part is gone through by itself."""
        targets, sources = [target], [source]
        if isinstance(source, ast.Call) and self.scope.value(source.func) is zip:
            if source.keywords or not isinstance(target, ast.Tuple):
                raise self.refuse(source, "zip with a keyword, or its tuples whole")
            targets, sources = target.elts, source.args
        lists, tuples = self.known("builtin", "list"), self.known("builtin", "tuple")
        ways = []
        for each in sources:
            slot, place = self.hidden(), self.slot("i64", "0")
            ref = self.value(each)
            made = self.set(f"call ptr @hot_iter(ptr {ref.text}, ptr {lists}, ptr {tuples})")
            self.release(ref)
            self.must(self.set(f"icmp eq ptr {made}, null"))
            self.emit(f"store ptr {made}, ptr {slot}")
            self.emit(f"store i64 0, ptr {place}")
            ways.append((slot, place))
        end = self.name("end")
        self.jump(following)
        self.open(following)
        items: list[Ref] = []
        for slot, place in ways:
            held = self.set(f"load ptr, ptr {slot}")
            words = f"ptr {held}, ptr {place}, ptr {lists}, ptr {tuples}"
            item = self.set(f"call ptr @hot_next({words})")
            over, on = self.name("over"), self.name("on")
            self.branch(self.set(f"icmp eq ptr {item}, null"), over, on)
            self.open(over)
            for each_item in items:
                self.emit(f"call void @hot_drop(ptr {each_item.text})")
            self.jump(end)
            self.open(on)
            items.append(self.own(item))
        for one, item_ in zip(targets, items, strict=True):
            self.store(one, item_)
        if body():
            self.jump(following)
        self.open(end)
        error = self.call("PyErr_Occurred")
        self.must(self.set(f"icmp ne ptr {error}, null"))
        self.jump(after)
        self.open(after)
        for slot, _ in ways:
            self._clear(slot)

    # Errors

    def do_try(self, node: ast.Try) -> None:
        if node.finalbody or node.orelse:
            raise self.refuse(node, "finally or else")
        outer, catch, after = self.handler, self.name("catch"), self.name("after")
        self._forget(node)
        exact = dict(self.exact)
        self.handler = catch
        self.body(node.body)
        reached = not self.left
        if reached:
            self.jump(after)
        self.handler = outer
        self.open(catch)
        for handler in node.handlers:
            self.exact = dict(exact)
            self.left = False
            other = self._matches(handler)
            if self._handle(handler):
                self.jump(after)
                reached = True
            self.open(other)
        self.jump(outer)
        self.exact, self.left = exact, not reached
        if reached:
            self.open(after)

    def do_with(self, node: ast.With) -> None:
        (item,) = node.items
        leaves = (ast.Return, ast.Break, ast.Continue)
        if any(isinstance(each, leaves) for part in node.body for each in ast.walk(part)):
            raise self.refuse(node, "leaving a with")
        manager, outer = self.hidden(), self.handler
        made = self.value(item.context_expr)
        self.emit(f"store ptr {self.hand_on(self.kept(made))}, ptr {manager}")
        entered = self._of_manager(manager, "__enter__", [])
        if item.optional_vars is None:
            self.release(entered)
        else:
            self.store(item.optional_vars, entered)
        catch, after = self.name("catch"), self.name("after")
        self._forget(node)
        exact = dict(self.exact)
        self.handler = catch
        self.body(node.body)
        self.handler = outer
        reached = not self.left
        none = ast.Constant(None)
        if reached:
            self.release(self._of_manager(manager, "__exit__", [self.value(none)] * 3))
            self.jump(after)
        self.open(catch)
        self.left, self.exact = False, exact
        error, before, trace = self._caught()
        held = self.set(f"load ptr, ptr {error}")
        kind = Ref(self.set(f"call ptr @hot_type(ptr {held})"))
        back = self.set(f"load ptr, ptr {trace}")
        missing = self.set(f"icmp eq ptr {back}, null")
        none_at = self.known("literal", "None")
        shown = Ref(self.set(f"select i1 {missing}, ptr {none_at}, ptr {back}"))
        undo, again, over = self.name("undo"), self.name("again"), self.name("over")
        self.handler = undo
        answer = self._of_manager(manager, "__exit__", [kind, Ref(held), shown])
        true = self.truth(answer)
        self.release(answer)
        self.branch(true, over, again)
        self.open(again)
        self.call("PyErr_SetObject", kind.text, held)
        self.jump(undo)
        self.handler = outer
        for label, onward in ((undo, outer), (over, after)):
            self.open(label)
            self._clear(trace)
            self._restore(before, error)
            self.jump(onward)
        self.open(after)
        self._clear(manager)

    def _of_manager(self, manager: str, name: str, given: list[Ref]) -> Ref:
        held = Ref(self.set(f"load ptr, ptr {manager}"))
        called = Ref(self.known("literal", repr(name)))
        return self._vector("PyObject_VectorcallMethod", called, [held, *given])

    def _matches(self, handler: ast.ExceptHandler) -> str:
        """Go on where the error is one that ``handler`` takes; the label where it is not."""
        other, found = self.name("other"), self.name("found")
        kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
        for kind in kinds:
            if kind is None:
                break
            ref, on = self.value(kind), self.name("on")
            fits = self.call("PyErr_ExceptionMatches", ref.text)
            self.branch(self.set(f"icmp ne i32 {fits}, 0"), found, on)
            self.open(on)
        else:
            self.jump(other)
            self.open(found)
        return other

    def _handle(self, handler: ast.ExceptHandler) -> bool:
        """The body of a handler; whether its end is reached."""
        outer, undo = self.handler, self.name("undo")
        error, before, trace = self._caught()
        self._clear(trace)
        held = self.set(f"load ptr, ptr {error}")
        if handler.name is not None:
            self.store(ast.Name(handler.name, ast.Store()), Ref(held))
        self.handler = undo
        self.handling.append((before, error))
        self.body(handler.body)
        self.handling.pop()
        self.handler = outer
        reached = not self.left
        done = self.name("done")
        if reached:
            self._restore(before, error)
            if handler.name is not None:
                self._clear(self.locals[handler.name])
            self.jump(done)
        self.open(undo)
        self._restore(before, error)
        self.jump(outer)
        if reached:
            self.open(done)
        return reached

    def _caught(self) -> tuple[str, str, str]:
        """The error that was set is being handled: slots of it, of what was before, its trace."""
        kind, error, trace, before = self.hidden(), self.hidden(), self.hidden(), self.hidden()
        self.call("PyErr_Fetch", kind, error, trace)
        self.call("PyErr_NormalizeException", kind, error, trace)
        held, back = self.set(f"load ptr, ptr {error}"), self.set(f"load ptr, ptr {trace}")
        some, on = self.name("some"), self.name("on")
        self.branch(self.set(f"icmp eq ptr {back}, null"), on, some)
        self.open(some)
        self.call("PyException_SetTraceback", held, back)
        self.jump(on)
        self.open(on)
        self._clear(kind)
        earlier = self.call("PyErr_GetHandledException")
        self.emit(f"store ptr {earlier}, ptr {before}")
        self.call("PyErr_SetHandledException", held)
        return error, before, trace

    def _restore(self, before: str, error: str) -> None:
        """What was handled before this error is again."""
        self.call("PyErr_SetHandledException", self.set(f"load ptr, ptr {before}"))
        self._clear(before)
        self._clear(error)

    def do_raise(self, node: ast.Raise) -> None:
        if node.exc is not None:
            if isinstance(node.exc, ast.Name):
                self.call("PyErr_SetNone", self.value(node.exc).text)
            else:
                error = self.value(node.exc)
                if node.cause is not None:
                    cause = self.hand_on(self.kept(self.value(node.cause)))
                    self.call("PyException_SetCause", error.text, cause)
                kind = self.set(f"call ptr @hot_type(ptr {error.text})")
                self.call("PyErr_SetObject", kind, error.text)
                self.release(error)
            self.jump(self.landing())
            self.left = True
            return
        if node.exc is not None or not self.handling:
            raise self.refuse(node, "only an error or nothing")
        held = self.set(f"load ptr, ptr {self.handling[-1][1]}")
        self.call("PyErr_SetObject", self.set(f"call ptr @hot_type(ptr {held})"), held)
        self.jump(self.landing())
        self.left = True
