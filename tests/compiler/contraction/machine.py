"""Runs launches without the engine: on the executor, or by hand in any order of chunks."""

from __future__ import annotations

import ctypes
import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.compiler.contraction import Operand
from rushlight.compiler.launch import Launch, Ref, Scratch
from rushlight.runtime import code
from rushlight.runtime.executor import Command, Program

NAMES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "int64": "i64",
    "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "bool": "bool",
}  # fmt: skip
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)


def operand(array: np.ndarray[Any, Any]) -> Operand:
    """``array`` itself is the buffer of the operand's ``Ref``."""
    strides = tuple(step // array.itemsize for step in array.strides)
    return Operand(Ref(array), NAMES[array.dtype.name], array.shape, strides)


def aligned(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """A copy that starts on a cache line, as the engine's buffers do (NumPy's often do not)."""
    room = np.zeros(array.nbytes + 64, np.uint8)
    start = -int(room.ctypes.data) % 64
    found = room[start : start + array.nbytes].view(array.dtype).reshape(array.shape)
    found[...] = array
    return found


class Prepared:
    """A list of launches with its scratch and arguments in place; ``run()`` does them all."""

    def __init__(self, launches: Sequence[Launch]) -> None:
        self.launches = list(launches)
        self.scratch: dict[int, np.ndarray[Any, Any]] = {}
        kernels = [(launch.kernel.symbol, launch.kernel.text) for launch in launches]
        self.addresses = code.load(kernels)
        self.slots = np.zeros(1, np.int64)
        commands = []
        for launch in launches:
            # Slot 0 holds 0, so that every offset is an address.
            pointers = [(0, self._address(ref)) for ref in launch.pointers]
            address = self.addresses[launch.kernel.symbol]
            commands.append(Command(address, launch.chunks, pointers, launch.words))
        self.program = Program(commands)

    def _address(self, ref: Ref) -> int:
        buffer = ref.buffer
        if isinstance(buffer, Scratch):
            room = self.scratch.setdefault(
                id(buffer), np.full(buffer.nbytes + 64, 0xFF, dtype=np.uint8)
            )
            return -(-int(room.ctypes.data) // 64) * 64 + ref.offset_bytes
        assert isinstance(buffer, np.ndarray)
        return int(buffer.ctypes.data) + ref.offset_bytes

    def run(self) -> None:
        """As the engine does."""
        if self.program.run(self.slots.ctypes.data) is not None:
            raise RuntimeError("a kernel failed")

    def run_in_parts(self, parts: int) -> None:
        """Each launch's chunks in ``parts`` calls, the last part first."""
        for launch in self.launches:
            function = _SIGNATURE(self.addresses[launch.kernel.symbol])
            pointers = [self._address(ref) for ref in launch.pointers]
            words = np.array([*pointers, *launch.words], dtype=np.int64)
            cuts = [launch.chunks * part // parts for part in range(parts + 1)]
            for begin, end in reversed(list(itertools.pairwise(cuts))):
                if function(words.ctypes.data, begin, end) != 0:
                    raise RuntimeError("a kernel failed")


def run(launches: Sequence[Launch], parts: int = 0) -> None:
    """In ``parts`` calls a launch, or (0) on the executor."""
    prepared = Prepared(launches)
    if parts:
        prepared.run_in_parts(parts)
    else:
        prepared.run()
