"""Which methods and properties Tensor has, and how they come onto the class."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, final

from rushlight.base import dtype as dtypes
from rushlight.base.left_out import left_out, left_out_names
from rushlight.ops.table import OPS
from rushlight.tensor.meta_device import device_of, is_shell
from rushlight.tensor.methods.by_element import (
    apply_,
    fill_diagonal_,
    is_set_to,
    map2_,
    map_,
    set_,
)
from rushlight.tensor.methods.conversion import (
    cast_method,
    cpu,
    cuda,
    new_like,
    new_tensor,
    to,
    type_,
)
from rushlight.tensor.methods.duplicate import deepcopy, reduce_ex, shallow_copy
from rushlight.tensor.methods.gradient import (
    backward,
    del_grad,
    get_grad,
    register_hook,
    register_post_accumulate_grad_hook,
    requires_grad_,
    retain_grad,
    set_grad,
)
from rushlight.tensor.methods.inplace import (
    INPLACE_VIEWS,
    addbmm_,
    copy_,
    fill_,
    inplace_method,
    inplace_view,
    zero_,
)
from rushlight.tensor.methods.likeness import (
    expand_as,
    is_same_size,
    reshape_as,
    type_as,
    view_as,
)
from rushlight.tensor.methods.memory import (
    clone,
    contiguous,
    data_ptr,
    detach,
    detach_,
    element_size,
    get_data,
    is_contiguous,
    set_data,
    size,
    stride,
    version,
)
from rushlight.tensor.methods.numbers import (
    contains,
    delete_item,
    iterate,
    length,
    number,
    numpy,
    to_array,
    to_bool,
    to_index,
    tolist,
)
from rushlight.tensor.methods.printing import form, represent
from rushlight.tensor.methods.reinterpret import reversed_axes, view
from rushlight.tensor.methods.shared import is_shared, share_memory_
from rushlight.tensor.tensor import Tensor
from rushlight.tensor.wrap import canonical, function


def _properties() -> dict[str, Any]:
    return {
        "data": property(get_data, set_data),
        "grad": property(get_grad, set_grad, del_grad),
        "device": property(device_of),
        "is_cuda": property(lambda self: False),
        "is_cpu": property(lambda self: not is_shell(self)),
        "is_sparse": property(lambda self: False),
        "is_sparse_csr": property(lambda self: False),
        "is_quantized": property(lambda self: False),
        "is_meta": property(is_shell),
        "is_mps": property(lambda self: False),
        "is_nested": property(lambda self: False),
        "is_mkldnn": property(lambda self: False),
        "itemsize": property(element_size),
        "nbytes": property(lambda self: self._value.meta.nbytes),
        "T": property(reversed_axes),
        "mT": property(lambda self: function("transpose")(self, -2, -1)),
        "_version": property(version),
        "retains_grad": property(lambda self: self._retains),
        "names": property(lambda self: (None,) * self.ndim),
        "volatile": property(lambda self: False),
    }


def _plain() -> dict[str, Any]:
    casts = {
        "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16,
        "bfloat16": dtypes.bfloat16, "long": dtypes.int64, "int": dtypes.int32,
        "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
        "cfloat": dtypes.complex64, "cdouble": dtypes.complex128,
    }  # fmt: skip
    return {
        **{name: cast_method(name, kind) for name, kind in casts.items()},
        **{f"new_{name}": new_like(name) for name in ("zeros", "ones", "empty", "full")},
        "size": size, "stride": stride, "is_contiguous": is_contiguous, "contiguous": contiguous,
        "clone": clone, "detach": detach, "detach_": detach_, "tolist": tolist, "numpy": numpy,
        "to": to, "type": type_, "cpu": cpu, "cuda": cuda, "requires_grad_": requires_grad_,
        "backward": backward, "register_hook": register_hook, "retain_grad": retain_grad,
        "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
        "addbmm_": addbmm_, "copy_": copy_, "fill_": fill_, "zero_": zero_, "data_ptr": data_ptr,
        "element_size": element_size, "new_tensor": new_tensor,
        "dim": lambda self: len(self._value.meta.shape),
        "ndimension": lambda self: len(self._value.meta.shape),
        "numel": lambda self: self._value.meta.numel,
        "nelement": lambda self: self._value.meta.numel,
        "storage_offset": lambda self: self._current_layout().offset,
        "is_floating_point": lambda self: self.dtype.is_floating_point,
        "is_complex": lambda self: self.dtype.is_complex,
        "is_signed": lambda self: self.dtype.is_signed,
        "is_inference": lambda self: self._made_in_inference(),
        "is_shared": is_shared,
        "is_pinned": lambda self, device=None: False,
        "get_device": lambda self: -1,
        "pin_memory": lambda self, device=None: self,
        "share_memory_": share_memory_,
        "apply_": apply_, "map_": map_, "map2_": map2_, "set_": set_,
        "fill_diagonal_": fill_diagonal_, "is_set_to": is_set_to,
        "view": view,
        "view_as": view_as, "reshape_as": reshape_as, "expand_as": expand_as, "type_as": type_as,
        "is_same_size": is_same_size,
        "dense_dim": lambda self: len(self._value.meta.shape), "sparse_dim": lambda self: 0,
        "__array__": to_array, "__bool__": to_bool, "__index__": to_index, "__len__": length,
        "__iter__": iterate, "__contains__": contains, "__repr__": represent,
        "__format__": form, "__copy__": shallow_copy, "__deepcopy__": deepcopy,
        "__reduce_ex__": reduce_ex,
        "__int__": lambda self: number(self, int),
        "__float__": lambda self: number(self, float, warns=True),
        "__complex__": lambda self: number(self, complex, warns=True),
        "__delitem__": delete_item,
        "__hash__": object.__hash__,
        "__reversed__": lambda self: self.flip(0) if self.ndim else self,
        "_is_view": lambda self: self._base is not None,
    }  # fmt: skip


@final
class _LeftOut:
    """Stands for a method that Tensor has not, on purpose: raises when it is looked at.

    A ``__getattr__`` would do the same, but with one every look at a field of a tensor is slow
    (30 ns against 8): Python then looks up the type's own way of finding attributes each time.
    """

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type) -> Any:
        raise left_out("Tensor", self.name) or AttributeError(self.name)


def find_method(name: str) -> Callable[..., Any] | None:
    """The method that the op table has under ``name`` (or ``name_``), if any."""
    op = canonical(name)
    if op is not None and OPS[op].method:
        return function(name)
    if name.endswith("_") and not name.startswith("_"):
        op = canonical(name[:-1])
        if op is not None and OPS[op].inplace:
            return inplace_method(name[:-1])
        if name[:-1] in INPLACE_VIEWS:
            return inplace_view(name[:-1])
    return None


def method_names() -> list[str]:
    """Every method the op table gives, in-place forms included."""
    names = []
    for op in OPS.values():
        for name in (op.name, *op.aliases):
            if op.method:
                names.append(name)
            if op.inplace:
                names.append(name + "_")
    return names + [name + "_" for name in INPLACE_VIEWS]


def _names_of(tensor: Tensor) -> set[str]:
    absent = {name for name, member in vars(Tensor).items() if member.__class__ is _LeftOut}
    return {*object.__dir__(tensor), *method_names()} - absent


def install() -> None:
    """Put everything on the class."""
    for name, member in {**_properties(), **_plain()}.items():
        setattr(Tensor, name, member)
    # On the class too, where programs look them up and replace them: Tensor.add, Tensor.repeat.
    for name in method_names():
        method = find_method(name)
        if method is not None and name not in Tensor.__dict__:
            setattr(Tensor, name, method)
    for name in left_out_names():
        if name not in Tensor.__dict__:
            setattr(Tensor, name, _LeftOut(name))
    Tensor.__dir__ = lambda self: sorted(_names_of(self))  # type: ignore[method-assign]
    Tensor.__module__ = "torch"
