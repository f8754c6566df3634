"""Run the functions of rushlight.compiler.math on NumPy arrays, through llvmlite alone."""

from __future__ import annotations

import ctypes
from functools import lru_cache
from typing import Any

import llvmlite.binding as llvm
import numpy as np

from rushlight.compiler import math

llvm.initialize_native_target()
llvm.initialize_native_asmprinter()
DTYPES = {"f32": np.float32, "f64": np.float64}
BINARY = {"pow", "atan2", "fmod", "remainder", "exp_share"}


def loop_text(name: str, dtype: str, lanes: int) -> str:
    """A module with @run(x, y, out, count): out[i] = name(x[i], y[i]), count % lanes == 0."""
    element = {"f32": "float", "f64": "double"}[dtype]
    kind = element if lanes == 1 else f"<{lanes} x {element}>"
    size = 4 if dtype == "f32" else 8
    second = f", {kind} %b" if name in BINARY else ""
    return f"""
{math.definitions([(name, dtype, lanes)])}
define void @run(ptr noalias %x, ptr noalias %y, ptr noalias %out, i64 %count) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  %px = getelementptr {element}, ptr %x, i64 %i
  %py = getelementptr {element}, ptr %y, i64 %i
  %po = getelementptr {element}, ptr %out, i64 %i
  %a = load {kind}, ptr %px, align {size}
  %b = load {kind}, ptr %py, align {size}
  %r = call {kind} @rl_{name}_{dtype}x{lanes}({kind} %a{second})
  store {kind} %r, ptr %po, align {size}
  %next = add i64 %i, {lanes}
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


def target_machine() -> Any:
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(
        cpu=llvm.get_host_cpu_name(),
        features=llvm.get_host_cpu_features().flatten(),
        opt=3,
        jit=True,
    )


def optimised(text: str) -> tuple[Any, Any]:
    """(module after O3, its target machine)."""
    machine = target_machine()
    module = llvm.parse_assembly(text)
    module.verify()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=3))
    builder.getModulePassManager().run(module, builder)
    return module, machine


class Native:
    """One compiled function; calling it takes and returns arrays of any length."""

    def __init__(self, name: str, dtype: str, lanes: int) -> None:
        module, machine = optimised(loop_text(name, dtype, lanes))
        self.dtype, self.lanes = DTYPES[dtype], lanes
        self.engine = llvm.create_mcjit_compiler(module, machine)
        self.engine.finalize_object()
        signature = ctypes.CFUNCTYPE(
            None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64
        )
        self.run = signature(self.engine.get_function_address("run"))

    def __call__(self, x: Any, y: Any = None) -> Any:
        x = np.asarray(x, self.dtype)
        shape = x.shape
        y = np.broadcast_to(np.asarray(0 if y is None else y, self.dtype), shape)
        padded = -(-max(x.size, 1) // self.lanes) * self.lanes
        a, b, out = (np.ones(padded, self.dtype) for _ in range(3))
        a[: x.size], b[: x.size] = x.ravel(), y.ravel()
        self.run(a.ctypes.data, b.ctypes.data, out.ctypes.data, padded)
        return out[: x.size].reshape(shape)


@lru_cache(maxsize=256)
def native(name: str, dtype: str, lanes: int = 8) -> Native:
    return Native(name, dtype, lanes)
