"""Exponentials that are only terms of a sum of at least 1, or shares of such a sum.

softmax and its kin add up exp(x - max(x)); the largest term is 1: the last digits of small ones are
lost. Softmax then divides by the sum, which needs a product that comes along with the exponential.
"""

from __future__ import annotations

from rushlight.base.dtype import float32
from rushlight.compiler.loops.build import Value, needed_full
from rushlight.compiler.loops.saved import there_before
from rushlight.compiler.loops.schedule import Schedule
from rushlight.compiler.loops.sign import never_positive


def is_below_largest(value: Value) -> bool:
    """exp(x - max(x)) of floats."""
    if value.op != "exp" or value.dtype is not float32:
        return False
    return value.args[0].op == "sub" and never_positive(value.args[0])


def find_terms(schedule: Schedule) -> set[Value]:
    """Those that the pass which first needs them only adds up. Later ones make their own."""
    s = schedule
    return {
        value
        for value in s.values
        if is_below_largest(value) and value not in s.saved and _is_only_summed(s, value)
    }


def _is_only_summed(schedule: Schedule, value: Value) -> bool:
    s, phase = schedule, value.phase
    if any(store.value is value for store in s.stores):
        return False
    reduces = [v for v in s.values if v.op == "reduce" and v.args[0] is value]
    if not reduces or any(v.data != "sum" for v in reduces):
        return False
    # A row that is written out keeps what it has: there are no later ones of their own.
    passes = s.pass_roots(phase) if not s.few else s.values
    others = needed_full(passes, there_before(s.saved, phase))
    return not any(value in other.args for other in others)


def find_shares(schedule: Schedule) -> dict[Value, Value]:
    """exp(x - max(x)) / sum of a panel, each with what it is multiplied by: those whose exponential
    and reciprocal nobody else needs.
    """
    s = schedule
    shares: dict[Value, Value] = {}
    for value in s.values if s.panel else ():
        if value.op == "mul" and _is_share(*value.args) and value.args[0] not in s.saved:
            shares[value] = value.args[1]
    for other in s.values:
        if other.op != "reduce" and other not in shares:
            shares = {v: part for v, part in shares.items() if not set(v.args) & set(other.args)}
    stored = {store.value for store in s.stores}
    return {value: part for value, part in shares.items() if not stored & set(value.args)}


def _is_share(power: Value, part: Value) -> bool:
    if part.op != "reciprocal" or not is_below_largest(power):
        return False
    total = part.args[0]
    return total.op == "reduce" and total.data == "sum" and total.args[0] is power
