"""Rushlight: PyTorch's programming interface on an engine that is all Python.

    import rushlight as torch

Names and nothing else: importing this opens no device and compiles nothing. Sub-packages (``nn``,
``optim``, ``utils`` ...) are imported when first used.
"""

from __future__ import annotations

import importlib
import math
import sys
from typing import Any

from rushlight.base.left_out import left_out
from rushlight.base.limits import finfo, iinfo
from rushlight.base.version import __version__
from rushlight.settings import (
    are_deterministic_algorithms_enabled,
    get_deterministic_debug_mode,
    get_float32_matmul_precision,
    get_num_interop_threads,
    get_num_threads,
    is_deterministic_algorithms_warn_only_enabled,
    set_default_device,
    set_default_tensor_type,
    set_deterministic_debug_mode,
    set_float32_matmul_precision,
    set_flush_denormal,
    set_num_interop_threads,
    set_num_threads,
    use_deterministic_algorithms,
)  # fmt: skip
from rushlight.tensor import *
from rushlight.tensor import Tensor, named
from rushlight.tensor import _float as float
from rushlight.tensor import _int as int
from rushlight.tensor import bool_ as bool
from rushlight.tensor.anomaly import (
    is_anomaly_check_nan_enabled,
    is_anomaly_enabled,
    set_anomaly_enabled,
)  # fmt: skip
from rushlight.tensor.interface import (
    ABSENT,
    _assert_async,
    allclose,
    broadcast_shapes,
    can_cast,
    chain_matmul,
    channels_last,
    channels_last_3d,
    contiguous_format,
    equal,
    get_default_device,
    is_complex,
    is_floating_point,
    is_nonzero,
    is_storage,
    is_tensor,
    layout,
    memory_format,
    numel,
    preserve_format,
    promote_types,
    result_type,
    sparse_coo,
    strided,
    typename,
)  # fmt: skip
from rushlight.tensor.legacy import (
    BFloat16Tensor,
    BoolTensor,
    ByteTensor,
    CharTensor,
    DoubleTensor,
    FloatTensor,
    HalfTensor,
    IntTensor,
    LongTensor,
    ShortTensor,
)  # fmt: skip

pi = math.pi
e = math.e
inf = math.inf
nan = math.nan
newaxis = None
torch = sys.modules[__name__]  # PyTorch imports itself, and some programs say torch.torch
legacy_contiguous_format = contiguous_format
has_lapack = has_mkl = has_openmp = has_spectral = True  # what needs them works without

_SUBMODULES = frozenset(
    {
        "_C", "__config__", "_dynamo", "_inductor", "_tensor", "_tensor_str", "_utils",
        "accelerator", "amp", "autograd", "backends", "board", "compiler", "cpu", "cuda",
        "distributed", "distributions", "fft", "func", "functional", "futures", "fx", "hub",
        "jit", "library", "linalg", "masked", "mps", "multiprocessing", "nested", "nn", "onnx",
        "optim", "overrides", "profiler", "quasirandom", "random", "return_types",
        "serialization", "signal", "sparse", "special", "storage", "testing", "types", "utils",
        "version", "vision", "xpu",
    }
)  # fmt: skip
_AUTOCAST = (
    "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
    "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype",
    "is_autocast_cache_enabled", "is_autocast_cpu_enabled", "is_autocast_enabled",
    "set_autocast_cache_enabled", "set_autocast_cpu_dtype", "set_autocast_cpu_enabled",
    "set_autocast_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype",
)  # fmt: skip
# Names of ``torch`` that are at home in a sub-package, imported when first used.
_STORAGES = (
    "BFloat16Storage", "BoolStorage", "ByteStorage", "CharStorage", "ComplexDoubleStorage",
    "ComplexFloatStorage", "DoubleStorage", "FloatStorage", "HalfStorage", "IntStorage",
    "LongStorage", "ShortStorage",
)  # fmt: skip
_FROM = {
    "from_dlpack": "tensor.dlpack", "to_dlpack": "tensor.dlpack",
    "UntypedStorage": "tensor.storage_names", "TypedStorage": "tensor.storage_names",
    **dict.fromkeys(_STORAGES, "tensor.storage_names"),
    "DeviceObjType": "_C", "PyTorchFileReader": "_C", "PyTorchFileWriter": "_C",
    "TensorType": "_C",
    "Future": "futures", "ScriptModule": "jit", "ScriptFunction": "jit",
    "GradScaler": "amp", "OutOfMemoryError": "cuda", "AcceleratorError": "cuda",
    "get_device_module": "accelerator", "Stream": "cuda.streams", "Event": "cuda.streams",
    **dict.fromkeys(
        ("SymBool", "SymFloat", "SymInt", "sym_float", "sym_int", "sym_ite", "sym_max",
         "sym_min", "sym_not", "sym_sqrt", "sym_sum"),
        "symbols",
    ),
    "compile": "_dynamo", "set_warn_always": "settings", "is_warn_always_enabled": "settings",
    "load": "serialization", "save": "serialization", "vmap": "func", "autocast": "amp",
    **dict.fromkeys(_AUTOCAST, "amp.switches"),
}  # fmt: skip


def __getattr__(name: str) -> Any:
    """Operations come from the op table, sub-packages from their folders, when first used."""
    if name in _SUBMODULES:
        return importlib.import_module(f"rushlight.{name}")
    if name in _FROM:
        found = getattr(importlib.import_module(f"rushlight.{_FROM[name]}"), name)
    else:
        found = ABSENT.get(name) or named(name)
    if found is None:
        raise left_out("torch", name) or AttributeError(f"module 'torch' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    from rushlight.ops import OPS
    from rushlight.tensor import functions

    functions.load_rare()
    ops = [op.name for op in OPS.values() if op.torch and not op.name.startswith("_")]
    return sorted(
        {*globals(), *_SUBMODULES, *_FROM, *functions.TORCH, *functions.TORCH_FORMS, *ops}
    )
