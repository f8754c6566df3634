"""``torch._C``: the few names of PyTorch's compiled part that libraries ask for."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from rushlight.base.left_out import absent_class
from rushlight.library.operator import below_autograd
from rushlight.tensor import Generator, Tensor
from rushlight.tensor.overrides import DisableTorchFunction, DisableTorchFunctionSubclass
from rushlight.tensor.to_arguments import parse_to

_TensorMeta = type(Tensor)


def _get_tracing_state() -> None:
    """None: nothing is being traced for TorchScript."""
    return


def _is_tracing() -> bool:
    return False


def _are_functorch_transforms_active() -> bool:
    """False: ``torch.func`` transforms are seen by nobody but themselves here."""
    return False


def _log_api_usage_once(event: str) -> None:
    """Nothing is told to anybody."""


def _jit_set_profiling_executor(profiling: bool) -> bool:
    """True, as it was: plans are made for the shapes met, and nothing else is there to choose."""
    return True


_jit_set_profiling_mode = _jit_set_profiling_executor


@contextmanager
def _AutoDispatchBelowAutograd() -> Iterator[None]:
    """Inside, custom operators run their kernels: for what is registered for "Autograd"."""
    before, below_autograd.inside = below_autograd.inside, True
    try:
        yield
    finally:
        below_autograd.inside = before


def _cuda_isInBadFork() -> bool:
    return False


class _Disabled:
    """No function: as ``__torch_function__`` of a class it is not bound to tensors."""

    def __call__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Call ``func`` without asking subclasses: for a class whose results need not be of it."""
        with DisableTorchFunctionSubclass():
            return func(*args, **(kwargs or {}))


_disabled_torch_function_impl = _Disabled()


class _nn:
    """``torch._C._nn``."""

    @staticmethod
    def _parse_to(*args: Any, **kwargs: Any) -> tuple[Any, Any, Any, Any]:
        """Device, dtype, non_blocking and memory format of a call ``to(*args, **kwargs)``."""
        asked = parse_to(args, kwargs)
        return asked.device, asked.dtype, asked.non_blocking, asked.memory_format


_FILES = "torch.load and torch.save read and write files"
TensorType = absent_class("torch.TensorType", "it is a type of TorchScript; use torch.Tensor")
DeviceObjType = absent_class("torch.DeviceObjType", "it is a type of TorchScript; use torch.device")
PyTorchFileReader = absent_class("torch.PyTorchFileReader", _FILES)
_SCRIPT = "TorchScript, whose parts it holds, is left out"
Graph = absent_class("torch._C.Graph", _SCRIPT)
Value = absent_class("torch._C.Value", _SCRIPT)
PyTorchFileWriter = absent_class("torch.PyTorchFileWriter", _FILES)

__all__ = ["DisableTorchFunction", "DisableTorchFunctionSubclass", "Generator"]
