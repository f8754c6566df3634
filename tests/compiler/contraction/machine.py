"""Runs launches without the engine: llvmlite compiles, ctypes calls, chunk by chunk."""

from __future__ import annotations

import ctypes
import itertools
import time
from collections.abc import Sequence
from typing import Any

import numpy as np

from rushlight.compiler.contraction import Operand
from rushlight.compiler.launch import Kernel, Launch, Ref, Scratch
from rushlight.runtime import cpu, llvm

NAMES = {
    "float32": "f32", "float64": "f64", "float16": "f16", "bfloat16": "bf16", "int64": "i64",
    "int32": "i32", "int16": "i16", "int8": "i8", "uint8": "u8", "bool": "bool",
}  # fmt: skip
_SIGNATURE = ctypes.CFUNCTYPE(ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64)
_compiled: dict[str, tuple[Any, Any]] = {}
compile_seconds: dict[str, float] = {}


def target(host: cpu.Cpu | None = None) -> Any:
    host = host or cpu.host()
    found = llvm.binding().Target.from_triple(host.triple)
    return found.create_target_machine(cpu=host.name, features=host.features, opt=3, jit=True)


def optimised(kernel: Kernel, machine: Any) -> Any:
    binding = llvm.binding()
    module = binding.parse_assembly(kernel.text)
    module.verify()
    options = binding.create_pipeline_tuning_options(speed_level=3)
    options.loop_vectorization = False
    options.slp_vectorization = False
    options.loop_unrolling = False
    builder = binding.create_pass_builder(machine, options)
    builder.getModulePassManager().run(module, builder)
    return module


def assembly(kernel: Kernel, host: cpu.Cpu | None = None) -> str:
    machine = target(host)
    text: str = machine.emit_assembly(optimised(kernel, machine))
    return text


def compiled(kernel: Kernel) -> Any:
    if kernel.text not in _compiled:
        binding = llvm.binding()
        begin = time.perf_counter()
        machine = target()
        module = optimised(kernel, machine)
        engine = binding.create_mcjit_compiler(module, machine)
        engine.finalize_object()
        function = _SIGNATURE(engine.get_function_address(kernel.symbol))
        compile_seconds[kernel.symbol] = time.perf_counter() - begin
        _compiled[kernel.text] = engine, function
    return _compiled[kernel.text][1]


def operand(array: np.ndarray[Any, Any]) -> Operand:
    """``array`` itself is the buffer of the operand's ``Ref``."""
    strides = tuple(step // array.itemsize for step in array.strides)
    return Operand(Ref(array), NAMES[array.dtype.name], array.shape, strides)


class Prepared:
    """A list of launches with its scratch and arguments in place; ``run()`` does them all."""

    def __init__(self, launches: Sequence[Launch]) -> None:
        self.scratch: dict[int, np.ndarray[Any, Any]] = {}
        self.calls: list[tuple[Any, Any, int]] = []
        self.keep = list(launches)
        for launch in launches:
            pointers = [self._address(ref) for ref in launch.pointers]
            words = np.array([*pointers, *launch.words], dtype=np.int64)
            self.calls.append((compiled(launch.kernel), words, launch.chunks))

    def _address(self, ref: Ref) -> int:
        buffer = ref.buffer
        if isinstance(buffer, Scratch):
            room = self.scratch.setdefault(
                id(buffer), np.full(buffer.nbytes + 64, 0xFF, dtype=np.uint8)
            )
            return -(-room.ctypes.data // 64) * 64 + ref.offset_bytes
        assert isinstance(buffer, np.ndarray)
        return int(buffer.ctypes.data) + ref.offset_bytes

    def run(self, parts: int = 1) -> None:
        """Each launch's chunks in ``parts`` calls, the last part first."""
        for function, words, chunks in self.calls:
            cuts = [chunks * part // parts for part in range(parts + 1)]
            for begin, end in reversed(list(itertools.pairwise(cuts))):
                if function(words.ctypes.data, begin, end) != 0:
                    raise RuntimeError("kernel failed")


def run(launches: Sequence[Launch], parts: int = 1) -> None:
    Prepared(launches).run(parts)
