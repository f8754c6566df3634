"""Addresses of a loop kernel: index maps evaluated, loads and stores with masks and guards."""

from __future__ import annotations

from typing import Any, final

from rushlight.base.dtype import dtype as DType
from rushlight.compiler.emit import MEMORY, Writer
from rushlight.compiler.loops import weave
from rushlight.compiler.loops.build import Value
from rushlight.compiler.loops.schedule import BACKWARD, Access, Schedule

LINE = 64
# Into the second cache.
NEAR = 2


@final
class Places:
    """``active`` names the loop variables that run; ``mask`` the lanes of a tail that are there."""

    def __init__(self, w: Writer, schedule: Schedule) -> None:
        self.w = w
        self.s = schedule
        self.order = schedule.rows + schedule.inner
        self.active: dict[int, str] = {}
        self.mask: str | None = None
        self.streaming = False  # whole vectors are stored past the caches, see ``stream.py``

    def set_mask(self, index: str, high: str, lanes: int) -> None:
        w = self.w
        left = w.let(f"sub nsw i64 {high}, {index}")
        # 32-bit lane numbers: half the registers of 64-bit ones
        short = w.let(f"trunc i64 {left} to i32")
        many = w.splat(short, "i32", lanes)
        numbers = "<" + ", ".join(f"i32 {lane}" for lane in range(lanes)) + ">"
        clipped = w.let(f"icmp slt <{lanes} x i32> {numbers}, {many}")
        self.mask = clipped
        w.mask = (clipped, lanes)

    def clear_mask(self) -> None:
        self.mask = None
        self.w.mask = None

    def _sum(self, codes: tuple[Any, ...], skip: int) -> str:
        """sum of coefficient * variable, outer variables first so that LLVM hoists the prefix."""
        w = self.w
        total = ""
        for place, variable in enumerate(self.order):
            code = codes[place]
            if code == 0 or variable == skip:
                continue
            term = self.active[variable]
            if code != 1:
                term = w.let(f"mul nsw i64 {term}, %w{code[1]}")
            total = w.let(f"add nsw i64 {total}, {term}") if total else term
        return total

    def affine(self, codes: tuple[Any, ...], lanes: int, vector: bool, element: str = "i64") -> str:
        """An affine function of the variables, for one lane or as a vector."""
        w = self.w
        total = self._sum(codes, -1) or "0"
        if codes[-1] != 0:
            total = w.let(f"add nsw i64 {total}, %w{codes[-1][1]}")
        if element != "i64":
            total = w.let(f"trunc i64 {total} to {element}")
        if not vector:
            return total
        base = w.splat(total, element, lanes)
        code = codes[self.order.index(self.s.vector)]
        if code == 0:
            return base
        steps = w.lane_numbers(lanes, element)
        if code != 1:
            step = f"%w{code[1]}"
            if element != "i64":
                step = w.let(f"trunc i64 {step} to {element}")
            by = w.splat(step, element, lanes)
            steps = w.let(f"mul <{lanes} x {element}> {steps}, {by}")
        return w.let(f"add <{lanes} x {element}> {base}, {steps}")

    def guard(self, value: Value, lanes: int) -> str:
        """Whether the element is there: i1, or one for each lane."""
        w = self.w
        result = ""
        for codes, size, narrow in self.s.guard_codes[value]:
            vector = lanes > 1 and codes[self.order.index(self.s.vector)] != 0
            here = lanes if vector else 1
            element = "i32" if narrow and vector else "i64"
            place = self.affine(codes, here, vector, element)
            limit = f"%w{size}"
            if element == "i32":
                limit = w.let(f"trunc i64 {limit} to i32")
            limit = w.splat(limit, element, here)
            inside = w.let(f"icmp ult {w.kind(element, here)} {place}, {limit}")
            if not vector:
                inside = w.splat(inside, "i1", lanes)
            kind = w.kind("i1", lanes)
            result = w.let(f"and {kind} {result}, {inside}") if result else inside
        return result

    def _address(self, access: Access, lanes: int) -> tuple[str, bool]:
        """(pointer, contiguous) of the first lane, or (vector of pointers, False)."""
        w, s = self.w, self.s
        memory = MEMORY[access.dtype.name]
        index = self._sum(access.codes, -1)
        pointer = f"%p{access.pointer}"
        if index:
            pointer = w.let(f"getelementptr {memory}, ptr {pointer}, i64 {index}")
        # stores only: ``weave.py`` reads
        code: Any = 1 if lanes == 1 or s.woven else access.codes[self.order.index(s.vector)]
        if lanes == 1 or code == 1:
            return pointer, True
        steps = w.lane_numbers(lanes)
        by = w.splat("0" if code == 0 else f"%w{code[1]}", "i64", lanes)
        steps = w.let(f"mul nsw <{lanes} x i64> {steps}, {by}")
        return w.let(f"getelementptr {memory}, ptr {pointer}, <{lanes} x i64> {steps}"), False

    def first(self, access: Access) -> str:
        """A pointer to the element that the active variables name."""
        return self._address(access, 1)[0]

    def read(self, access: Access, lanes: int, there: str) -> str:
        """What lies at ``access``; ``there``: flags of the lanes that may be read, or all."""
        w = self.w
        memory, size = MEMORY[access.dtype.name], access.dtype.itemsize
        if lanes > 1 and self.s.woven:
            return w.from_memory(weave.read(self, access, lanes), access.dtype, lanes)
        if lanes > 1 and self._is_backward(access):
            return w.from_memory(self._backward(access, lanes, there), access.dtype, lanes)
        pointer, contiguous = self._address(access, lanes)
        kind = w.kind(memory, lanes)
        if lanes == 1:
            if there:
                # what is not there is read from a place that always is, and thrown away
                pointer = w.let(f"select i1 {there}, ptr {pointer}, ptr %args")
            loaded = w.let(f"load {memory}, ptr {pointer}, align {1 if there else size}")
            return w.from_memory(loaded, access.dtype, 1)
        mask = self._both(there, lanes)
        if not contiguous and not mask:
            loaded = self._picked(access, memory, lanes)
        elif contiguous and not mask:
            loaded = w.let(f"load {kind}, ptr {pointer}, align {size}")
        else:
            name = "load" if contiguous else "gather"
            where = "ptr" if contiguous else f"<{lanes} x ptr>"
            places = "p0" if contiguous else f"v{lanes}p0"
            flags = mask or w.splat("true", "i1", lanes)
            loaded = w.let(
                f"call {kind} @llvm.masked.{name}.{w.overload(memory, lanes)}.{places}("
                f"{where} {pointer}, i32 {size}, <{lanes} x i1> {flags}, {kind} zeroinitializer)"
            )
        return w.from_memory(loaded, access.dtype, lanes)

    def _is_backward(self, access: Access) -> bool:
        code = access.codes[self.order.index(self.s.vector)]
        return type(code) is tuple and code[-1] == BACKWARD

    def _backward(self, access: Access, lanes: int, there: str) -> str:
        """What lies before ``access``, the nearest first: loaded as it lies, then turned."""
        w = self.w
        memory, size = MEMORY[access.dtype.name], access.dtype.itemsize
        kind, flags = w.kind(memory, lanes), w.kind("i1", lanes)
        start = self._address(access, 1)[0]
        pointer = w.let(f"getelementptr {memory}, ptr {start}, i64 {1 - lanes}")
        mask = self._both(there, lanes)
        if mask:
            turned = self._turned(flags, mask, lanes)
            loaded = w.let(
                f"call {kind} @llvm.masked.load.{w.overload(memory, lanes)}.p0("
                f"ptr {pointer}, i32 {size}, {flags} {turned}, {kind} zeroinitializer)"
            )
        else:
            loaded = w.let(f"load {kind}, ptr {pointer}, align {size}")
        return self._turned(kind, loaded, lanes)

    def _turned(self, kind: str, value: str, lanes: int) -> str:
        places = ", ".join(f"i32 {lane}" for lane in reversed(range(lanes)))
        return self.w.let(
            f"shufflevector {kind} {value}, {kind} poison, <{lanes} x i32> <{places}>"
        )

    def prefetch(self, access: Access, lanes: int, write: bool) -> None:
        """Ask for the cache lines of ``lanes`` elements; what is no memory is no error."""
        w = self.w
        pointer, _ = self._address(access, 1)
        for offset in range(0, lanes * access.dtype.itemsize, LINE):
            place = w.let(f"getelementptr i8, ptr {pointer}, i64 {offset}")
            w.do(f"call void @llvm.prefetch.p0(ptr {place}, i32 {int(write)}, i32 {NEAR}, i32 1)")

    def fetch_next_row(self, access: Access, lanes: int) -> None:
        """Ask for what the next row has at the place that runs."""
        row = self.s.rows[-1]
        here = self.active[row]
        self.active[row] = self.w.let(f"add nsw i64 {here}, 1")
        self.prefetch(access, lanes, False)
        self.active[row] = here

    def fetch_next_tile(self, access: Access, lanes: int, write: bool = False) -> None:
        """Ask for what the next tile has in place of this: of arrays that the tile reads along the
        other variable a line of another row each time.
        """
        w, s = self.w, self.s
        here, near = self.active[s.vector], self.active[s.rows[-2]]
        ahead = w.let(f"add nsw i64 {here}, %w3")
        if access.codes[self.order.index(s.vector)] not in (0, 1):
            ahead = w.let(f"add nsw i64 {ahead}, {w.let(f'and i64 {near}, {lanes - 1}')}")
        self.active[s.vector] = ahead
        self.prefetch(access, 1, write)
        self.active[s.vector] = here

    def _picked(self, access: Access, memory: str, lanes: int) -> str:
        """One lane after another, a fixed distance apart."""
        w = self.w
        kind = w.kind(memory, lanes)
        code = access.codes[self.order.index(self.s.vector)]
        start = self._address(access, 1)[0]
        result = "poison"
        for lane in range(lanes):
            place = self.step(start, memory, code[1], lane)
            one = w.let(f"load {memory}, ptr {place}, align {access.dtype.itemsize}")
            result = w.let(f"insertelement {kind} {result}, {memory} {one}, i64 {lane}")
        return result

    def step(self, start: str, memory: str, word: int, lane: int) -> str:
        """A pointer ``lane`` times the word's elements on."""
        offset = self.w.let(f"mul nsw i64 %w{word}, {lane}")
        return self.w.let(f"getelementptr {memory}, ptr {start}, i64 {offset}")

    def _both(self, there: str, lanes: int) -> str:
        if self.mask and there:
            return self.w.let(f"and <{lanes} x i1> {self.mask}, {there}")
        return self.mask or there

    def width(self, access: Access, lanes: int) -> int:
        """How many elements a store of ``lanes`` rows writes: 1 where they share a place."""
        vector = self.s.vector
        return 1 if vector < 0 or access.codes[self.order.index(vector)] == 0 else lanes

    def write(
        self, value: str, access: Access, here: int, segment: str, rounded: bool = False
    ) -> None:
        """Store ``here`` register values; ``segment``: the number of this segment's results;
        ``rounded``: bfloat16 values that are.
        """
        w = self.w
        dtype: DType = access.dtype
        vector = self.s.vector
        value = w.to_memory(value, dtype, here, rounded)
        memory, size = MEMORY[dtype.name], dtype.itemsize
        kind = w.kind(memory, here)
        pointer, contiguous = self._address(access, here)
        if segment:
            offset = w.let(f"mul nsw i64 {segment}, %w6")
            pointer = w.let(f"getelementptr {memory}, ptr {pointer}, i64 {offset}")
        if self.streaming and contiguous and not self.mask and here > 1:
            w.store_past_caches(kind, value, pointer, self.s.cpu.vector_bytes)
        elif here == 1 or (contiguous and not self.mask):
            w.do(f"store {kind} {value}, ptr {pointer}, align {size}")
        elif not self.mask:
            code = access.codes[self.order.index(vector)]
            start = self._address(access, 1)[0]
            for lane in range(here):
                one = w.let(f"extractelement {kind} {value}, i64 {lane}")
                place = self.step(start, memory, code[1], lane)
                w.do(f"store {memory} {one}, ptr {place}, align {size}")
        else:
            name = "store" if contiguous else "scatter"
            where = "ptr" if contiguous else f"<{here} x ptr>"
            places = "p0" if contiguous else f"v{here}p0"
            flags = self.mask or w.splat("true", "i1", here)
            w.do(
                f"call void @llvm.masked.{name}.{w.overload(memory, here)}.{places}("
                f"{kind} {value}, {where} {pointer}, i32 {size}, <{here} x i1> {flags})"
            )
