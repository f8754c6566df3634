"""Parameter and Buffer: tensors that a Module registers when they are assigned to it."""

from __future__ import annotations

from collections import OrderedDict
from sys import getrefcount
from typing import Any

from rushlight.autograd import no_grad
from rushlight.tensor import Tensor, empty


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
        with no_grad():
            return _rebuild_parameter, (self.clone(), self.requires_grad, OrderedDict())


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


def is_lazy(param: object) -> bool:
    """Whether ``param`` waits for its shape. There are no such parameters yet: False."""
    return False
