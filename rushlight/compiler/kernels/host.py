"""Host calls: NumPy functions (``ir/host.py``) as launches.

A native trampoline serves all with as many pointers; a word of the launch says which call it is. An
exception of the function ends the program with ``HostCall.FAILED``; ``take_error()`` then gives it
to whoever ran the program.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from collections.abc import Callable
from typing import Any, final

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.complex_numbers import lower_complex
from rushlight.compiler.kernels.copy import all_contiguous
from rushlight.compiler.kernels.corners import lower_corners
from rushlight.compiler.kernels.element import entry
from rushlight.compiler.kernels.routine import lower_routine
from rushlight.compiler.launch import Kernel, Launch
from rushlight.ir import host
from rushlight.ir.graph import Node
from rushlight.ir.size import plain, quantity, shown
from rushlight.runtime import openblas
from rushlight.runtime.executor import HostCall


class _Call(Record):
    """What the trampoline needs to know; not the node, which would keep its graph alive."""

    name: str
    params: tuple[Any, ...]
    sources: tuple[tuple[tuple[int, ...], DType], ...]
    shape: tuple[int, ...]
    dtype: DType


@final
class _Ready:
    """A call with all that does not depend on where its arrays lie."""

    __slots__ = ("call", "elements", "node", "out", "sources")

    def __init__(self, call: _Call) -> None:
        self.call = call
        self.node = Node(
            "host", (), call.shape, call.dtype, {"name": call.name, "params": call.params}
        )
        self.sources = [_view(shape, dtype) for shape, dtype in call.sources]
        self.out = _view(call.shape, call.dtype)
        self.elements = max([math.prod(shape) for shape, _ in call.sources], default=0)

    def run(self, addresses: list[int]) -> None:
        """Call the function on what lies at the ``addresses`` but the last, where its result is to
        be."""
        arrays = [made(address) for made, address in zip(self.sources, addresses, strict=False)]
        with np.errstate(all="ignore"), openblas.one_thread(self.elements):
            result = host.call(self.call.name, arrays, self.call.params, self.node)
        self.out(addresses[-1])[...] = result


def _view(shape: tuple[int, ...], dtype: DType) -> Callable[[int], host.Array]:
    """A function from an address to a view of native memory, good while a call lasts."""
    kind, count = dtype.np, math.prod(shape)
    if not count:
        return lambda address: np.zeros(shape, kind)
    memory = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address
    return lambda address: np.ndarray(shape, kind, memory(address))  # type: ignore[arg-type]


_STEM = "host"
# Never emptied: plans hold numbers of calls. One entry a function, parameters and shapes.
_calls: list[_Ready] = []
_numbers: dict[str, int] = {}
_trampolines: dict[int, HostCall] = {}
_lock = threading.Lock()


def lower_host(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    for lowered in (lower_complex, lower_corners):
        made = lowered(node, sources, out)
        if made is not None:
            return made
    name, params, arrays = _called(node)

    def words_for(pointers: int) -> tuple[int, int]:
        kinds = tuple([(len(shape), dtype) for shape, dtype in arrays])
        sizes = [size for shape, _ in arrays for size in shape]
        number = _number_of(name, _Params(params), kinds, *sizes)
        return _trampoline(pointers).address, number

    made = lower_routine(node, sources, out, _STEM, words_for)
    if made is not None:
        return made
    launches, ready = all_contiguous(sources)
    pointers = (*(source.ref for source in ready), out.ref)
    words = words_for(len(pointers))
    moved = node.nbytes + sum(source.nbytes for source in node.src)
    label = f"host {name} {arrays[-1][1].name}{shown(arrays[-1][0])}"
    return [*launches, Launch(_kernel(len(pointers)), pointers, words, 1, 0, moved, label)]


def _called(node: Node) -> tuple[str, tuple[Any, ...], list[tuple[tuple[int, ...], DType]]]:
    """The function, its parameters, and what it takes its sources and its result for: pairs of
    real numbers for complex ones where ``passes/pairs.py`` has made them pairs."""
    name, params = node.attrs["name"], node.attrs["params"]
    if name != "of_pairs":
        return name, params, [(each.shape, each.dtype) for each in (*node.src, node)]
    name, params, which, *result = params
    arrays = [
        (each.shape[:-1], each.dtype.to_complex()) if paired else (each.shape, each.dtype)
        for each, paired in zip(node.src, which, strict=True)
    ]
    return name, params, [*arrays, tuple(result)]


@final
class _Params:
    """By text: 1, 1.0 and True are equal but not the same parameter."""

    __slots__ = ("text", "values")

    def __init__(self, values: tuple[Any, ...]) -> None:
        self.text = repr(values)  # fixes sizes in them
        self.values = values

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Params) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


@quantity
def _number_of(
    name: str, params: _Params, kinds: tuple[tuple[int, DType], ...], *sizes: int
) -> int:
    """The number of the call of this function on these shapes: of the sources, then the result."""
    rest = iter(sizes)
    shapes = [tuple([next(rest) for _ in range(rank)]) for rank, _ in kinds]
    arrays = [(shape, dtype) for shape, (_, dtype) in zip(shapes, kinds, strict=True)]
    call = _Call(name, _plain_all(params.values), tuple(arrays[:-1]), *arrays[-1])
    with _lock:  # of two threads at once each would take the same number
        number = _numbers.setdefault(repr(call), len(_calls))
        if number == len(_calls):
            _calls.append(_Ready(call))
    return number


def _plain_all(values: Any) -> Any:
    if isinstance(values, tuple):
        return tuple([_plain_all(each) for each in values])
    return plain(values)


def take_error() -> BaseException | None:
    """The exception that ended the last program, once."""
    for trampoline in [*_trampolines.values()]:
        error, trampoline.error = trampoline.error, None
        if error is not None:
            return error
    return None


def _trampoline(pointers: int) -> HostCall:
    """What is called with the launch's words: so many pointers, itself, the number of the call."""
    with _lock:
        if pointers not in _trampolines:
            words = (ctypes.c_int64 * (pointers + 2)).from_address

            def run(arguments: int) -> None:
                given = words(arguments)[:]
                _calls[given[-1]].run(given[:-2])

            _trampolines[pointers] = HostCall(run)
        return _trampolines[pointers]


@functools.lru_cache(maxsize=16)
def _kernel(pointers: int) -> Kernel:
    body = Body()
    (function,) = body.words("%args", 1, first=pointers, kind="ptr")
    code = body.op(f"call i64 {function}(ptr %args, i64 %begin, i64 %end)")
    failed = body.op(f"icmp ne i64 {code}, 0")
    body.line(f"br i1 {failed}, label %failed, label %well")
    body.label("failed")
    body.line(f"ret i64 {code}")
    body.label("well")
    return kernel(_STEM, entry(body))


def is_host(made: Kernel) -> bool:
    """Whether it is called with words that are good in this process only."""
    return made.symbol.startswith(f"{_STEM}_")
