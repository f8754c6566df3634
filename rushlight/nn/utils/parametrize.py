"""torch.nn.utils.parametrize: a parameter that is computed from others whenever it is read.

``register_parametrization(module, "weight", f)`` keeps the parameter as
``module.parametrizations.weight.original`` and makes ``module.weight`` the value of ``f`` of it.
"""

from __future__ import annotations

import copyreg
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from rushlight.autograd import no_grad
from rushlight.nn.modules.container import ModuleDict, ModuleList
from rushlight.nn.modules.module import Module
from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]


class _Cache:
    """The values read inside ``cached()``, by module and name."""

    def __init__(self) -> None:
        self.depth = 0
        self.values: dict[tuple[int, str], Tensor] = {}


_CACHE = _Cache()


@contextmanager
def cached() -> Iterator[None]:
    """Inside, every parametrized tensor is computed once.

    >>> import rushlight as torch
    >>> with torch.nn.utils.parametrize.cached():
    ...     pass
    """
    _CACHE.depth += 1
    try:
        yield
    finally:
        _CACHE.depth -= 1
        if not _CACHE.depth:
            _CACHE.values.clear()


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _unsafe_hint(what: str, before: Any, after: Any) -> ValueError:
    return ValueError(
        f"Registering a parametrization may not change the {what} of the tensor, unless `unsafe` "
        f"flag is enabled.\nunparametrized {what}: {before}\nparametrized {what}: {after}"
    )


def _check_same(before: Tensor, after: Any) -> None:
    if not isinstance(after, Tensor):
        raise ValueError(f"A parametrization must return a tensor. Got {type(after).__name__}.")
    if after.dtype is not before.dtype:
        raise _unsafe_hint("dtype", before.dtype, after.dtype)
    if after.shape != before.shape:
        raise _unsafe_hint("shape", before.shape, after.shape)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, applied one after the other, and what they start from.

    ``original`` if the last right_inverse gave a tensor, else ``original0``, ``original1``, ...
    """

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        shape, dtype = original.shape, original.dtype
        with no_grad():
            new: Any = original
            for module in reversed(list(modules)):
                if hasattr(module, "right_inverse"):
                    try:
                        new = module.right_inverse(new)
                    except NotImplementedError:
                        break
        if not isinstance(new, (Tensor, Sequence)):
            raise ValueError(
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if self.is_tensor else len(new)
        if self.is_tensor:
            self._keep_one(original, new)
        else:
            self._keep_several(original, new)
        if not unsafe:
            made = self()
            if not isinstance(made, Tensor):
                raise ValueError(
                    f"A parametrization must return a tensor. Got {type(made).__name__}."
                )
            if made.dtype is not dtype:
                raise _unsafe_hint("dtype", dtype, made.dtype)
            if made.shape != shape:
                raise _unsafe_hint("shape", shape, made.shape)

    def _keep_one(self, original: Any, new: Tensor) -> None:
        if original.dtype is not new.dtype:
            raise ValueError(
                "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                f"original.dtype: {original.dtype}\nright_inverse(original).dtype: {new.dtype}"
            )
        if new is not original:
            with no_grad():
                original.data = new.detach()
        _register(self, "original", original)

    def _keep_several(self, original: Any, new: Sequence[Tensor]) -> None:
        for place, value in enumerate(new):
            if not isinstance(value, Tensor):
                raise ValueError(
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                    f"tuple...). Got element {place} of the sequence with type "
                    f"{type(value).__name__}."
                )
            kept: Any = value
            if isinstance(original, Parameter):
                kept = Parameter(value, original.requires_grad)
            kept.requires_grad_(original.requires_grad)
            _register(self, f"original{place}", kept)

    def right_inverse(self, value: Tensor) -> None:
        """Change what the tensor is computed from so that it becomes ``value``, as far as it can.

        Raises RuntimeError where a parametrization has no ``right_inverse``.
        """
        with no_grad():
            new: Any = value
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                new = module.right_inverse(new)
            if self.is_tensor:
                if not isinstance(new, Tensor):
                    raise ValueError(f"`right_inverse` should return a tensor, got {type(new)}")
                if new.dtype is not self.original.dtype:
                    raise ValueError(
                        f"The tensor `right_inverse` returned has dtype {new.dtype} while "
                        f"`original` has dtype {self.original.dtype}"
                    )
                self.original.data = new.detach()
                return
            if not isinstance(new, Sequence):
                raise ValueError(
                    f"'right_inverse' must return a sequence of tensors. Got {type(new)}."
                )
            if len(new) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(new)}."
                )
            for place, each in enumerate(new):
                own = getattr(self, f"original{place}")
                if own.dtype is not each.dtype:
                    raise ValueError(
                        f"Tensor {place} returned by `right_inverse` has dtype {each.dtype} while "
                        f"`original{place}` has dtype {own.dtype}"
                    )
                own.data = each.detach()

    def forward(self) -> Any:
        first, *rest = list(self)
        if self.is_tensor:
            value = first(self.original)
        else:
            value = first(*(getattr(self, f"original{k}") for k in range(self.ntensors)))
        for module in rest:
            value = module(value)
        return value


def _refuse_pickling(self: Any) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(): save "
        "module.state_dict(), and load it into a module that is parametrized alike"
    )


def _deepcopy(self: Any, memo: dict[int, Any]) -> Any:
    # copy.deepcopy would ask __getstate__.
    if id(self) in memo:
        return memo[id(self)]
    replica = self.__new__(self.__class__)
    memo[id(self)] = replica
    state = Module.__getstate__(self)
    replica.__setstate__(deepcopy(state, memo))
    slots = copyreg._slotnames(self.__class__)  # type: ignore[attr-defined]
    for slot in slots:
        if hasattr(self, slot):
            setattr(replica, slot, deepcopy(getattr(self, slot), memo))
    return replica


def _inject_new_class(module: Module) -> None:
    """A class of the module's own, on which properties can be put."""
    cls = module.__class__
    fields: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        fields["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), fields)


def _inject_property(module: Any, name: str) -> None:
    def get(self: Any) -> Any:
        parametrization = self.parametrizations[name]
        if not _CACHE.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _CACHE.values:
            _CACHE.values[key] = parametrization()
        return _CACHE.values[key]

    def assign(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(module.__class__, name, property(get, assign))


def register_parametrization(
    module: Any, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Any:
    """Make ``module.<tensor_name>`` the value of ``parametrization`` of what it is now.

    Several on one tensor are applied in the order of registration. A ``right_inverse`` of the
    parametrization says what to start from, and makes assigning possible. ``unsafe`` allows to
    change shape and dtype. Returns the module; raises ValueError where there is no such tensor.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        listed = module.parametrizations[tensor_name]
        if not unsafe:
            before = getattr(module, tensor_name)
            after = parametrization(before)
            _check_same(before, after)
            if hasattr(parametrization, "right_inverse"):
                try:
                    back = parametrization.right_inverse(after)
                except NotImplementedError:
                    back = None
                if back is not None:
                    _check_inverse(before, back)
        listed.append(parametrization)
        listed.unsafe = listed.unsafe or unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _inject_new_class(module)
            module.parametrizations = ModuleDict()
        _inject_property(module, tensor_name)
        module.parametrizations[tensor_name] = made
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def _check_inverse(before: Tensor, back: Any) -> None:
    if not isinstance(back, Tensor):
        raise ValueError(
            "parametrization.right_inverse must return a tensor. Got: " + type(back).__name__
        )
    for what in ("dtype", "shape"):
        first, second = getattr(before, what), getattr(back, what)
        if first != second:
            raise ValueError(
                f"The tensor returned by parametrization.right_inverse must have the same {what} "
                f"as the tensor.\ntensor {what}: {first}\nreturned {what}: {second}"
            )


def is_parametrized(module: Any, tensor_name: str | None = None) -> bool:
    """Whether the module, or one tensor of it, has parametrizations."""
    found = getattr(module, "parametrizations", None)
    if found is None or not isinstance(found, ModuleDict):
        return False
    return len(found) > 0 if tensor_name is None else tensor_name in found


def remove_parametrizations(module: Any, tensor_name: str, leave_parametrized: bool = True) -> Any:
    """Make ``module.<tensor_name>`` an ordinary tensor again. Returns the module.

    ``leave_parametrized``: of the value it has now; else of the original, which must be one tensor.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    listed = module.parametrizations[tensor_name]
    if listed.is_tensor:
        original = listed.original
        if leave_parametrized:
            with no_grad():
                value = getattr(module, tensor_name)
            original.data = value.detach()
    else:
        if not leave_parametrized:
            raise ValueError(
                "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
                "parametrized in terms of a sequence of tensors."
            )
        value = getattr(module, tensor_name).detach()
        original = Parameter(value) if listed.original0.requires_grad else value
    delattr(module.__class__, tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        parametrized = module.__class__
        module.__class__ = parametrized.__bases__[0]
        # The attributes now come from the instance again.
        for registry in (module._parameters, module._buffers, module._modules):
            registry.update(dict(registry))
    return module


def type_before_parametrizations(module: Any) -> type[Any]:
    """The class of the module without its parametrizations."""
    cls: type[Any] = type(module)
    return cls.__bases__[0] if is_parametrized(module) else cls


def transfer_parametrizations_and_params(
    from_module: Any, to_module: Any, tensor_name: str | None = None
) -> Any:
    """Give ``to_module`` the parametrizations of ``from_module`` and what they start from."""
    if not is_parametrized(from_module):
        return to_module
    names = list(from_module.parametrizations) if tensor_name is None else [tensor_name]
    for name in names:
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach().clone()))
        for each in from_module.parametrizations[name]:
            register_parametrization(to_module, name, each)
        source, target = from_module.parametrizations[name], to_module.parametrizations[name]
        if source.is_tensor:
            target.original = source.original
        else:
            for place in range(source.ntensors):
                setattr(target, f"original{place}", getattr(source, f"original{place}"))
    return to_module
