"""The methods of Tensor that are not plain rows of the op table, and how both are installed.

``Tensor.exp`` and its like are looked up in the op table when first used (``__getattr__``), made,
and kept on the class. What needs Python (conversion, properties, old spellings) is written here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from rushlight.base import dtype as dtypes
from rushlight.base.dtype import dtype as DType
from rushlight.base.errors import ShapeError
from rushlight.base.shape import broadcast_shapes
from rushlight.engine.trace import local
from rushlight.ops.table import OPS
from rushlight.tensor import display
from rushlight.tensor.backward import backward as run_backward
from rushlight.tensor.device import CPU, Device, require_cpu
from rushlight.tensor.handle import RemovableHandle
from rushlight.tensor.state import LEAF, OutputEdge
from rushlight.tensor.tensor import Tensor, convert, private_buffer, require_fits
from rushlight.tensor.wrap import canonical, function

LEGACY = {
    "float32": "Float", "float64": "Double", "float16": "Half", "bfloat16": "BFloat16",
    "int64": "Long", "int32": "Int", "int16": "Short", "int8": "Char", "uint8": "Byte",
    "bool": "Bool", "complex64": "ComplexFloat", "complex128": "ComplexDouble",
}  # fmt: skip
_BY_LEGACY = {name: getattr(dtypes, kind, dtypes.BY_NAME[kind]) for kind, name in LEGACY.items()}


# Shape


def size(self: Tensor, dim: int | None = None) -> Any:
    """The shape, or one of its sizes."""
    shape = self._value.meta.shape
    if dim is None:
        return shape
    if not -len(shape) <= dim < len(shape):
        span = max(len(shape), 1)
        if not shape:
            raise IndexError("Dimension specified as 0 but tensor has no dimensions")
        raise IndexError(
            f"Dimension out of range (expected to be in range of [{-span}, {span - 1}], "
            f"but got {dim})"
        )
    return shape[dim]


def stride(self: Tensor, dim: int | None = None) -> Any:
    """Steps in elements along each axis, or along one."""
    strides = tuple(self._current_layout().strides)
    return strides if dim is None else strides[dim]


def is_contiguous(self: Tensor, memory_format: Any = None) -> bool:
    """Whether the elements lie row-major without gaps."""
    return self._storage is None or self._layout.contiguous


def contiguous(self: Tensor, memory_format: Any = None) -> Tensor:
    """Itself where contiguous, else a copy that is."""
    return self if is_contiguous(self) else function("clone")(self)


def clone(self: Tensor, *, memory_format: Any = None) -> Tensor:
    """A copy with memory of its own (gradient flows through)."""
    return function("clone")(self)


def detach(self: Tensor) -> Tensor:
    """The same memory without gradient."""
    return self._alias()


def detach_(self: Tensor) -> Tensor:
    """Cut from the graph: a leaf without gradient."""
    if self._base is not None:
        raise RuntimeError(
            "Can't detach views in-place. Use detach() instead. If you are using DistributedData"
            "Parallel (DDP) for training, and gradient_as_bucket_view is set as True, gradients "
            "are views of DDP buckets, and hence detach_() cannot be called on these gradients."
        )
    self._edge = None
    return self


def get_data(self: Tensor) -> Tensor:
    """The same memory without gradient and without version checks."""
    return self._alias(untracked=True)


def set_data(self: Tensor, other: Tensor) -> None:
    """Take over another tensor's memory."""
    other._read_value()
    storage = other._share()
    self._value = other._value
    self._storage = storage
    self._layout = other._layout
    self._seen = other._seen


# Numbers out


def tolist(self: Tensor) -> Any:
    """Nested lists of Python numbers."""
    return self._array().tolist()


def numpy(self: Tensor, *, force: bool = False) -> np.ndarray[Any, Any]:
    """A NumPy array on the same memory. ``force`` detaches (and would copy from a device)."""
    if self.requires_grad and not force:
        raise RuntimeError(
            "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."
        )
    if self.dtype is dtypes.bfloat16:
        raise TypeError("Got unsupported ScalarType BFloat16")
    self._concrete()
    private_buffer(self)
    return self._array()


def to_array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
    """np.asarray(tensor)."""
    array = numpy(self)
    if dtype is not None and np.dtype(dtype) != array.dtype:
        return array.astype(dtype)
    return array.copy() if copy else array


def _number(self: Tensor, kind: Callable[[Any], Any]) -> Any:
    if self._value.meta.numel != 1:
        raise ValueError("only one element tensors can be converted to Python scalars")
    return kind(self.item())


def to_bool(self: Tensor) -> bool:
    count = self._value.meta.numel
    if count != 1:
        raise RuntimeError(
            "Boolean value of Tensor with "
            + ("no values" if count == 0 else "more than one value")
            + " is ambiguous"
        )
    return bool(self.item())


def to_index(self: Tensor) -> int:
    if self._value.meta.numel != 1 or self.dtype.is_floating_point:
        raise TypeError("only integer tensors of a single element can be converted to an index")
    return int(self.item())


def length(self: Tensor) -> int:
    shape = self._value.meta.shape
    if not shape:
        raise TypeError("len() of a 0-d tensor")
    return int(shape[0])


def iterate(self: Tensor) -> Iterator[Tensor]:
    if not self._value.meta.shape:
        raise TypeError("iteration over a 0-d tensor")
    return iter(function("select")(self, 0, place) for place in range(self.shape[0]))


def contains(self: Tensor, element: Any) -> bool:
    """Whether any element equals ``element``."""
    if not isinstance(element, (Tensor, int, float, bool, complex)):
        raise RuntimeError(
            "Tensor.__contains__ only supports Tensor or scalar, but you passed in a "
            f"{type(element)}."
        )
    return bool(function("any")(function("eq")(self, element)).item())


# Printing


def _grad_fn_name(self: Tensor) -> str | None:
    function_ = self.grad_fn
    return None if function_ is None else function_.name()


def represent(self: Tensor, *, tensor_contents: Any = None) -> str:
    return display.tensor_repr(
        self._array(),
        self.dtype.name,
        requires_grad=self._edge is LEAF,
        grad_fn_name=_grad_fn_name(self),
        default_dtype=dtypes.get_default_dtype().name,
    )


def form(self: Tensor, spec: str) -> str:
    if self._value.meta.numel == 1 and self.ndim == 0:
        return format(self.item(), spec)
    if spec:
        return object.__format__(self, spec)
    return str(self)


# Conversion


def _to_arguments(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, DType | None]:
    device, dtype = kwargs.get("device"), kwargs.get("dtype")
    for each in args:
        if isinstance(each, DType):
            dtype = each
        elif isinstance(each, (str, Device)):
            device = each
        elif isinstance(each, Tensor):
            dtype = each.dtype
        elif isinstance(each, int) and not isinstance(each, bool):
            device = Device("cuda", each)
    if "other" in kwargs:
        dtype = kwargs["other"].dtype
    return device, dtype


def to(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
    """``to(dtype)``, ``to(device)``, ``to(device, dtype)``, ``to(other)``; itself if the same."""
    device, dtype = _to_arguments(args, kwargs)
    require_cpu(device)
    if dtype is not None and dtype is not self.dtype:
        return convert(self, dtype)
    return clone(self) if kwargs.get("copy") else self


def cast_method(name: str, kind: DType) -> Callable[..., Tensor]:
    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        return convert(self, kind)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The same numbers as {kind}."
    return method


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The legacy type name, or the tensor as ``dtype`` (a dtype, a name, a legacy class)."""
    if dtype is None:
        return f"torch.{LEGACY[self.dtype.name]}Tensor"
    return convert(self, named_type(dtype))


def named_type(kind: Any) -> DType:
    """The dtype that ``torch.FloatTensor``, its name or a dtype means."""
    if isinstance(kind, DType):
        return kind
    legacy = getattr(kind, "dtype", None)
    if isinstance(legacy, DType):
        return legacy
    name = kind if isinstance(kind, str) else getattr(kind, "__name__", str(kind))
    if ".cuda." in name:
        raise TypeError(f"type {name} not available. Torch not compiled with CUDA enabled.")
    word = name.rpartition(".")[2].removesuffix("Tensor")
    if word == "":
        return dtypes.get_default_dtype()
    if word not in _BY_LEGACY:
        raise ValueError(f"invalid type: '{name}'")
    found: DType = _BY_LEGACY[word]
    return found


def cpu(self: Tensor, memory_format: Any = None) -> Tensor:
    """Itself: tensors live on the CPU."""
    return self


def cuda(
    self: Tensor, device: Any = None, non_blocking: bool = False, memory_format: Any = None
) -> Tensor:
    """Raises as PyTorch's CPU build does."""
    raise AssertionError("Torch not compiled with CUDA enabled")


# Gradient


def get_grad(self: Tensor) -> Tensor | None:
    return self._grad


def set_grad(self: Tensor, value: Tensor | None) -> None:
    if value is not None:
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            )
        if value.shape != self.shape:
            raise RuntimeError(
                f"assigned grad has data of a different size: expected {list(self.shape)}, got "
                f"{list(value.shape)}"
            )
        if value.dtype is not self.dtype:
            raise RuntimeError(
                f"assigned grad has data of a different type: expected {self.dtype}, got "
                f"{value.dtype}"
            )
    self._grad = value


def del_grad(self: Tensor) -> None:
    self._grad = None


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Say whether gradients are wanted; in place."""
    self.requires_grad = requires_grad
    return self


def backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None,
    create_graph: bool = False, inputs: Any = None,
) -> None:  # fmt: skip
    """Add the gradient of this tensor to the ``.grad`` of the leaves it depends on."""
    run_backward(self, gradient, retain_graph, create_graph, inputs)


def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call ``hook(grad)`` when this tensor's gradient is known; what it returns replaces it."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    edge = self._edge
    if edge is LEAF:
        if self._hooks is None:
            self._hooks = OrderedDict()
        return RemovableHandle.append(self._hooks, hook)
    node, number = (edge.node, edge.number) if isinstance(edge, OutputEdge) else (edge, 0)
    hooks = node.__dict__.setdefault("tensor_hooks", {}).setdefault(number, OrderedDict())
    return RemovableHandle.append(hooks, hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> Any:
    """Call ``hook(tensor)`` after ``.grad`` has been added to. Leaves only."""
    if self._edge is not LEAF:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if self._accumulate_hooks is None:
        self._accumulate_hooks = OrderedDict()
    return RemovableHandle.append(self._accumulate_hooks, hook)


def retain_grad(self: Tensor) -> None:
    """Keep ``.grad`` of a computed tensor too."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    edge = self._edge
    if edge is LEAF or self._retains:
        return
    import weakref

    self._retains = True
    node, number = (edge.node, edge.number) if isinstance(edge, OutputEdge) else (edge, 0)
    node.__dict__.setdefault("retained", {})[number] = weakref.ref(self)


# In place


def _inplace_method(name: str) -> Callable[..., Tensor]:
    compute = function(name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        self._writable(name + "_")
        if self._storage is not None:
            for other in args:
                self._apart_from(other)
        return self._inplace(compute(self, *args, **kwargs), name + "_")

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"``{name}``, written into this tensor."
    return method


_VIEWS = ("unsqueeze", "squeeze", "t", "transpose", "swapaxes", "swapdims")


def _inplace_view(name: str) -> Callable[..., Tensor]:
    look = function(name)

    def method(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        if self._edge is LEAF and local.trace.grad:
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation."
            )
        view = look(self, *args, **kwargs)
        set_data(self, view)
        self._edge = view._edge
        return self

    method.__name__ = method.__qualname__ = name + "_"
    method.__doc__ = f"This tensor becomes its own ``{name}``: the memory stays, the shape changes."
    return method


def copy_(self: Tensor, src: Tensor, non_blocking: bool = False) -> Tensor:
    """The elements of ``src``, broadcast and converted, written into this tensor."""
    self._writable("copy_")
    if not isinstance(src, Tensor):
        from rushlight.tensor.create import as_tensor

        src = as_tensor(src)
    self._apart_from(src)
    stays = self._edge is not None and src._edge is None and local.trace.grad
    source = src if src.dtype is self.dtype else convert(src, self.dtype)
    if source.shape != self.shape:
        if broadcast_shapes(self.shape, source.shape) != self.shape:
            raise ShapeError(
                f"copy_: output with shape {list(self.shape)} doesn't match the broadcast shape "
                f"{list(broadcast_shapes(self.shape, source.shape))}"
            )
        source = function("expand")(source, *self.shape)
    if stays:
        self._assign(function("where")(_never(), self, source))  # it stays in the graph
    else:
        self._assign(function("clone")(source))
    return self


def _once(self: Tensor) -> Tensor:
    """The part of an expanded tensor that has each place once."""
    view = self
    for axis, (size, step) in enumerate(zip(self._layout.shape, self._layout.strides, strict=True)):
        if size > 1 and step == 0:
            view = function("narrow")(view, axis, 0, 1)
    return view


def fill_(self: Tensor, value: Any) -> Tensor:
    """One number everywhere."""
    if self._storage is not None and self._layout.overlaps:
        fill_(_once(self), value)
        return self
    self._writable("fill_")
    if isinstance(value, Tensor):
        if value.ndim:
            raise RuntimeError(
                "fill_ only supports 0-dimension value tensor but got tensor with "
                f"{value.ndim} dimensions."
            )
        return copy_(self, value)
    if isinstance(value, (int, float, bool)):
        require_fits(value, self.dtype)
        if self._edge is not None and local.trace.grad:
            self._assign(function("where")(_never(), self, value))  # it stays in the graph
        else:
            self._assign(function("_full")(self.shape, value, self.dtype))
    else:
        copy_(self, Tensor._from_array(np.asarray(value)))
    return self


def _never() -> Tensor:
    made: Tensor = function("_constant")((), 0, dtypes.bool_)
    return made


def zero_(self: Tensor) -> Tensor:
    """0 everywhere."""
    if self._storage is not None and self._layout.overlaps:
        zero_(_once(self))
        return self
    self._writable("zero_")
    if self._edge is not None and local.trace.grad:
        self._assign(function("where")(_never(), self, 0))
        return self
    self._assign(function("_constant")(self.shape, 0, self.dtype))
    return self


# Memory


def data_ptr(self: Tensor) -> int:
    """The address of the first element."""
    buffer = private_buffer(self)
    return buffer.address + self._current_layout().offset * self.dtype.itemsize


def element_size(self: Tensor) -> int:
    """Bytes of one element."""
    return self.dtype.itemsize


def version(self: Tensor) -> int:
    return self._value.version if self._storage is None else self._storage.version


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    if not self.is_leaf:
        raise RuntimeError(
            "Only Tensors created explicitly by the user (graph leaves) support the deepcopy "
            "protocol at the moment.  If you were attempting to deepcopy a module, this may be "
            "because of a torch.nn.utils.weight_norm usage, see "
            "https://github.com/pytorch/pytorch/pull/103001"
        )
    if id(self) in memo:
        return memo[id(self)]  # type: ignore[no-any-return]
    trace = local.trace
    before, trace.grad = trace.grad, False
    try:
        copied = function("clone")(self)
    finally:
        trace.grad = before
    made: Tensor = copied
    if type(self) is not Tensor:
        made = object.__new__(type(self))
        made._value, made._storage, made._edge = copied._value, None, None
    made._edge = self._edge
    skip = ("_base", "_grad", "_hooks", "_accumulate_hooks", "_untracked", "_detached")
    memo[id(self)] = made
    import copy

    for name, value in self.__dict__.items():
        if name not in skip:
            made.__dict__[name] = copy.deepcopy(value, memo)
    if self._grad is not None:
        made._grad = copy.deepcopy(self._grad, memo)
    return made


def _rebuild(array: Any, kind: str, requires_grad: bool) -> Tensor:
    made = Tensor._from_array(array) if kind != "bfloat16" else convert(
        Tensor._from_array(array), dtypes.bfloat16
    )  # fmt: skip
    if requires_grad:
        made.requires_grad = True
    return made


def reduce_ex(self: Tensor, protocol: int) -> Any:
    array = self._array()
    if self.dtype is dtypes.bfloat16:
        array = array.astype(np.float32)
    return (_rebuild, (np.array(array), self.dtype.name, self._edge is LEAF))


# Old and new spellings that are one line each


def new_tensor(self: Tensor, data: Any, *, dtype: DType | None = None, device: Any = None,
               requires_grad: bool = False) -> Tensor:  # fmt: skip
    from rushlight.tensor.create import tensor

    return tensor(data, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


def _new(name: str) -> Callable[..., Tensor]:
    def method(self: Tensor, *args: Any, dtype: DType | None = None, **kwargs: Any) -> Tensor:
        from rushlight.tensor import create

        made: Tensor = getattr(create, name)(*args, dtype=dtype or self.dtype, **kwargs)
        return made

    method.__name__ = method.__qualname__ = f"new_{name}"
    return method


def _properties() -> dict[str, Any]:
    return {
        "data": property(get_data, set_data),
        "grad": property(get_grad, set_grad, del_grad),
        "device": property(lambda self: CPU),
        "is_cuda": property(lambda self: False),
        "is_cpu": property(lambda self: True),
        "is_sparse": property(lambda self: False),
        "is_sparse_csr": property(lambda self: False),
        "is_quantized": property(lambda self: False),
        "is_meta": property(lambda self: False),
        "is_mps": property(lambda self: False),
        "is_nested": property(lambda self: False),
        "is_mkldnn": property(lambda self: False),
        "itemsize": property(element_size),
        "nbytes": property(lambda self: self._value.meta.nbytes),
        "T": property(lambda self: function("permute")(self, *reversed(range(self.ndim)))),
        "H": property(lambda self: function("t")(self)),
        "mT": property(lambda self: function("transpose")(self, -2, -1)),
        "mH": property(lambda self: function("transpose")(self, -2, -1)),
        "_version": property(version),
        "retains_grad": property(lambda self: self._retains),
        "names": property(lambda self: (None,) * self.ndim),
        "real": property(lambda self: self),
        "volatile": property(lambda self: False),
    }


def _plain() -> dict[str, Any]:
    casts = {
        "float": dtypes.float32, "double": dtypes.float64, "half": dtypes.float16,
        "bfloat16": dtypes.bfloat16, "long": dtypes.int64, "int": dtypes.int32,
        "short": dtypes.int16, "char": dtypes.int8, "byte": dtypes.uint8, "bool": dtypes.bool_,
    }  # fmt: skip
    return {
        **{name: cast_method(name, kind) for name, kind in casts.items()},
        **{f"new_{name}": _new(name) for name in ("zeros", "ones", "empty", "full")},
        "size": size, "stride": stride, "is_contiguous": is_contiguous, "contiguous": contiguous,
        "clone": clone, "detach": detach, "detach_": detach_, "tolist": tolist, "numpy": numpy,
        "to": to, "type": type_, "cpu": cpu, "cuda": cuda, "requires_grad_": requires_grad_,
        "backward": backward, "register_hook": register_hook, "retain_grad": retain_grad,
        "register_post_accumulate_grad_hook": register_post_accumulate_grad_hook,
        "copy_": copy_, "fill_": fill_, "zero_": zero_, "data_ptr": data_ptr,
        "element_size": element_size, "new_tensor": new_tensor,
        "dim": lambda self: len(self._value.meta.shape),
        "ndimension": lambda self: len(self._value.meta.shape),
        "numel": lambda self: self._value.meta.numel,
        "nelement": lambda self: self._value.meta.numel,
        "storage_offset": lambda self: self._current_layout().offset,
        "is_floating_point": lambda self: self.dtype.is_floating_point,
        "is_complex": lambda self: self.dtype.is_complex,
        "is_signed": lambda self: self.dtype.is_signed,
        "is_inference": lambda self: False,
        "is_shared": lambda self: False,
        "is_pinned": lambda self, device=None: False,
        "is_same_size": lambda self, other: self.shape == other.shape,
        "get_device": lambda self: -1,
        "pin_memory": lambda self, device=None: self,
        "share_memory_": lambda self: self,
        "view_as": lambda self, other: self.view(other.shape),
        "reshape_as": lambda self, other: self.reshape(other.shape),
        "expand_as": lambda self, other: self.expand(other.shape),
        "type_as": lambda self, other: convert(self, other.dtype),
        "resolve_conj": lambda self: self, "resolve_neg": lambda self: self,
        "conj": lambda self: self, "is_conj": lambda self: False, "is_neg": lambda self: False,
        "__array__": to_array, "__bool__": to_bool, "__index__": to_index, "__len__": length,
        "__iter__": iterate, "__contains__": contains, "__repr__": represent, "__str__": represent,
        "__format__": form, "__deepcopy__": deepcopy, "__reduce_ex__": reduce_ex,
        "__int__": lambda self: _number(self, int),
        "__float__": lambda self: _number(self, float),
        "__complex__": lambda self: _number(self, complex),
        "__hash__": object.__hash__,
    }  # fmt: skip


def __getattr__method(self: Tensor, name: str) -> Any:
    """Methods from the op table, made when first used."""
    method = find_method(name)
    if method is None:
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")
    setattr(Tensor, name, method)
    return getattr(self, name)


def find_method(name: str) -> Callable[..., Any] | None:
    """The method that the op table has under ``name`` (or ``name_``), if any."""
    op = canonical(name)
    if op is not None and OPS[op].method:
        return function(name)
    if name.endswith("_") and not name.startswith("_"):
        op = canonical(name[:-1])
        if op is not None and OPS[op].inplace:
            return _inplace_method(name[:-1])
        if name[:-1] in _VIEWS:
            return _inplace_view(name[:-1])
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
    return names + [name + "_" for name in _VIEWS]


def install() -> None:
    """Put everything on the class."""
    for name, member in {**_properties(), **_plain()}.items():
        setattr(Tensor, name, member)
    Tensor.__getattr__ = __getattr__method  # type: ignore[attr-defined]
    Tensor.__dir__ = lambda self: sorted({*object.__dir__(self), *method_names()})  # type: ignore[method-assign]
    Tensor.__module__ = "torch"
