"""Kinds: what calls have in common that differ in whole numbers only, and these numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rushlight.base.hot import hot
from rushlight.engine.call import Call, Gradient, OpCall

WHOLE, REAL = "whole", "real"

_KINDS: dict[Any, int] = {}
_KINDS_LIMIT = 1 << 16


@hot
def kind_of(call: Call) -> Any:
    """What calls have in common that differ in whole numbers only: equal for them, hashable."""
    if isinstance(call, OpCall):
        if call.kind is None:
            numbers: list[int] = []
            call.kind = _interned((call.op, _without_numbers(call.template, numbers)))
            call.numbers = tuple(numbers)
        return call.kind
    if isinstance(call, Gradient):
        if call.kind is None:
            ranks = tuple([meta.rank for meta in (*call.metas, *call.out_metas)])
            call.kind = _interned((
                "gradient", kind_of(call.call), call.mask, call.given, call.saves, call.targets,
                ranks,
            ))  # fmt: skip
        return call.kind
    return call


@hot
def _interned(kind: Any) -> int:
    if len(_KINDS) >= _KINDS_LIMIT:
        return -1 - len(_KINDS) - id(kind)  # a family of its own: never found again
    return _KINDS.setdefault(kind, len(_KINDS))


@hot
def _without_numbers(value: Any, numbers: list[int]) -> Any:
    kind = type(value)
    if kind is int:
        numbers.append(value)
        return WHOLE
    if isinstance(value, (tuple, list)):  # torch.Size is one, too
        return (kind, tuple([_without_numbers(each, numbers) for each in value]))
    if kind in (bool, float, complex):
        return (kind, repr(value))
    return value


def with_numbers(value: Any, numbers: Iterator[Any]) -> Any:
    """A template with others in the place of its whole numbers, in order. They may be ``Size``, so
    that shapes are plain tuples."""
    if type(value) is int:
        return next(numbers)
    if isinstance(value, list):
        return [with_numbers(each, numbers) for each in value]
    if isinstance(value, tuple):
        return tuple([with_numbers(each, numbers) for each in value])
    return value
