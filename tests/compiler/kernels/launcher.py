"""Runs launches without the engine: buffers of NumPy, kernels one chunk at a time."""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from rushlight.base.shape import contiguous_strides
from rushlight.compiler.contraction.operand import Operand
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.ir.graph import Node
from rushlight.ir.text import dtype_name
from rushlight.runtime import code

Array = np.ndarray[Any, Any]
# Past the end of every buffer: whoever writes there is found out.
_GUARD = 64
_FENCE = 0xA5


class KernelFailed(Exception):
    """A kernel returned this error code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def buffer(nbytes: int) -> Array:
    return np.full(nbytes + _GUARD, _FENCE, dtype=np.uint8)


def operand_of(node: Node, ref: Ref) -> Operand:
    return Operand(ref, dtype_name(node.dtype), node.shape, contiguous_strides(node.shape))


def run_launches(launches: Sequence[Launch], memory: dict[object, Array]) -> None:
    """Every chunk by itself, in a shuffled order: chunks may not depend on each other."""
    shuffle = random.Random(0)
    for launch in launches:
        texts = (launch.kernel.symbol, launch.kernel.text)
        address = code.load([texts])[launch.kernel.symbol]
        function = ctypes.CFUNCTYPE(
            ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64
        )(address)
        pointers = []
        for ref in launch.pointers:
            if ref.buffer not in memory:
                assert isinstance(ref.buffer, Scratch)
                memory[ref.buffer] = buffer(ref.buffer.nbytes)
            pointers.append(memory[ref.buffer].ctypes.data + ref.offset_bytes)
        words = np.array([*pointers, *launch.words], dtype=np.int64)
        order = list(range(launch.chunks))
        shuffle.shuffle(order)
        for chunk in order:
            failed = function(words.ctypes.data, chunk, chunk + 1)
            if failed:
                raise KernelFailed(failed)
    for block in memory.values():
        assert (block[-_GUARD:] == _FENCE).all(), "written past the end of a buffer"


def run_node(
    node: Node,
    arrays: Sequence[Array],
    lower: Callable[[Node, tuple[Operand, ...], Operand], list[Launch]],
) -> Array:
    """The value of ``node`` computed by its lowering."""
    memory: dict[object, Array] = {}
    sources = []
    for source, array in zip(node.src, arrays, strict=True):
        sources.append(place(memory, source, array))
    memory[node] = buffer(node.nbytes)
    run_launches(lower(node, tuple(sources), operand_of(node, Ref(node))), memory)
    return value(memory, node)


def place(memory: dict[object, Array], node: Node, array: Array) -> Operand:
    """Copy ``array`` in as the value of ``node``."""
    if node not in memory:
        memory[node] = buffer(array.nbytes)
        memory[node][: array.nbytes] = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return operand_of(node, Ref(node))


def value(memory: dict[object, Array], node: Node) -> Array:
    raw = memory[node][: node.nbytes]
    return raw.view(node.dtype.np).reshape(node.shape).copy()
