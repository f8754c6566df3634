"""From one dtype to another: by value and by bits."""

from __future__ import annotations

from rushlight.base.dtype import BOOL
from rushlight.base.dtype import dtype as DType
from rushlight.compiler.emit import Writer, literal
from rushlight.compiler.emit_scalar import element_of


def cast(w: Writer, source: DType, target: DType, lanes: int, x: str) -> str:
    """Floats to integers as x86 converts: toward zero, the least number where out of range."""
    a, b = element_of(source), element_of(target)
    kind, result = w.kind(a, lanes), w.kind(b, lanes)
    if target.category == BOOL:
        zero = w.splat(literal(0, a), a, lanes)
        return w.let(f"{'fcmp une' if source.is_floating_point else 'icmp ne'} {kind} {x}, {zero}")
    if source.is_floating_point and target.is_floating_point:
        if a != b:
            x = w.let(f"{'fpext' if b == 'double' else 'fptrunc'} {kind} {x} to {result}")
        return x if source is target else w.rounded(x, target, lanes)
    if target.is_floating_point:
        signed = source.is_signed and source.category != BOOL
        made = w.let(f"{'sitofp' if signed else 'uitofp'} {kind} {x} to {result}")
        return w.rounded(made, target, lanes)
    if source.is_floating_point:
        through = "i64" if target.name in ("int64", "uint8") else "i32"
        x = _in_range(w, a, lanes, x, 2.0 ** (63 if through == "i64" else 31))
        whole = w.let(f"fptosi {kind} {x} to {w.kind(through, lanes)}")
        if through == b:
            return whole
        return w.let(f"trunc {w.kind(through, lanes)} {whole} to {result}")
    if source.itemsize == target.itemsize and source.category != BOOL:
        return x
    if source.itemsize > target.itemsize:
        return w.let(f"trunc {kind} {x} to {result}")
    return w.let(f"{'sext' if source.is_signed else 'zext'} {kind} {x} to {result}")


def _in_range(w: Writer, element: str, lanes: int, x: str, limit: float) -> str:
    """``x``, and -``limit`` where it is beyond, or NaN.

    The CPU's conversion makes the least number of all of them, but to LLVM their conversion has no
    meaning: it made 0 of a NaN that it knew.
    """
    kind, flags = w.kind(element, lanes), w.kind("i1", lanes)
    size = w.let(f"call {kind} @llvm.fabs.{w.overload(element, lanes)}({kind} {x})")
    inside = w.let(f"fcmp olt {kind} {size}, {w.splat(literal(limit, element), element, lanes)}")
    least = w.splat(literal(-limit, element), element, lanes)
    return w.let(f"select {flags} {inside}, {kind} {x}, {kind} {least}")


def bitcast(w: Writer, source: DType, target: DType, lanes: int, x: str) -> str:
    """Through the memory forms of both dtypes."""
    memory = {"float16": "half", "bfloat16": "i16", "bool": "i8"}
    a = memory.get(source.name, element_of(source))
    b = memory.get(target.name, element_of(target))
    x = w.to_memory(x, source, lanes)
    if a != b:
        x = w.let(f"bitcast {w.kind(a, lanes)} {x} to {w.kind(b, lanes)}")
    return w.from_memory(x, target, lanes)
