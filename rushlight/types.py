"""``torch.types``: names for annotations."""

from __future__ import annotations

import builtins
import os
from collections.abc import Sequence
from typing import IO, Any, TypeAlias

from rushlight.base.dtype import dtype as _dtype
from rushlight.engine.value import Size
from rushlight.tensor import Tensor
from rushlight.tensor.device import Device as _device
from rushlight.tensor.interface import layout as _layout
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage

_int, _float, _bool, _complex = builtins.int, builtins.float, builtins.bool, builtins.complex
_size: TypeAlias = Size | list[builtins.int] | tuple[builtins.int, ...]
_symsize: TypeAlias = _size
_TensorOrTensors: TypeAlias = Tensor | Sequence[Tensor]
_TensorOrOptionalTensors: TypeAlias = Tensor | tuple[Tensor | None, ...]
Number: TypeAlias = builtins.int | builtins.float | builtins.bool
Device: TypeAlias = _device | str | builtins.int | None
Storage: TypeAlias = UntypedStorage | TypedStorage
FileLike: TypeAlias = str | os.PathLike[str] | IO[bytes]
SymInt: TypeAlias = builtins.int
IntLikeType: TypeAlias = builtins.int
FloatLikeType: TypeAlias = builtins.float
BoolLikeType: TypeAlias = builtins.bool
PySymType: TypeAlias = Any
_dispatchkey: TypeAlias = str
_qscheme: TypeAlias = Any

__all__ = ["Device", "FileLike", "Number", "Storage", "_device", "_dtype", "_layout", "_size"]
