"""Host calls: NumPy functions (``ir/host.py``) as launches.

One native trampoline serves them all; a word of the launch says which call it is. An exception of
the function ends the program with ``HostCall.FAILED``; ``take_error()`` then gives it to whoever
ran the program.
"""

from __future__ import annotations

import ctypes
import functools
import math
import threading
from typing import Any, final

import numpy as np

from rushlight.base.dtype import dtype as DType
from rushlight.base.record import Record
from rushlight.compiler.contraction.emit import Body, kernel
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.kernels.copy import all_contiguous
from rushlight.compiler.kernels.element import entry
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


_STEM = "host"
# Never emptied: plans hold numbers of calls. One entry a function, parameters and shapes.
_calls: list[_Call] = []
_numbers: dict[str, int] = {}
_lock = threading.Lock()


def lower_host(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    launches, ready = all_contiguous(sources)
    kinds = tuple([(source.ndim, source.dtype) for source in (*node.src, node)])
    sizes = [size for source in (*node.src, node) for size in source.shape]
    number = _number_of(node.attrs["name"], _Params(node.attrs["params"]), kinds, *sizes)
    pointers = (*(source.ref for source in ready), out.ref)
    words = (_trampoline().address, number)
    moved = node.nbytes + sum(source.nbytes for source in node.src)
    label = f"host {node.attrs['name']} {node.dtype.name}{shown(node.shape)}"
    return [*launches, Launch(_kernel(len(pointers)), pointers, words, 1, 0, moved, label)]


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
            _calls.append(call)
    return number


def _plain_all(values: Any) -> Any:
    if isinstance(values, tuple):
        return tuple([_plain_all(each) for each in values])
    return plain(values)


def take_error() -> BaseException | None:
    """The exception that ended the last program, once."""
    trampoline = _trampoline()
    error, trampoline.error = trampoline.error, None
    return error


@functools.lru_cache(maxsize=1)
def _trampoline() -> HostCall:
    return HostCall(_run)


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


def _run(arguments: int) -> None:
    """Called with the launch's words: pointers, the trampoline, the number of the call."""
    # The trampoline is found by its address, so that the number of pointers need not be passed.
    place, mine = 0, _trampoline().address
    while ctypes.c_int64.from_address(arguments + 8 * place).value != mine:
        place += 1
    call = _calls[ctypes.c_int64.from_address(arguments + 8 * (place + 1)).value]
    words = (ctypes.c_int64 * place).from_address(arguments)
    arrays = [
        _array(address, shape, dtype)
        for address, (shape, dtype) in zip(words, call.sources, strict=False)
    ]
    node = Node("host", (), call.shape, call.dtype, {"name": call.name, "params": call.params})
    elements = max([array.size for array in arrays], default=0)
    with np.errstate(all="ignore"), openblas.one_thread(elements):
        result = host.call(call.name, arrays, call.params, node)
    _array(words[place - 1], call.shape, call.dtype)[...] = result


def _array(address: int, shape: tuple[int, ...], dtype: DType) -> host.Array:
    """A view of native memory, good while the call lasts."""
    count = math.prod(shape)
    if not count:
        return np.zeros(shape, dtype=dtype.np)
    memory = (ctypes.c_uint8 * (count * dtype.itemsize)).from_address(address)
    return np.ndarray(shape, dtype.np, memoryview(memory))
