"""Host calls: NumPy functions (``ir/host.py``) as launches.

One native trampoline serves them all; a word of the launch says which call it is. An exception of
the function ends the program with ``HostCall.FAILED``; ``take_error()`` then gives it to whoever
ran the program.
"""

from __future__ import annotations

import ctypes
import functools
from typing import Any

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
from rushlight.runtime.executor import HostCall


class _Call(Record):
    """What the trampoline needs to know; not the node, which would keep its graph alive."""

    name: str
    params: tuple[Any, ...]
    sources: tuple[tuple[tuple[int, ...], DType], ...]
    shape: tuple[int, ...]
    dtype: DType


# Never emptied: plans hold numbers of calls. One entry a function, parameters and shapes.
_calls: list[_Call] = []
_numbers: dict[str, int] = {}


def lower_host(node: Node, sources: tuple[Operand, ...], out: Operand) -> list[Launch]:
    launches, ready = all_contiguous(sources)
    kinds = tuple((source.shape, source.dtype) for source in node.src)
    call = _Call(node.attrs["name"], node.attrs["params"], kinds, node.shape, node.dtype)
    # By text: 1, 1.0 and True are equal but not the same parameter.
    number = _numbers.setdefault(repr(call), len(_calls))
    if number == len(_calls):
        _calls.append(call)
    pointers = (*(source.ref for source in ready), out.ref)
    words = (_trampoline().address, number)
    moved = node.nbytes + sum(source.nbytes for source in node.src)
    label = f"host {call.name} {node.dtype.name}{list(node.shape)}"
    return [*launches, Launch(_kernel(len(pointers)), pointers, words, 1, 0, moved, label)]


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
    return kernel("host", entry(body))


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
    with np.errstate(all="ignore"):
        result = host.call(call.name, arrays, call.params, node)
    _array(words[place - 1], call.shape, call.dtype)[...] = result


def _array(address: int, shape: tuple[int, ...], dtype: DType) -> host.Array:
    """A view of native memory, good while the call lasts."""
    count = int(np.prod(shape, dtype=np.int64))
    if not count:
        return np.zeros(shape, dtype=dtype.np)
    memory = memoryview((ctypes.c_uint8 * (count * dtype.itemsize)).from_address(address))
    flat: host.Array = np.frombuffer(memory, dtype=np.uint8).view(dtype.np)
    return flat.reshape(shape)
