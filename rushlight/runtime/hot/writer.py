"""LLVM text of one function, block by block, and who owns which reference.

A value in the text is the address of an object. One that is *owned* holds a reference of the
function's own, given back exactly once: ``release`` it, or hand it on. Where a call fails, the
text goes to a landing block, which gives back what is owned at that point and goes on to whoever
handles the error.
"""

from __future__ import annotations

from dataclasses import dataclass

from rushlight.runtime.hot.prelude import API
from rushlight.runtime.hot.symbols import Entry


@dataclass(frozen=True)
class Ref:
    """An object at hand: its register, and whether a reference to it is ours."""

    text: str
    owned: bool = False


class Writer:
    """The text so far."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.entry: list[str] = []  # of the first block: memory of the function
        self.landings: list[str] = []
        self.known_landings: dict[tuple[str, ...], str] = {}
        self.owned: list[str] = []
        self.handler = "error"  # where errors go after landing
        self.block = "start"
        self.called: set[str] = set()
        self.table: dict[Entry, int] = {}
        self.helpers: dict[str, str] = {}
        self._count = 0

    def name(self, stem: str = "v") -> str:
        """A name not used before."""
        self._count += 1
        return f"{stem}{self._count}"

    def emit(self, line: str) -> None:
        self.lines.append("  " + line)

    def set(self, line: str) -> str:
        """A new register with what ``line`` gives."""
        register = "%" + self.name()
        self.emit(f"{register} = {line}")
        return register

    def open(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        self.emit(f"br label %{label}")

    def branch(self, condition: str, yes: str, no: str, *, likely: bool = False) -> None:
        """``likely``: it is nearly always ``no``."""
        weights = ", !prof !0" if likely else ""
        self.emit(f"br i1 {condition}, label %{yes}, label %{no}{weights}")

    def slot(self, kind: str = "ptr", initial: str = "null") -> str:
        """Memory of this call of the function."""
        place = "%" + self.name("m")
        self.entry.append(f"  {place} = alloca {kind}")
        if initial:
            self.entry.append(f"  store {kind} {initial}, ptr {place}")
        return place

    # References

    def own(self, register: str) -> Ref:
        """``register`` holds a reference that is ours."""
        self.owned.append(register)
        return Ref(register, True)

    def hand_on(self, ref: Ref) -> str:
        """The register of an owned reference that somebody else takes over."""
        kept = self.kept(ref)
        self.owned.remove(kept.text)
        return kept.text

    def kept(self, ref: Ref) -> Ref:
        """``ref``, owned."""
        if ref.owned:
            return ref
        self.emit(f"call void @hot_keep(ptr {ref.text})")
        return self.own(ref.text) if ref.text not in self.owned else self._again(ref.text)

    def _again(self, register: str) -> Ref:
        return self.own(self.set(f"getelementptr i8, ptr {register}, i64 0"))

    def release(self, ref: Ref) -> None:
        """Give it back, if it is ours."""
        if ref.owned:
            self.owned.remove(ref.text)
            self.emit(f"call void @hot_drop(ptr {ref.text})")

    # Errors

    def landing(self) -> str:
        """The label to go to where something failed."""
        if not self.owned:
            return self.handler
        key = (*self.owned, self.handler)
        label = self.known_landings.get(key)
        if label is None:
            label = self.known_landings[key] = self.name("fail")
            self.landings.append(f"{label}:")
            self.landings += [f"  call void @hot_drop_late(ptr {each})" for each in self.owned]
            self.landings.append(f"  br label %{self.handler}")
        return label

    def must(self, condition: str) -> None:
        """Land if ``condition`` holds."""
        on = self.name("on")
        self.branch(condition, self.landing(), on, likely=True)
        self.open(on)

    def call(self, function: str, *arguments: str) -> str:
        """A call of one of CPython's functions, its result unchecked."""
        self.called.add(function)
        result, kinds = API[function]
        given = ", ".join(f"{k} {a}" for k, a in zip(kinds.split(", "), arguments, strict=False))
        text = f"call {result} @{function}({given})"
        if result == "void":
            self.emit(text)
            return ""
        return self.set(text)

    def made(self, function: str, *arguments: str, using: tuple[Ref, ...] = ()) -> Ref:
        """The object that a call makes, checked; ``using`` is given back after it."""
        register = self.call(function, *arguments)
        for each in using:
            self.release(each)
        self.must(self.set(f"icmp eq ptr {register}, null"))
        return self.own(register)

    def done(self, function: str, *arguments: str, using: tuple[Ref, ...] = ()) -> str:
        """The number that a call gives, -1 being an error, checked."""
        register = self.call(function, *arguments)
        for each in using:
            self.release(each)
        kind = API[function][0]
        self.must(self.set(f"icmp slt {kind} {register}, 0"))
        return register

    # What the function refers to

    def place(self, *entry: str) -> int:
        """Where in the table its address is."""
        return self.table.setdefault(entry, len(self.table))

    def helper(self, name: str, parameters: str, body: str, result: str = "ptr") -> str:
        """The name of a function of this text, written once."""
        head = f"define internal {result} @{name}({parameters}) noinline {{"
        self.helpers[name] = "\n".join((head, "start:", body, "}"))
        return name

    def known(self, *entry: str) -> str:
        """The address of something that lives as long as the process: see ``link.py``."""
        place = self.set(f"getelementptr ptr, ptr @table, i64 {self.place(*entry)}")
        return self.set(f"load ptr, ptr {place}, !invariant.load !1")
