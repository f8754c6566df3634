"""Writing LLVM text: a function body with loops, branches and arithmetic as Python calls.

Values are the names LLVM knows them by (``%7``-like strings) or literals (``"3"``). Text rather
than llvmlite's builder because it is some twenty times faster to make.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rushlight.compiler.launch import Kernel
from rushlight.runtime.digest import digest

Change = Callable[[list[str]], list[str]]

# Loops are vectorised and unrolled here, by hand; LLVM doing it again costs compile time only.
_AS_WRITTEN = """
!0 = distinct !{!0, !1, !2}
!1 = !{!"llvm.loop.unroll.disable"}
!2 = !{!"llvm.loop.vectorize.enable", i1 false}
"""
_PAST_CACHES = """!3 = !{i32 1}
declare void @llvm.x86.sse.sfence()
"""


class Body:
    """The text of one function, written front to back."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.block = "entry"
        self._names = 0

    def name(self, stem: str = "v") -> str:
        self._names += 1
        return f"{stem}{self._names}"

    def line(self, text: str) -> None:
        self.lines.append("  " + text)

    def op(self, text: str) -> str:
        """A new value: ``%v = text``."""
        value = "%" + self.name()
        self.lines.append(f"  {value} = {text}")
        return value

    def label(self, label: str) -> None:
        self.lines.append(f"{label}:")
        self.block = label

    def jump(self, label: str) -> None:
        self.line(f"br label %{label}")

    # Whole numbers (i64), folded when both sides are literals.

    def add(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(int(left) + int(right))
        if left == "0":
            return right
        return left if right == "0" else self.op(f"add i64 {left}, {right}")

    def sub(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(int(left) - int(right))
        return left if right == "0" else self.op(f"sub i64 {left}, {right}")

    def mul(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(int(left) * int(right))
        if "0" in (left, right):
            return "0"
        if left == "1":
            return right
        return left if right == "1" else self.op(f"mul i64 {left}, {right}")

    def div(self, left: str, right: str) -> str:
        """Quotient of numbers that are not negative."""
        if _literal(left) and _literal(right):
            return str(int(left) // int(right))
        return left if right == "1" else self.op(f"udiv i64 {left}, {right}")

    def rem(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(int(left) % int(right))
        return "0" if right == "1" else self.op(f"urem i64 {left}, {right}")

    def split(self, number: str, by: str) -> tuple[str, str]:
        """Quotient and remainder, without a division where ``by`` is 1, as it mostly is."""

        def divided(_: list[str]) -> list[str]:
            return [self.div(number, by), self.rem(number, by)]

        many = self.op(f"icmp ne i64 {by}, 1")
        quotient, rest = self.maybe(many, "i64", [number, "0"], divided)
        return quotient, rest

    def min(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(min(int(left), int(right)))
        return self.op(f"call i64 @llvm.smin.i64(i64 {left}, i64 {right})")

    def max(self, left: str, right: str) -> str:
        if _literal(left) and _literal(right):
            return str(max(int(left), int(right)))
        return self.op(f"call i64 @llvm.smax.i64(i64 {left}, i64 {right})")

    def ceil_div(self, left: str, right: str) -> str:
        return self.div(self.add(left, self.sub(right, "1")), right)

    def less(self, left: str, right: str) -> str:
        return self.op(f"icmp slt i64 {left}, {right}")

    def equal(self, left: str, right: str) -> str:
        return self.op(f"icmp eq i64 {left}, {right}")

    def select(self, condition: str, left: str, right: str, kind: str = "i64") -> str:
        return self.op(f"select i1 {condition}, {kind} {left}, {kind} {right}")

    # Memory.

    def at(self, base: str, offset: str) -> str:
        """The address ``offset`` bytes past ``base``."""
        return base if offset == "0" else self.op(f"getelementptr i8, ptr {base}, i64 {offset}")

    def load(self, kind: str, address: str, align: int = 0) -> str:
        tail = f", align {align}" if align else ""
        return self.op(f"load {kind}, ptr {address}{tail}")

    def store(self, kind: str, value: str, address: str, align: int = 0) -> None:
        tail = f", align {align}" if align else ""
        self.line(f"store {kind} {value}, ptr {address}{tail}")

    def store_past_caches(self, kind: str, value: str, address: str, align: int) -> None:
        self.line(f"store {kind} {value}, ptr {address}, align {align}, !nontemporal !3")

    def wait_for_streams(self) -> None:
        """Other threads see what was stored past the caches before what is stored after this."""
        self.line("call void @llvm.x86.sse.sfence()")

    def prefetch(self, address: str, write: bool = False) -> None:
        """Ask for a line that will be used soon; anything may be at the address, or nothing."""
        self.line(f"call void @llvm.prefetch.p0(ptr {address}, i32 {int(write)}, i32 2, i32 1)")

    def words(self, address: str, count: int, first: int = 0, kind: str = "i64") -> list[str]:
        """``count`` neighbouring 64-bit words from word ``first`` on."""
        return [
            self.load(kind, self.at(address, str(8 * index)))
            for index in range(first, first + count)
        ]

    # Control.

    def call(self, name: str, arguments: list[tuple[str, str]]) -> None:
        """Call a ``function`` of this module."""
        text = ", ".join(f"{kind} {value}" for kind, value in arguments)
        self.line(f"call void @{name}({text})")

    @contextmanager
    def loop(self, start: str, stop: str, step: str = "1") -> Iterator[str]:
        """``for index in range(start, stop, step)``; the body may be skipped."""
        number = self.name("")
        head, body, done = f"head{number}", f"body{number}", f"done{number}"
        index, before = f"%i{number}", self.block
        self.jump(head)
        self.label(head)
        self.line(f"{index} = phi i64 [ {start}, %{before} ], [ {index}.next, %{body}.end ]")
        self.line(f"{index}.more = icmp slt i64 {index}, {stop}")
        self.line(f"br i1 {index}.more, label %{body}, label %{done}")
        self.label(body)
        yield index
        self.jump(f"{body}.end")
        self.label(f"{body}.end")
        self.line(f"{index}.next = add i64 {index}, {step}")
        self.line(f"br label %{head}, !llvm.loop !0")
        self.label(done)

    @contextmanager
    def when(self, condition: str) -> Iterator[None]:
        number = self.name("")
        self.line(f"br i1 {condition}, label %then{number}, label %after{number}")
        self.label(f"then{number}")
        yield
        self.jump(f"after{number}")
        self.label(f"after{number}")

    @contextmanager
    def either(self, condition: str) -> Iterator[tuple[str, str]]:
        """Two labels ``(yes, no)`` that the caller writes with ``branch``; both then meet."""
        number = self.name("")
        self.line(f"br i1 {condition}, label %yes{number}, label %no{number}")
        yield f"yes{number}", f"no{number}"
        self.label(f"after{number}")

    @contextmanager
    def branch(self, label: str) -> Iterator[None]:
        """One side of ``either``."""
        self.label(label)
        yield
        self.jump("after" + label.removeprefix("yes").removeprefix("no"))

    def maybe(self, condition: str, kind: str, values: list[str], change: Change) -> list[str]:
        """``change(values)`` where ``condition`` holds, else ``values`` as they are."""
        number = self.name("")
        before = self.block
        self.line(f"br i1 {condition}, label %then{number}, label %after{number}")
        self.label(f"then{number}")
        changed = change(values)
        end = self.block
        self.jump(f"after{number}")
        self.label(f"after{number}")
        return [
            self.op(f"phi {kind} [ {old}, %{before} ], [ {new}, %{end} ]")
            for old, new in zip(values, changed, strict=True)
        ]

    def text(self) -> str:
        return "\n".join(self.lines)


def _literal(value: str) -> bool:
    return not value.startswith("%")


def kernel(stem: str, define: str) -> Kernel:
    """A module around ``define`` texts whose entry is written ``@ENTRY``: named by what it says."""
    module = define + _AS_WRITTEN + (_PAST_CACHES if "!nontemporal" in define else "")
    symbol = f"{stem}_{digest(module.encode()).hex()[:16]}"
    return Kernel(symbol, module.replace("@ENTRY", f"@{symbol}"))


def function(name: str, parameters: list[tuple[str, str]], body: Body) -> str:
    """A function of the module; never inlined, which would undo why it is one."""
    text = ", ".join(f"{kind} %{parameter}" for kind, parameter in parameters)
    return (
        f"define internal void @{name}({text}) noinline nounwind optsize {{\n"
        f"entry:\n{body.text()}\n  ret void\n}}\n"
    )


def entry(body: Body, declares: str = "") -> str:
    """``body`` as the entry of a kernel."""
    return (
        f"{_DECLARES}{declares}"
        "define i64 @ENTRY(ptr noalias %args, i64 %begin, i64 %end) nounwind optsize {\n"
        f"entry:\n{body.text()}\n  ret i64 0\n}}\n"
    )


_DECLARES = """declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
"""
