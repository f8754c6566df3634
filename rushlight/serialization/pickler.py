"""A pickler that writes PyTorch's names for our objects and hands storages aside."""

from __future__ import annotations

import io
import pickle
from collections import OrderedDict
from types import FunctionType, ModuleType
from typing import Any, ClassVar

from rushlight.base.dtype import dtype as Dtype
from rushlight.base.warn import warn
from rushlight.nn.parameter import Parameter, UninitializedTensorMixin
from rushlight.serialization.dtype_names import NUMPY_DTYPES, STORAGE_OF_DTYPE, dtype_name
from rushlight.serialization.locations import tag_of
from rushlight.serialization.meta import reduce_meta
from rushlight.serialization.names import GlobalName, written_as
from rushlight.serialization.sparse import reduce_sparse
from rushlight.serialization.storages import StorageBytes, bytes_of
from rushlight.tensor import Size, Tensor, device
from rushlight.tensor.generator import Generator
from rushlight.tensor.interface import layout
from rushlight.tensor.meta_device import is_shell
from rushlight.tensor.methods.duplicate import attributes
from rushlight.tensor.sparse.coo import SparseTensor
from rushlight.tensor.storage_names import TypedStorage, UntypedStorage

REBUILD_V2 = GlobalName("torch._utils", "_rebuild_tensor_v2")
REBUILD_V3 = GlobalName("torch._utils", "_rebuild_tensor_v3")
REBUILD_PARAMETER = GlobalName("torch._utils", "_rebuild_parameter")
REBUILD_PARAMETER_WITH_STATE = GlobalName("torch._utils", "_rebuild_parameter_with_state")
REBUILD_FROM_TYPE = GlobalName("torch._tensor", "_rebuild_from_type_v2")
# Most of what a state dict holds beside tensors; pickle writes it in its own way.
PLAIN = frozenset({str, int, float, bool, type(None), tuple, list, dict, OrderedDict})
REBUILD_SPARSE = GlobalName("torch._utils", "_rebuild_sparse_tensor")
REBUILD_META = GlobalName("torch._utils", "_rebuild_meta_tensor_no_storage")
UNTYPED_STORAGE = GlobalName("torch.storage", "UntypedStorage")


# What reduces a tensor to something else than ``reduce_tensor`` makes of it is the user's.
PLAIN_REDUCE = frozenset(
    kind.__reduce_ex__ for kind in (Tensor, Parameter, SparseTensor, UninitializedTensorMixin)
)


class StorageTable:
    """The storages that a pickle mentions, in the order of their keys."""

    def __init__(self) -> None:
        self.storages: list[StorageBytes] = []
        self.places: dict[tuple[int, int], int] = {}
        self.first_at: dict[tuple[int, int], int] = {}
        self.foreign_at: dict[tuple[int, int], int] = {}
        self.dtypes: dict[int, str] = {}

    def place(self, storage: StorageBytes, dtype: str) -> int:
        """The storage's number. Raises RuntimeError if it was seen under another dtype."""
        new = len(self.storages)
        if not storage.key[1]:  # empty storages are each their own
            place = new
        else:
            # Memory of others is the same where its address is; ours where the storage is.
            seen = self.first_at if storage.foreign else self.foreign_at
            place = self.places.get(storage.key, seen.get(storage.place, new))
            self.places[storage.key] = place
            self.first_at.setdefault(storage.place, place)
            if storage.foreign:
                self.foreign_at.setdefault(storage.place, place)
        if place == new:
            self.storages.append(storage)
            self.dtypes[place] = dtype
        elif self.dtypes[place] != dtype:
            raise RuntimeError(
                "Cannot save multiple tensors or storages that view the same data as different "
                "types"
            )
        return place


class StorageIdentity:
    """A storage as the pickle mentions it; the pickler writes it as a persistent id."""

    def __init__(self, identity: tuple[Any, ...]) -> None:
        self.identity = identity


def make_pickler(pickle_module: ModuleType, legacy: bool) -> type[Any]:
    """A pickler class on top of ``pickle_module``'s, which must be written in Python."""
    base = pickle._Pickler if pickle_module is pickle else pickle_module.Pickler  # type: ignore[attr-defined]
    if not issubclass(base, pickle._Pickler):  # type: ignore[attr-defined]
        raise NotImplementedError(
            f"torch.save: pickle_module {pickle_module.__name__!r} has a Pickler that does not "
            "build on Python's own (pickle._Pickler), as pickle, dill and cloudpickle-like "
            "modules do; leave pickle_module at its default"
        )

    class Pickler(base):  # type: ignore[misc, valid-type]
        """Names of ours become PyTorch's; tensors become rebuild calls on storages."""

        def __init__(self, file: Any, protocol: int, table: StorageTable) -> None:
            super().__init__(file, protocol)
            self.table = table
            self.names: dict[GlobalName, GlobalName] = {}

        def persistent_id(self, thing: Any) -> Any:
            if type(thing) is StorageIdentity:
                return thing.identity
            if isinstance(thing, (TypedStorage, UntypedStorage)):
                untyped = isinstance(thing, UntypedStorage)
                kind = "" if untyped else dtype_name(thing.dtype)
                return identity_of(bytes_of(thing._whole), kind, self.table, legacy)
            return None

        def reducer_override(self, thing: Any) -> Any:
            if type(thing) in PLAIN:
                return NotImplemented
            if isinstance(thing, Tensor):
                if type(thing).__reduce_ex__ not in PLAIN_REDUCE:  # a sub-class with its own
                    return NotImplemented
                return reduce_tensor(thing, self.table, legacy)
            if isinstance(thing, Size):
                return GlobalName("torch", "Size"), (tuple(thing),)
            if isinstance(thing, device):
                where = (thing.type,) if thing.index is None else (thing.type, thing.index)
                return GlobalName("torch", "device"), where
            if isinstance(thing, layout):
                return GlobalName("torch.serialization", "_get_layout"), (str(thing),)
            if isinstance(thing, Generator):
                state = (thing.initial_seed(), None, thing.get_state())
                return GlobalName("torch._C", "Generator"), (thing.device,), state
            if isinstance(thing, (Dtype, GlobalName)):
                return "a global"
            return NotImplemented

        def save_global(self, thing: Any, name: str | None = None) -> None:
            torch_name = global_name(thing)
            if torch_name is None:
                super().save_global(thing, name)
                return
            # Equal names are one object in the memo, however often they were made.
            torch_name = self.names.setdefault(torch_name, torch_name)
            known = self.memo.get(id(torch_name))
            if known is not None:
                self.write(self.get(known[0]))
                return
            line = f"c{torch_name.module}\n{torch_name.name}\n"
            self.write(line.encode())
            self.memoize(torch_name)

        dispatch: ClassVar = {**base.dispatch, FunctionType: save_global}

    return Pickler


def global_name(thing: Any) -> GlobalName | None:
    """The name to write for ``thing``, or None where pickle's own way is right."""
    if isinstance(thing, GlobalName):
        return thing
    if isinstance(thing, Dtype):
        return GlobalName("torch", dtype_name(thing))
    return written_as(thing)


def reduce_tensor(tensor: Tensor, table: StorageTable, legacy: bool) -> tuple[Any, ...]:
    """(rebuild function, arguments) for one tensor, as PyTorch 2 writes it."""
    if isinstance(tensor, UninitializedTensorMixin):
        return GlobalName("torch.nn.parameter", type(tensor).__name__), (tensor.requires_grad,)
    kind, state = type(tensor), state_of(tensor)
    if issubclass(kind, Parameter):
        held = (tensor.detach(), tensor.requires_grad, OrderedDict())
        if state:
            return REBUILD_PARAMETER_WITH_STATE, (*held, state)
        return REBUILD_PARAMETER, held
    sparse = isinstance(tensor, SparseTensor)
    if sparse:
        function, args = REBUILD_SPARSE, reduce_sparse(tensor)
    elif is_shell(tensor):
        function, args = REBUILD_META, reduce_meta(tensor)
    else:
        function, args = reduce_dense(tensor, table, legacy)
    if not state and (sparse or kind is Tensor):
        return function, args
    return REBUILD_FROM_TYPE, (function, Tensor if sparse else kind, args, state)


def state_of(tensor: Tensor) -> Any:
    """What goes into a file beside the elements: attributes, or what the class says they are."""
    own = getattr(type(tensor), "__getstate__", None)
    if own is not getattr(object, "__getstate__", None):
        return own(tensor)
    found = attributes(tensor)
    found.pop("_conjugate", None)  # the elements are written as they are seen
    return found


def reduce_dense(
    tensor: Tensor, table: StorageTable, legacy: bool
) -> tuple[GlobalName, tuple[Any, ...]]:
    """(rebuild function, arguments) of a tensor's elements."""
    for hook in tensor.__dict__.get("_hooks", {}).values():
        if not getattr(hook, "__torch_unserializable__", False):
            warn(f"backward hook {hook!r} on tensor will not be serialized.")
    name = dtype_name(tensor.dtype)
    args: tuple[Any, ...] = (
        StorageIdentity(identity_of(bytes_of(tensor), name, table, legacy)),
        tensor.storage_offset(),
        tuple(tensor.shape),
        tuple(tensor.stride()),
        tensor.requires_grad,
        OrderedDict(),
    )
    if name not in STORAGE_OF_DTYPE:
        return REBUILD_V3, (*args, tensor.dtype)
    return REBUILD_V2, args


def identity_of(
    storage: StorageBytes, dtype: str, table: StorageTable, legacy: bool
) -> tuple[Any, ...]:
    """A storage's persistent id; ``dtype``: of its elements, "" for bytes by themselves."""
    place = table.place(storage, dtype or "uint8")
    kind = STORAGE_OF_DTYPE.get(dtype)
    tag = UNTYPED_STORAGE if kind is None else GlobalName("torch", kind)
    count = len(storage.data) // (1 if kind is None else NUMPY_DTYPES[dtype].itemsize)
    identity: tuple[Any, ...] = ("storage", tag, str(place), tag_of(storage.owner[0]), count)
    return (*identity, None) if legacy else identity


def pickle_to_bytes(
    thing: Any, pickle_module: ModuleType, protocol: int, table: StorageTable, legacy: bool = False
) -> bytes:
    """``thing`` pickled; its storages are collected in ``table``."""
    buffer = io.BytesIO()
    make_pickler(pickle_module, legacy)(buffer, protocol, table).dump(thing)
    return buffer.getvalue()
