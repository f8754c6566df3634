"""``try``, ``with`` and ``raise`` as LLVM text."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.loops import Loops
from rushlight.runtime.hot.writer import Ref


class Errors(Loops):
    """Catches and raises."""

    def do_try(self, node: ast.Try) -> None:
        if node.finalbody or node.orelse:
            raise self.refuse(node, "finally or else")
        outer, catch, after = self.handler, self.name("catch"), self.name("after")
        self.forget(node)
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
        self.forget(node)
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
            self.clear(trace)
            self.restore(before, error)
            self.jump(onward)
        self.open(after)
        self.clear(manager)

    def _of_manager(self, manager: str, name: str, given: list[Ref]) -> Ref:
        return self.by_name(Ref(self.set(f"load ptr, ptr {manager}")), name, given)

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
        self.clear(trace)
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
            self.restore(before, error)
            if handler.name is not None:
                self.clear(self.locals[handler.name])
            self.jump(done)
        self.open(undo)
        self.restore(before, error)
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
        self.clear(kind)
        earlier = self.call("PyErr_GetHandledException")
        self.emit(f"store ptr {earlier}, ptr {before}")
        self.call("PyErr_SetHandledException", held)
        return error, before, trace

    def restore(self, before: str, error: str) -> None:
        """What was handled before this error is again."""
        self.call("PyErr_SetHandledException", self.set(f"load ptr, ptr {before}"))
        self.clear(before)
        self.clear(error)

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
        if not self.handling:
            raise self.refuse(node, "only an error or nothing")
        held = self.set(f"load ptr, ptr {self.handling[-1][1]}")
        self.call("PyErr_SetObject", self.set(f"call ptr @hot_type(ptr {held})"), held)
        self.jump(self.landing())
        self.left = True


__all__ = ["Errors"]
