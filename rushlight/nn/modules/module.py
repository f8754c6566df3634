"""Module: the base class of every layer. Here: attributes, registration, printing.

The other parts are in ``calling`` (forward and its hooks), ``traversal`` (walking the tree),
``state_dict`` (saving and loading) and ``conversion`` (dtype, device, mode).
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

from rushlight.base.inherit_docs import inherit_docs
from rushlight.nn.modules.calling import (
    Calling,
    _forward_unimplemented,  # noqa: F401 - programs import it from here
)
from rushlight.nn.modules.conversion import Conversion
from rushlight.nn.modules.hooks import (
    register_module_backward_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
)
from rushlight.nn.modules.registration_hooks import (
    BUFFER_HOOKS,
    MODULE_HOOKS,
    PARAMETER_HOOKS,
    after,
    register_module_buffer_registration_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from rushlight.nn.modules.registry import Registry, forget
from rushlight.nn.modules.state_dict import EXTRA_STATE as _EXTRA_STATE_KEY_SUFFIX  # noqa: F401
from rushlight.nn.modules.state_dict import (
    StateDict,
    _IncompatibleKeys,  # noqa: F401 - programs import it from here
)
from rushlight.nn.modules.state_dict import _WrappedHook as _WrappedHook
from rushlight.nn.modules.traversal import Traversal
from rushlight.nn.modules.type_name import type_name
from rushlight.nn.parameter import Buffer, Parameter
from rushlight.tensor import Tensor

__all__ = [
    "Module",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_REGISTRIES = ("_parameters", "_buffers", "_modules")


class Module(Calling, Traversal, StateDict, Conversion):
    """A piece of a network: parameters, buffers, submodules and a ``forward``.

    Assigning a Parameter, a Buffer or a Module to an attribute registers it.

    >>> import rushlight as torch
    >>> class Double(torch.nn.Module):
    ...     def forward(self, x):
    ...         return 2 * x
    >>> Double()(torch.ones(2))
    tensor([2., 2.])
    """

    dump_patches: bool = False
    call_super_init: bool = False
    _version: int = 1
    training: bool

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            name = type(self).__name__
            if kwargs:
                raise TypeError(
                    f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
                )
            raise TypeError(
                f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given"
            )
        fields = self.__dict__
        fields["training"] = True
        fields["_parameters"] = Registry(self)
        fields["_buffers"] = Registry(self)
        fields["_non_persistent_buffers_set"] = set()
        fields["_backward_pre_hooks"] = OrderedDict()
        fields["_backward_hooks"] = OrderedDict()
        fields["_is_full_backward_hook"] = None
        fields["_forward_hooks"] = OrderedDict()
        fields["_forward_hooks_with_kwargs"] = OrderedDict()
        fields["_forward_hooks_always_called"] = OrderedDict()
        fields["_forward_pre_hooks"] = OrderedDict()
        fields["_forward_pre_hooks_with_kwargs"] = OrderedDict()
        fields["_state_dict_hooks"] = OrderedDict()
        fields["_state_dict_pre_hooks"] = OrderedDict()
        fields["_load_state_dict_pre_hooks"] = OrderedDict()
        fields["_load_state_dict_post_hooks"] = OrderedDict()
        fields["_modules"] = Registry(self)
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        inherit_docs(cls)

    # Attributes.

    def __getattr__(self, name: str) -> Any:
        # Reached only for names that are in nobody's __dict__: see registry.
        for registry in _REGISTRIES:
            entries = self.__dict__.get(registry)
            if entries is not None and name in entries:
                return entries[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __setattr__(self, name: str, value: Any) -> None:
        fields = self.__dict__
        parameters = fields.get("_parameters")
        if isinstance(value, Parameter):
            if parameters is None:
                raise AttributeError("cannot assign parameters before Module.__init__() call")
            forget(name, fields, self._buffers, self._modules, self._non_persistent_buffers_set)
            self.register_parameter(name, value)
        elif parameters is not None and name in parameters:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as parameter '{name}' "
                    "(torch.nn.Parameter or None expected)"
                )
            self.register_parameter(name, value)
        else:
            self._set_module_or_plain(name, value)

    def _set_module_or_plain(self, name: str, value: Any) -> None:
        fields = self.__dict__
        modules = fields.get("_modules")
        if isinstance(value, Module):
            if modules is None:
                raise AttributeError("cannot assign module before Module.__init__() call")
            forget(name, fields, self._parameters, self._buffers, self._non_persistent_buffers_set)
            modules[name] = after(MODULE_HOOKS, self, name, value) if MODULE_HOOKS else value
            return
        if modules is not None and name in modules:
            if value is not None:
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as child module '{name}' "
                    "(torch.nn.Module or None expected)"
                )
            modules[name] = after(MODULE_HOOKS, self, name, value) if MODULE_HOOKS else value
            return
        buffers = fields.get("_buffers")
        is_buffer = isinstance(value, Buffer)  # also a plain tensor that Buffer() marked
        if buffers is not None and (is_buffer or name in buffers):
            if value is not None and not isinstance(value, Tensor):
                raise TypeError(
                    f"cannot assign '{type_name(value)}' as buffer '{name}' "
                    "(torch.nn.Buffer, torch.Tensor or None expected)"
                )
            if is_buffer:
                if name not in buffers:
                    forget(name, fields)
                    self.register_buffer(name, value, value.persistent)
                    return
                if value.persistent:
                    self._non_persistent_buffers_set.discard(name)
                else:
                    self._non_persistent_buffers_set.add(name)
            buffers[name] = after(BUFFER_HOOKS, self, name, value) if BUFFER_HOOKS else value
        elif name in _REGISTRIES:
            if isinstance(fields.get(name), Registry):
                fields[name].withdraw()
            fields[name] = Registry(self, value)
        else:
            object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        if name in self._parameters:
            del self._parameters[name]
        elif name in self._buffers:
            del self._buffers[name]
            self._non_persistent_buffers_set.discard(name)
        elif name in self._modules:
            del self._modules[name]
        else:
            super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*dir(type(self)), *self.__dict__}
        names.update(self._parameters, self._modules, self._buffers)
        return sorted(name for name in names if not name[:1].isdigit())

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        for registry in _REGISTRIES:
            entries = state.get(registry)
            if entries is not None:
                state[registry] = dict(entries)
                for name, value in entries.items():
                    if name in state and state[name] is value:
                        del state[name]
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        fields = self.__dict__
        fields.update(state)
        for name in (
            "_forward_pre_hooks", "_forward_pre_hooks_with_kwargs", "_forward_hooks_with_kwargs",
            "_forward_hooks_always_called", "_forward_hooks", "_state_dict_hooks",
            "_state_dict_pre_hooks", "_load_state_dict_pre_hooks", "_load_state_dict_post_hooks",
            "_backward_hooks", "_backward_pre_hooks",
        ):  # fmt: skip
            fields.setdefault(name, OrderedDict())
        fields.setdefault("_non_persistent_buffers_set", set())
        fields.setdefault("_is_full_backward_hook", None)
        for name in _REGISTRIES:
            fields[name] = Registry(self, fields.get(name))

    # Registration.

    def _check_name(self, kind: str, name: Any, registry: dict[str, Any]) -> None:
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {type_name(name)}")
        if "." in name:
            raise KeyError(
                f'{kind} name can\'t contain "."' + (f", got: {name}" if kind == "module" else "")
            )
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in registry:
            raise KeyError(f"attribute '{name}' already exists")

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Keep ``tensor`` with the module, unlearned; in ``state_dict()`` if ``persistent``."""
        if "_buffers" not in self.__dict__:
            raise AttributeError("cannot assign buffer before Module.__init__() call")
        self._check_name("buffer", name, self._buffers)
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{type_name(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffers[name] = after(BUFFER_HOOKS, self, name, tensor) if BUFFER_HOOKS else tensor
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter; None keeps the name free for one that may come."""
        if "_parameters" not in self.__dict__:
            raise AttributeError("cannot assign parameter before Module.__init__() call")
        self._check_name("parameter", name, self._parameters)
        if param is not None:
            if not isinstance(param, Parameter):
                raise TypeError(
                    f"cannot assign '{type_name(param)}' object to parameter '{name}' "
                    "(torch.nn.Parameter or None required)"
                )
            if param.grad_fn is not None:
                raise ValueError(
                    f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must "
                    "be created explicitly. To express '" + name + "' as a function of another "
                    "Tensor, compute the value in the forward() method."
                )
            if PARAMETER_HOOKS:
                param = after(PARAMETER_HOOKS, self, name, param)
        self._parameters[name] = param

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child, found afterwards as attribute ``name``."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{type_name(module)} is not a Module subclass")
        self._check_name("module", name, self._modules)
        self._modules[name] = after(MODULE_HOOKS, self, name, module) if MODULE_HOOKS else module

    register_module = add_module

    # Printing.

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """What stands between the brackets when the module is printed."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        extra_lines = extra.split("\n") if extra else []
        child_lines = [
            f"({name}): {_addindent(repr(module), 2)}" for name, module in self._modules.items()
        ]
        lines = extra_lines + child_lines
        if not lines:
            return f"{self._get_name()}()"
        if len(extra_lines) == 1 and not child_lines:
            return f"{self._get_name()}({extra_lines[0]})"
        return f"{self._get_name()}(\n  " + "\n  ".join(lines) + "\n)"


Registry.module = Module


def _addindent(s_: str, numSpaces: int) -> str:
    """Indent all lines but the first. Programs that print modules of their own call it."""
    return s_.replace("\n", "\n" + " " * numSpaces)
