"""Names, attributes and elements as LLVM text: ``trace.step.children[key]``."""

from __future__ import annotations

import ast

from rushlight.runtime.hot.part import Part
from rushlight.runtime.hot.prelude import END
from rushlight.runtime.hot.writer import Ref

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


class Names(Part):
    """Reads and writes what has a name or a place."""

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
            said = f"cannot access local variable '{name}' where it is not associated with a value"
            self.call("PyErr_SetObject", kind, self.known("literal", repr(said)))
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
        kind, said = self.known("builtin", "NameError"), f"name '{name}' is not defined"
        self.call("PyErr_SetObject", kind, self.known("literal", repr(said)))
        self.jump(self.landing())
        self.open(on)
        self.emit(f"call void @hot_keep(ptr {found})")
        return self.own(found)

    def _of_module(self, module: str, name: str) -> Ref:
        """An attribute of a module, which may make it when first asked (PEP 562)."""
        space, text = self.known("namespace", module), self.known("literal", repr(name))
        there = self.call("PyDict_GetItemWithError", space, text)
        bound, lost = self.name("bound"), self.name("lost")
        self.branch(self.set(f"icmp eq ptr {there}, null"), lost, bound, likely=True)

        def looked_up() -> Ref:
            return self.made("PyObject_GetAttr", self.known("global", module), text)

        return self.either((bound, lambda: Ref(there)), (lost, looked_up))

    def on_attribute(self, node: ast.Attribute) -> Ref:
        module = self.scope.module(node.value)
        if module is not None and node.attr in vars(module):
            name = node.value.id  # type: ignore[attr-defined]
            return self._of_module(name, node.attr)
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
            ends = [each for each in (index.lower, index.upper) if each is not None]
            if not all(self.is_number(each) for each in ends):
                none = ast.Constant(None)
                first, last = self.value(index.lower or none), self.value(index.upper or none)
                words = (first.text, last.text, self.known("literal", "None"))
                part = self.made("PySlice_New", *words, using=(last, first))
                return self.made("PyObject_GetItem", owner.text, part.text, using=(part, owner))
            low = self.number(index.lower) if index.lower else "0"
            high = self.number(index.upper) if index.upper else END
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
        end = self.block
        self.jump(after)
        self.open(after)
        made = self.own(self.set(f"phi ptr [ {item}, %{fast} ], [ {looked.text}, %{end} ]"))
        self.release(owner)
        return made

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


__all__ = ["Names"]
