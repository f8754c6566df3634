"""Functions that read their numbers, as ``vmap`` needs them: out of operations alone.

Within ``vmap`` a tensor stands for one sample of many and has no numbers to read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rushlight.base.dtype import int64
from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.engine.value import meta_of
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import function


def one_by_one(call: Callable[..., Any], *tensors: Tensor) -> Any:
    """``call`` of the tensors of each sample by itself; its results, one or several, together."""
    trace = local.trace
    assert isinstance(trace, SampleTrace)
    wholes = [Tensor._of(trace.spread(each._read_value())) for each in tensors]
    select, stack = function("select"), function("stack")
    with trace.suspended():
        made = [call(*(select(each, 0, k) for each in wholes)) for k in range(trace.size)]
        alone = isinstance(made[0], Tensor)
        parts = zip(*([(each,) for each in made] if alone else made), strict=True)
        values = [stack(part)._read_value() for part in parts]
    found = [
        Tensor._of(trace.take(each, meta_of(each.meta.shape[1:], each.meta.dtype)))
        for each in values
    ]
    return found[0] if alone else type(made[0])(*found)


def isin(elements: Any, test_elements: Any, invert: bool) -> Tensor:
    """Every element beside every test element: (*), (T) -> (*)."""
    tests = function("reshape")(test_elements, -1) if isinstance(test_elements, Tensor) else (
        test_elements
    )  # fmt: skip
    each = function("unsqueeze")(elements, -1) if isinstance(elements, Tensor) else elements
    same = function("eq")(each, tests) if isinstance(each, Tensor) else function("eq")(tests, each)
    found: Tensor = function("any")(same, -1)
    return function("logical_not")(found) if invert else found


def masked_scatter(input: Tensor, mask: Tensor, source: Tensor) -> Tensor:
    """Each place takes the element of ``source`` with the number of true places before it."""
    shape = tuple(input.shape)
    true = function("reshape")(function("broadcast_to")(mask, *shape), -1)
    number = function("sub")(function("cumsum")(function("_to_dtype")(true, int64), 0), 1)
    flat = function("reshape")(source, -1)
    taken = function("index_select")(flat, 0, function("clamp")(number, 0, flat.shape[0] - 1))
    picked: Tensor = function("where")(true, taken, function("reshape")(input, -1))
    return function("reshape")(picked, *shape)  # type: ignore[no-any-return]


def histc(input: Tensor, bins: int, low: float, high: float) -> Tensor:
    """Counts of (*) in ``bins`` equal bins: (bins,). Both bounds equal: those of the numbers."""
    flat = function("reshape")(input, -1)
    if low == high:
        first, last = function("_min")(flat), function("_max")(flat)
        alone = function("eq")(first, last)
        start = function("where")(alone, function("sub")(first, 1), first)
        end = function("where")(alone, function("add")(last, 1), last)
    else:
        start, end = (function("_full")((), each, flat.dtype) for each in (low, high))
    scaled = function("mul")(function("sub")(flat, start), bins)
    place = function("div")(scaled, function("sub")(end, start))
    inside = function("logical_and")(function("ge")(flat, start), function("le")(flat, end))
    whole = function("clamp")(function("_to_dtype")(place, int64), 0, bins - 1)
    numbers = Tensor._from_array(np.arange(bins))
    here = function("eq")(function("unsqueeze")(whole, -1), numbers)
    here = function("logical_and")(here, function("unsqueeze")(inside, -1))
    return function("_to_dtype")(function("sum")(here, (0,)), flat.dtype)  # type: ignore[no-any-return]
