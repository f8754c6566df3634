"""Accumulators of reductions: where they start, how two combine, how lanes fold into one."""

from __future__ import annotations

from typing import final

from rushlight.base.dtype import BOOL, bool_
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.emit_scalar import element_of, emit

_OPS = {
    "sum": "add", "prod": "mul", "max": "maximum", "min": "minimum", "fmax": "larger", "any": "or",
    "all": "and",
}  # fmt: skip
# Places are 32 bits wide inside a kernel: as wide as floats, so that their vectors match.
PLACE = "i32"
LAST = str(2**31 - 1)


@final
class Combine:
    """One reduction: ``kind`` over operands of ``dtype``.

    ``ordered``: each lane meets its places in ascending order.
    """

    def __init__(self, kind: str, dtype: DType, ordered: bool = True) -> None:
        self.kind = kind
        self.ordered = ordered
        # any and all take every dtype: their operands are compared with zero first
        self.dtype = bool_ if kind in ("any", "all") else dtype
        self.element = element_of(self.dtype)
        self.places = kind in ("argmax", "argmin")
        self.blocked = kind == "sum" and dtype.is_floating_point

    def start(self) -> str:
        """The value that changes nothing."""
        kind, element = self.kind.removeprefix("arg"), self.element
        if kind == "sum":
            return literal(0, element)
        if kind in ("prod", "all"):
            return literal(1, element)
        if kind == "any":
            return "false"
        low = kind in ("max", "fmax")
        if self.dtype.category == BOOL:
            return "false" if low else "true"
        if self.dtype.is_floating_point:
            return literal(float("-inf") if low else float("inf"), element)
        bits = 8 * self.dtype.itemsize
        if not self.dtype.is_signed:
            return "0" if low else str(2**bits - 1)
        return str(-(2 ** (bits - 1)) if low else 2 ** (bits - 1) - 1)

    def join(self, w: Writer, lanes: int, a: str, b: str) -> str:
        op = _OPS[self.kind]
        if self.dtype.is_floating_point:
            kind = w.kind(self.element, lanes)
            if op == "larger":
                # the best so far where x is nan: one instruction
                larger = w.let(f"fcmp ogt {kind} {b}, {a}")
                flags = w.kind("i1", lanes)
                return w.let(f"select {flags} {larger}, {kind} {b}, {kind} {a}")
            if op in ("maximum", "minimum"):
                return _further(w, op, self.element, lanes, a, b)
            return w.let(f"{'fadd' if op == 'add' else 'fmul'} contract {kind} {a}, {b}")
        return emit(w, op, self.dtype, lanes, [a, b])

    def join_places(
        self, w: Writer, lanes: int, a: tuple[str, str], b: tuple[str, str]
    ) -> tuple[str, str]:
        """The better of two (value, place): nan beats all, of equals the first place wins."""
        kind, flags, whole = w.kind(self.element, lanes), w.kind("i1", lanes), w.kind(PLACE, lanes)
        most = self.kind == "argmax"
        if self.dtype.is_floating_point:
            better = w.let(f"fcmp {'ogt' if most else 'olt'} {kind} {b[0]}, {a[0]}")
            equal = w.let(f"fcmp oeq {kind} {b[0]}, {a[0]}")
            a_nan = w.let(f"fcmp uno {kind} {a[0]}, {a[0]}")
            b_nan = w.let(f"fcmp uno {kind} {b[0]}, {b[0]}")
            both = w.let(f"and {flags} {a_nan}, {b_nan}")
            equal = w.let(f"or {flags} {equal}, {both}")
            first = w.let(f"xor {flags} {a_nan}, {w.splat('true', 'i1', lanes)}")
            only = w.let(f"and {flags} {b_nan}, {first}")
            better = w.let(f"or {flags} {better}, {only}")
        else:
            test = ("gt" if most else "lt", "s" if self.dtype.is_signed else "u")
            better = w.let(f"icmp {test[1]}{test[0]} {kind} {b[0]}, {a[0]}")
            equal = w.let(f"icmp eq {kind} {b[0]}, {a[0]}")
        earlier = w.let(f"icmp slt {whole} {b[1]}, {a[1]}")
        tie = w.let(f"and {flags} {equal}, {earlier}")
        take = w.let(f"or {flags} {better}, {tie}")
        value = w.let(f"select {flags} {take}, {kind} {b[0]}, {kind} {a[0]}")
        place = w.let(f"select {flags} {take}, {whole} {b[1]}, {whole} {a[1]}")
        return value, place

    def join_next(
        self, w: Writer, lanes: int, a: tuple[str, str], b: tuple[str, str]
    ) -> tuple[str, str]:
        """``join_places`` where all places of ``b`` come after those of ``a``: ties keep ``a``.

        That holds for the start too, see ``position``.
        """
        kind, flags, whole = w.kind(self.element, lanes), w.kind("i1", lanes), w.kind(PLACE, lanes)
        most = self.kind == "argmax"
        if self.dtype.is_floating_point:
            # unordered or beyond, and what is there is no nan
            beyond = w.let(f"fcmp {'ult' if most else 'ugt'} {kind} {a[0]}, {b[0]}")
            number = w.let(f"fcmp ord {kind} {a[0]}, {a[0]}")
            take = w.let(f"and {flags} {beyond}, {number}")
        else:
            sign = "s" if self.dtype.is_signed else "u"
            take = w.let(f"icmp {sign}{'gt' if most else 'lt'} {kind} {b[0]}, {a[0]}")
        value = w.let(f"select {flags} {take}, {kind} {b[0]}, {kind} {a[0]}")
        place = w.let(f"select {flags} {take}, {whole} {b[1]}, {whole} {a[1]}")
        return value, place

    def position(self, w: Writer, lanes: int, place: str, element: str) -> str:
        """The place that was found, as ``element``; the first where nothing went beyond the start,
        which all are equal to then.
        """
        whole, flags = w.kind(PLACE, lanes), w.kind("i1", lanes)
        none = w.let(f"icmp eq {whole} {place}, {w.splat(LAST, PLACE, lanes)}")
        zero = w.splat("0", PLACE, lanes)
        found = w.let(f"select {flags} {none}, {whole} {zero}, {whole} {place}")
        return w.let(f"sext {whole} {found} to {w.kind(element, lanes)}")

    def join_both(
        self, w: Writer, lanes: int, a: tuple[str, str], b: tuple[str, str]
    ) -> tuple[str, str]:
        if self.places:
            return self.join_places(w, lanes, a, b)
        return self.join(w, lanes, a[0], b[0]), ""

    def fold(self, w: Writer, lanes: int, to: int, a: tuple[str, str]) -> tuple[str, str]:
        """``lanes`` lanes into ``to``, in halves."""
        value, place = a
        if to == 1 and lanes & (lanes - 1):
            value, place = self._filled(w, lanes, value, place)
            lanes = 1 << lanes.bit_length()
        while lanes > to:
            half = lanes // 2
            low, high = _halves(w, self.element, lanes, value)
            first, second = _halves(w, PLACE, lanes, place) if self.places else ("", "")
            value, place = self.join_both(w, half, (low, first), (high, second))
            lanes = half
        return value, place

    def _filled(self, w: Writer, lanes: int, value: str, place: str) -> tuple[str, str]:
        """Up to a power of two lanes, with what changes nothing."""
        value = _widened(w, self.element, lanes, value, self.start())
        return value, _widened(w, PLACE, lanes, place, LAST) if place else ""


def _further(w: Writer, op: str, element: str, lanes: int, best: str, x: str) -> str:
    """``x`` where it goes beyond ``best`` or is nan, else ``best``, which may be nan already.

    Written as selections, LLVM would make the comparisons one flag: an instruction more, and all of
    them on the way from one ``best`` to the next. Zeros of either sign are alike.
    """
    kind = w.kind(element, lanes)
    name = f"llvm.{op}.{w.overload(element, lanes)}"
    return w.let(f"call nsz {kind} @{name}({kind} {x}, {kind} {best})")


def _widened(w: Writer, element: str, lanes: int, value: str, filler: str) -> str:
    kind, size = w.kind(element, lanes), 1 << lanes.bit_length()
    mask = ", ".join(f"i32 {min(lane, lanes)}" for lane in range(size))
    nothing = w.splat(filler, element, lanes)
    return w.let(f"shufflevector {kind} {value}, {kind} {nothing}, <{size} x i32> <{mask}>")


def _halves(w: Writer, element: str, lanes: int, value: str) -> tuple[str, str]:
    kind, half = w.kind(element, lanes), lanes // 2
    if half == 1:
        return (
            w.let(f"extractelement {kind} {value}, i64 0"),
            w.let(f"extractelement {kind} {value}, i64 1"),
        )
    parts = []
    for first in (0, half):
        mask = ", ".join(f"i32 {lane}" for lane in range(first, first + half))
        parts.append(w.let(f"shufflevector {kind} {value}, {kind} poison, <{half} x i32> <{mask}>"))
    return parts[0], parts[1]
