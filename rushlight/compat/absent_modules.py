"""Modules of PyTorch's for work that is not done here: their names can be imported, not used.

Libraries import ``FSDPModule`` or ``ExportedProgram`` at their top, for ``isinstance`` and
annotations, whether a program ever makes one or not. So every public name of these modules is a
class without instances; calling it raises NotImplementedError with the module's sentence. Questions
(``is_traceable_wrapper_subclass(tensor)``) have an answer: nothing is of a kind that is left out.

>>> from rushlight.compat import script
>>> module = made("torch.export")
>>> isinstance(3, module.ExportedProgram)
False
>>> module.export(print)
Traceback (most recent call last):
    ...
rushlight.base.left_out.LeftOut: torch.export.export is left out of Rushlight: graphs are not ...
"""

from __future__ import annotations

from importlib import import_module
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, final

from rushlight.base.left_out import ONE_PROCESS, QUANTISED, absent_class

_EXPORT = "graphs are not written to files; torch.save the state_dict"
_INSIDES = "its own compiler has nothing of this kind"

# A module and all below it, with the sentence that its names raise.
_WHY = {
    "torch.distributed._composable": ONE_PROCESS,
    "torch.distributed._functional_collectives": ONE_PROCESS,
    "torch.distributed._shard": ONE_PROCESS,
    "torch.distributed._tensor": ONE_PROCESS,
    "torch.distributed.algorithms._checkpoint": ONE_PROCESS,
    "torch.distributed.algorithms.ddp_comm_hooks": ONE_PROCESS,
    "torch.distributed.algorithms.model_averaging": ONE_PROCESS,
    "torch.distributed.checkpoint": ONE_PROCESS,
    "torch.distributed.elastic": ONE_PROCESS,
    "torch.distributed.fsdp": ONE_PROCESS,
    "torch.distributed.launcher": ONE_PROCESS,
    "torch.distributed.pipelining": ONE_PROCESS,
    "torch.distributed.run": ONE_PROCESS,
    "torch.distributed.tensor": ONE_PROCESS,
    "torch.ao": QUANTISED,
    "torch.nn.intrinsic": QUANTISED,
    "torch.nn.qat": QUANTISED,
    "torch.nn.quantized": QUANTISED,
    "torch.quantization": QUANTISED,
    "torch.export": _EXPORT,
    "torch.onnx.symbolic_helper": _EXPORT,
    "torch.fx.passes": _INSIDES,
    "torch.fx.experimental.symbolic_shapes": _INSIDES,
    "torch._dynamo": _INSIDES,
    "torch._functorch": _INSIDES,
    "torch._guards": _INSIDES,
    "torch._higher_order_ops": _INSIDES,
    "torch._inductor": _INSIDES,
    "torch._ops": _INSIDES,
    "torch._prims_common": _INSIDES,
    "torch.nested._internal": _INSIDES,
    "torch.utils._python_dispatch": _INSIDES,
    "torch.utils._sympy": _INSIDES,
    "torch.utils.cpp_extension": "extensions in C++ are not part of it; write them in Python",
}

# What PyTorch's module of that name imports: its parent has it as an attribute from then on.
_BRINGS = {"torch.distributed._composable.fsdp": "torch.distributed.fsdp"}


def why_absent(name: str) -> str | None:
    """The sentence for the module ``name`` (``torch.``...), None where it is not one of these."""
    while name:
        if name in _WHY:
            return _WHY[name]
        name = name.rpartition(".")[0]
    return None


def _no(*args: Any, **kwargs: Any) -> bool:
    """False: the answer to whether something is of a kind that does not exist."""
    return False


class _AbsentModule(ModuleType):
    """A module of which every public name is there, and does nothing but raise."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        why = why_absent(self.__name__)
        assert why is not None
        made = _no if name.startswith("is_") else absent_class(f"{self.__name__}.{name}", why)
        setattr(self, name, made)
        return made


@final
class AbsentLoader(Loader):
    """Makes such a module for an import."""

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """An empty one: names are made when they are asked for."""
        return made(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing to run but the imports that a user may count on."""
        brought = _BRINGS.get(module.__name__)
        if brought is not None:
            import_module(brought)


def made(name: str) -> ModuleType:
    """The module ``name``."""
    return _AbsentModule(name, f"``{name}``: left out of Rushlight: {why_absent(name)}.")
