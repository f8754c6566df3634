"""Costly values that several passes need, and where they wait in between."""

from __future__ import annotations

from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.schedule import Schedule, Store

# Costly to evaluate (tens of instructions): such loops are not unrolled, and split finer.
HEAVY = frozenset((
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "erf", "erfc", "erfinv",
    "ndtr", "ndtr_tanh", "lgamma", "digamma", "pow", "atan2", "floordiv", "truncdiv", "remainder",
    "fmod", "nextafter",
))  # fmt: skip
# Worth a second pass through the first caches, not through memory.
_SLOW = frozenset(("div", "sqrt", "rsqrt", "reciprocal"))
# Rows of so many elements lie there.
NEAR = 1 << 15


def choose_saved(schedule: Schedule) -> dict[Value, tuple[Store | None, int]]:
    """Put a costly value that a later pass needs again where the last one will store its result.

    softmax(x / 8): pass 0 leaves x / 8 in the memory of the quotient, pass 1 reads that and leaves
    exp(x / 8 - max) in its place, pass 2 the quotient. value -> (that store, the pass that
    computes it). One value follows another in the same place, element by element. Of narrow rows
    all of it waits on the stack (store None): picking elements from many rows is costly, too.
    """
    s = schedule
    saved: dict[Value, tuple[Store | None, int]] = {}
    last = max((store.value.phase for store in s.stores if store.full), default=0)
    near = s.by_rows and s.inner_count <= NEAR
    costs = HEAVY | _SLOW if near or s.narrow else HEAVY
    if s.narrow:
        costs |= {"load"}
    elif not last or not any(value.op in costs for value in s.values):
        return saved
    costly: set[Value] = set()
    for value in s.values:
        if value.full and (value.op in costs or any(arg in costly for arg in value.args)):
            costly.add(value)
    # Each place, and from which pass on it is taken, by what.
    taken: dict[Store, tuple[int, Value | None]] = {
        store: (last + 1, None) for store in s.stores if store.full and store.value.phase == last
    }
    most = max([last, *(v.args[0].phase for v in s.values if v.op == "reduce")])
    for phase in range((most if s.narrow else last) - 1, -1, -1):
        until = {
            v: later
            for later in range(phase + 1, most + 1)
            for v in needed_full(s.pass_roots(later), there_before(saved, later))
        }
        again = [v for v in needed_full(s.pass_roots(phase)) if v in until and v in costly]
        inner = {arg for value in again for arg in value.args}
        for value in again:
            if value in inner or value in saved:
                continue
            if s.narrow:
                saved[value] = None, phase
                continue
            for store, (first, next_) in taken.items():
                free = until[value] < first or (
                    until[value] == first and next_ is not None and value.serial < next_.serial
                )
                if free and store.node.dtype is value.dtype:
                    taken[store] = phase, value
                    saved[value] = store, phase
                    break
    return saved


def there_before(saved: dict[Value, tuple[Store | None, int]], phase: int) -> set[Value]:
    """What the pass number ``phase`` reads rather than computes."""
    return {value for value, (_, first) in saved.items() if first < phase}
