"""Which PyTorch name in a checkpoint means which of our objects, and the other way round.

Files carry PyTorch's own names (``torch FloatStorage``, ``torch._utils _rebuild_tensor_v2``), never
ours, so that either side reads what the other wrote.
"""

from __future__ import annotations

import sys
from collections import Counter, OrderedDict
from typing import Any

from rushlight.base.record import Record
from rushlight.nn.parameter import Parameter
from rushlight.serialization import rebuild
from rushlight.serialization.absent import ABSENT
from rushlight.serialization.builtin_types import make_bytearray, make_bytes
from rushlight.serialization.dtype_names import NUMPY_DTYPES, STORAGE_DTYPES, dtype_by_name
from rushlight.serialization.layouts import find_layout
from rushlight.serialization.meta import rebuild_meta
from rushlight.serialization.module_names import COMPANIONS, pytorch_module
from rushlight.serialization.sparse import rebuild_sparse
from rushlight.serialization.storages import UNTYPED, StorageKind
from rushlight.tensor import Size, Tensor, device

OURS = __name__.partition(".")[0]  # the package, where a file says torch

# Python 2 wrote these modules under other names.
OLD_MODULES: dict[str, str] = {"__builtin__": "builtins", "copy_reg": "copyreg"}


class GlobalName(Record):
    """A name as it stands in the pickle: written as it is, without importing anything."""

    module: str
    name: str

    def __call__(self, *args: object) -> object:
        """Never called: pickle asks that the first item of a reduction be callable."""
        raise TypeError(f"{self.module}.{self.name} is a name in a file, not a function here")


def _rebuild_names() -> dict[str, Any]:
    return {
        "torch._utils._rebuild_tensor": rebuild.rebuild_tensor,
        "torch._utils._rebuild_tensor_v2": rebuild.rebuild_tensor_v2,
        "torch._utils._rebuild_tensor_v3": rebuild.rebuild_tensor_v3,
        "torch._utils._rebuild_parameter": rebuild.rebuild_parameter,
        "torch._utils._rebuild_parameter_with_state": rebuild.rebuild_parameter_with_state,
        "torch._utils._rebuild_sparse_tensor": rebuild_sparse,
        "torch._utils._rebuild_meta_tensor_no_storage": rebuild_meta,
        "torch._tensor._rebuild_from_type_v2": rebuild.rebuild_from_type,
        "torch._utils._rebuild_device_tensor_from_cpu_tensor": rebuild.rebuild_on_device,
    }


def _allowed() -> dict[str, Any]:
    names: dict[str, Any] = {
        "collections.OrderedDict": OrderedDict,
        "collections.Counter": Counter,
        "torch.Size": Size,
        "torch.Tensor": Tensor,
        "torch._tensor.Tensor": Tensor,
        "torch.device": device,
        "torch.nn.parameter.Parameter": Parameter,
        "torch.nn.Parameter": Parameter,
        "_codecs.encode": make_bytes,
        "builtins.bytearray": make_bytearray,
        "builtins.set": set,
        "builtins.complex": complex,
        "torch.storage.UntypedStorage": UNTYPED,
        "torch.UntypedStorage": UNTYPED,
    }
    for name, kind in STORAGE_DTYPES.items():
        for module in ("torch", "torch.cuda"):
            names[f"{module}.{name}"] = StorageKind(name, kind)
    for name in NUMPY_DTYPES:
        names[f"torch.{name}"] = dtype_by_name(name)
    names["torch.serialization._get_layout"] = find_layout
    return names | _rebuild_names() | ABSENT


# Everything a file may name under weights_only=True without being asked: full name -> object.
ALLOWED: dict[str, Any] = _allowed()


def modern_name(module: str, name: str) -> str:
    """``module.name`` with Python 2's module names brought up to date."""
    return f"{OLD_MODULES.get(module, module)}.{name}"


_WRITTEN_AS: dict[Any, GlobalName] = {
    Size: GlobalName("torch", "Size"),
    device: GlobalName("torch", "device"),
    Tensor: GlobalName("torch", "Tensor"),
    Parameter: GlobalName("torch.nn.parameter", "Parameter"),
}


def written_as(thing: object) -> GlobalName | None:
    """The PyTorch name under which a class or function of ours stands in a file."""
    try:
        found = _WRITTEN_AS.get(thing)
    except TypeError:  # not hashable, so it is none of ours
        return None
    if found is not None:
        return found
    module, name = getattr(thing, "__module__", None), getattr(thing, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    # Some classes say that they live in torch already, because their printed names must.
    first, dot, rest = module.partition(".")
    if first not in (OURS, "torch"):
        return None
    if not rest or rest.startswith(
        "tensor."
    ):  # generated functions: by a name that users call them by
        for public in (f"{OURS}.nn.functional", OURS):
            if getattr(sys.modules.get(public), name, None) is thing:
                return GlobalName("torch" + public.removeprefix(OURS), name)
    folder, _, below = rest.partition(".")
    public_there = folder in COMPANIONS.values() and not name.startswith("_")
    if public_there and "." in below:  # by the package that exports it
        package = f"{folder}.{below.rpartition('.')[0]}"
        if getattr(sys.modules.get(f"{OURS}.{package}"), name, None) is thing:
            rest = package
    return GlobalName(pytorch_module(f"torch{dot}{rest}", name), name)


def is_torchs(name: str) -> bool:
    """Whether a full name is one of PyTorch's or of its companions'."""
    first, dot, _ = name.partition(".")
    return bool(dot) and (first == "torch" or first in COMPANIONS)


def find_ours(module: str, name: str) -> Any:
    """What ``torch...`` ``name`` is called here. Raises AttributeError where we have no such thing.

    Used under weights_only=False only, where the user trusts the file.
    """
    allowed = ALLOWED.get(f"{module}.{name}")
    if allowed is not None:
        return allowed
    if module == "torch._C" and name == "_VariableFunctionsClass":
        return sys.modules[OURS]  # PyTorch's built-in functions, asked for by getattr
    if module == "torch._C._nn":
        module, name = "torch.nn.functional", {"log_sigmoid": "logsigmoid"}.get(name, name)
    first, *parts = module.split(".")
    if first in COMPANIONS:
        parts.insert(0, COMPANIONS[first])
    while True:
        here = ".".join([OURS, *parts])
        owner: Any = sys.modules.get(here) or _import_or_none(here)
        for part in name.split("."):
            owner = getattr(owner, part, None)
        if owner is not None:
            return owner
        if not parts:
            raise AttributeError(
                f"torch.load: the file names {module}.{name}, which is unknown to Rushlight"
            )
        parts.pop()


def _import_or_none(module: str) -> Any:
    try:
        __import__(module)
    except ModuleNotFoundError:
        return None
    return sys.modules[module]
