"""Parameter and Buffer: tensors that a Module registers when they are assigned to it.

The uninitialized forms wait for their shape: lazy modules are made with them. They have a dtype
and a place in their module, but no value. Reading one raises; ``materialize`` gives it memory and
makes it an ordinary tensor, the same object as before.
"""

from __future__ import annotations

from collections import OrderedDict
from sys import getrefcount
from typing import Any

from rushlight.autograd import no_grad
from rushlight.base.dtype import dtype as DType
from rushlight.base.dtype import get_default_dtype
from rushlight.tensor import Tensor, bfloat16, empty, float16, float32, float64
from rushlight.tensor.device import CPU, require_cpu
from rushlight.tensor.methods.duplicate import attributes, pytorch_form
from rushlight.tensor.state import LEAF


def _references(cls: object, data: object, requires_grad: bool) -> int:
    return getrefcount(data)


class _Counted:
    """Passes its argument on as Parameter does and gives the references that are then seen."""

    def __new__(cls, data: object = None, requires_grad: bool = True) -> Any:
        return _references(cls, data, requires_grad)


def _references_when_alone() -> int:
    """What _on_memory_of sees for a tensor made for this call alone; 0 if one cannot tell."""
    held = object()
    alone: Any = _Counted(object())
    return alone if alone < _Counted(held) else 0


_ALONE = _references_when_alone()


class _ParameterMeta(type(Tensor)):  # type: ignore[misc]
    """isinstance(t, Parameter) also holds for tensor subclasses that say they are parameters."""

    def __instancecheck__(cls, instance: object) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return (
            cls is Parameter
            and isinstance(instance, Tensor)
            and getattr(instance, "_is_param", False)
        )


class Parameter(Tensor, metaclass=_ParameterMeta):
    """A tensor that is learned: ``Module`` puts it among its ``parameters()``.

    Shares memory with ``data``. Wants a gradient unless ``requires_grad`` is False.

    >>> import rushlight as torch
    >>> torch.nn.Parameter(torch.zeros(2))
    Parameter containing:
    tensor([0., 0.], requires_grad=True)
    """

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Parameter:
        if data is None:
            data = empty(0)
        if type(data) is Tensor or type(data) is Parameter:
            return _on_memory_of(cls, data, requires_grad)
        # A subclass of Tensor keeps its class, and says through a mark that it is a parameter.
        marked = data.detach().requires_grad_(requires_grad)
        if type(marked) is not type(data):
            raise RuntimeError(
                f"Creating a Parameter from an instance of type {type(data).__name__} requires "
                "that detach() returns an instance of the same type, but return type "
                f"{type(marked).__name__} was found instead."
            )
        marked._is_param = True
        return marked

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) in memo:
            return memo[id(self)]
        with no_grad():
            result = type(self)(self.clone(), self.requires_grad)
        memo[id(self)] = result
        return result

    def __repr__(self) -> str:
        return "Parameter containing:\n" + super().__repr__()

    __str__ = __repr__

    def __reduce_ex__(self, protocol: int) -> Any:
        if pytorch_form:
            return pytorch_form[0](self)
        with no_grad():
            made = _rebuild_parameter, (self.clone(), self.requires_grad, OrderedDict())
        extra = attributes(self)
        return (*made, extra) if extra else made


def _on_memory_of(cls: type[Any], data: Tensor, requires_grad: bool) -> Any:
    """A ``cls`` that shares ``data``'s memory.

    In ``Parameter(torch.zeros(3))`` nobody else can see that memory, and the parameter simply
    takes the value over: reading a tensor that shares memory costs more at every use.
    """
    made = object.__new__(cls)
    source = data if data._storage is None and getrefcount(data) <= _ALONE else data._alias()
    made._value = source._value
    made._storage = source._storage
    made._edge = None
    if source._storage is not None:
        made._layout = source._layout
        made._seen = source._seen
    if requires_grad:
        made.requires_grad = True
    return made


def _rebuild_parameter(
    data: Tensor, requires_grad: bool, backward_hooks: OrderedDict[int, Any]
) -> Parameter:
    return Parameter(data, requires_grad)


class _BufferMeta(type(Tensor)):  # type: ignore[misc]
    """isinstance(t, Buffer) holds for every tensor that Buffer() marked."""

    def __instancecheck__(cls, instance: object) -> bool:
        if type.__instancecheck__(cls, instance):
            return True
        return isinstance(instance, Tensor) and getattr(instance, "_is_buffer", False)


class Buffer(Tensor, metaclass=_BufferMeta):
    """A tensor that is kept but not learned: ``Module`` puts it among its ``buffers()``.

    ``persistent=False`` leaves it out of ``state_dict()``.
    """

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Buffer:
        tensor = (
            (empty(0) if data is None else data)
            .detach()
            .requires_grad_(data is not None and data.requires_grad)
        )
        tensor.persistent = persistent
        tensor._is_buffer = True
        return tensor


class UninitializedTensorMixin:
    """What a tensor without a shape can say and do."""

    __slots__ = ()
    cls_to_become: type[Any] = Tensor
    is_cpu, is_meta = True, False
    __dict__: dict[str, Any]

    def _begin(self, requires_grad: bool, device: Any, dtype: DType | None) -> None:
        require_cpu(device)
        self._storage = None
        self._edge = LEAF if requires_grad else None
        self.__dict__["_dtype"] = dtype or get_default_dtype()

    def materialize(self, shape: Any, device: Any = None, dtype: DType | None = None) -> None:
        """Take memory for ``shape`` and become a Parameter or a Tensor. The values are arbitrary.

        >>> import rushlight as torch
        >>> weight = torch.nn.UninitializedParameter()
        >>> weight.materialize((2, 3))
        >>> weight.shape
        torch.Size([2, 3])
        """
        require_cpu(device)
        kind = dtype or self.__dict__["_dtype"]
        wants = self._edge is LEAF
        size = (shape,) if isinstance(shape, int) else tuple(shape)
        made = empty(size, dtype=kind)
        del self.__dict__["_dtype"]
        self.__class__ = self.cls_to_become  # type: ignore[assignment]
        self._value = made._value
        self._edge = LEAF if wants else None

    @property
    def _value(self) -> Any:
        raise ValueError(
            "Attempted to use an uninitialized parameter. This error happens when you are using a "
            "`LazyModule` or explicitly manipulating `torch.nn.parameter."
            f"{type(self).__name__}` objects. When using LazyModules Call `forward` with a dummy "
            "batch to initialize the parameters before calling torch functions"
        )

    @_value.setter
    def _value(self, value: Any) -> None:
        raise ValueError("an uninitialized parameter takes a value through materialize() only")

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually "
            "happens in `load_state_dict` when trying to load an uninitialized parameter into an "
            "initialized one. Call `forward` to initialize the parameters before accessing their "
            "attributes."
        )

    @property
    def dtype(self) -> DType:
        found: DType = self.__dict__["_dtype"]
        return found

    @property
    def device(self) -> Any:
        return CPU

    @property
    def is_leaf(self) -> bool:
        return True

    @property
    def data(self) -> Tensor:
        return empty(0, dtype=self.dtype)

    @data.setter
    def data(self, value: Tensor) -> None:
        self.materialize(value.shape, dtype=value.dtype)
        self.data.copy_(value)  # type: ignore[attr-defined]

    def share_memory_(self) -> Any:
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to "
            "initialize the parameters before calling `module.share_memory()`."
        )

    def is_floating_point(self) -> bool:
        return self.dtype.is_floating_point

    def is_complex(self) -> bool:
        return self.dtype.is_complex

    def detach(self) -> Any:
        return self

    def to(self, *args: Any, **kwargs: Any) -> Any:
        """Remember another dtype for the value to come."""
        for each in (*args, *kwargs.values()):
            if isinstance(each, DType):
                self.__dict__["_dtype"] = each
            elif isinstance(each, Tensor):
                self.__dict__["_dtype"] = each.dtype
        return self

    def half(self) -> Any:
        return self.to(float16)

    def bfloat16(self) -> Any:
        return self.to(bfloat16)

    def float(self) -> Any:
        return self.to(float32)

    def double(self) -> Any:
        return self.to(float64)

    def cpu(self) -> Any:
        return self

    def __repr__(self) -> str:
        return f"<{type(self).__name__}>"

    __str__ = __repr__

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        if id(self) not in memo:
            memo[id(self)] = type(self)(self._edge is LEAF, dtype=self.dtype)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _made_again, (type(self), self._edge is LEAF, self.dtype)


def _made_again(kind: Any, requires_grad: bool, dtype: DType) -> Any:
    return kind(requires_grad, dtype=dtype)


class UninitializedParameter(UninitializedTensorMixin, Parameter):
    """A Parameter whose shape is not known yet. ``materialize(shape)`` makes it one."""

    cls_to_become = Parameter

    def __new__(
        cls, requires_grad: bool = True, device: Any = None, dtype: DType | None = None
    ) -> UninitializedParameter:
        made = object.__new__(cls)
        made._begin(requires_grad, device, dtype)
        return made


class UninitializedBuffer(UninitializedTensorMixin, Tensor):
    """A buffer whose shape is not known yet."""

    cls_to_become = Tensor

    def __new__(
        cls, requires_grad: bool = False, device: Any = None, dtype: DType | None = None,
        persistent: bool = True,
    ) -> UninitializedBuffer:  # fmt: skip
        made = object.__new__(cls)
        made._begin(requires_grad, device, dtype)
        made.__dict__["persistent"] = persistent
        made.__dict__["_is_buffer"] = True
        return made


def is_lazy(param: object) -> bool:
    """Whether ``param`` waits for its shape."""
    return isinstance(param, UninitializedTensorMixin)
