"""Running a function or module with proxies, so that its steps become a graph."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import rushlight as torch
from rushlight.fx.graph import Graph
from rushlight.fx.node import Node
from rushlight.fx.patches import patched
from rushlight.fx.proxy import Proxy, TracerBase
from rushlight.nn import Module, Parameter, Sequential
from rushlight.tensor import overrides
from rushlight.tensor.tensor import Tensor


class Tracer(TracerBase):
    """Makes graphs; a sub-class decides what is a leaf, or how nodes are made.

    Methods to override: ``is_leaf_module``, ``call_module``, ``create_node``, ``create_arg``,
    ``to_bool``, ``iter``, ``keys``, ``placeholder names`` through ``create_args_for_root``.
    """

    def __init__(
        self,
        autowrap_modules: tuple[ModuleType, ...] = (),
        autowrap_functions: tuple[Callable[..., Any], ...] = (),
        param_shapes_constant: bool = False,
    ) -> None:
        self.autowrap_modules = autowrap_modules
        self.autowrap_functions = set(autowrap_functions)
        self.graph = Graph(tracer_cls=type(self))
        self.root: Any = Module()
        self.submodule_paths: dict[Module, str] = {}
        self._constants: dict[int, tuple[Tensor, str]] = {}
        self._attributes: dict[int, str] = {}
        self._read: dict[str, Proxy] = {}

    def _leaf(self, a: Any) -> Any:
        if isinstance(a, Tensor):
            return self._attribute(a)
        if isinstance(a, Module):
            return self.create_node("get_attr", self.path_of_module(a), (), {})
        return super()._leaf(a)

    def _attribute(self, tensor: Tensor) -> Node:
        """The node that reads a tensor, which becomes an attribute where it is none."""
        name = self._attributes.get(id(tensor))
        if name is None:
            if isinstance(tensor, Parameter):
                raise NameError("parameter is not a member of this module")
            number = 0
            while hasattr(self.root, f"_tensor_constant{number}"):
                number += 1
            name = f"_tensor_constant{number}"
            setattr(self.root, name, tensor)
            self._attributes[id(tensor)] = name
        return self.create_node("get_attr", name, (), {})

    def is_leaf_module(self, m: Module, module_qualified_name: str) -> bool:
        """Whether a module is one step: those of torch.nn are, but for Sequential."""
        home = type(m).__module__
        return home.startswith(("rushlight.nn", "torch.nn")) and not isinstance(m, Sequential)

    def path_of_module(self, mod: Module) -> str:
        """The name of a module within the root. Raises NameError where it has none."""
        if mod in self.submodule_paths:
            return self.submodule_paths[mod]
        raise NameError("module is not installed as a submodule")

    def call_module(
        self, m: Module, forward: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> Any:
        """A module was called: one node for a leaf, else what its forward does."""
        name = self.path_of_module(m)
        if not self.is_leaf_module(m, name):
            return forward(*args, **kwargs)
        return self.create_proxy("call_module", name, args, kwargs)

    def trace(self, root: Any, concrete_args: dict[str, Any] | None = None) -> Graph:
        """The graph of a module's forward, or of a function."""
        if isinstance(root, Module):
            self.root = root
            function: Any = type(root).forward
            first: list[Any] = [root]
            self.submodule_paths = {m: name for name, m in root.named_modules()}
        else:
            self.root = Module()
            function, first = root, []
            self.submodule_paths = {}
        self.graph = Graph(tracer_cls=type(self))
        self._attributes = _names_of_tensors(self.root)
        self._read = {}
        overrides.listen()
        args, kwargs = self._arguments(function, first, concrete_args or {})
        with patched(self, function):
            result = function(*args, **kwargs)
        annotation = getattr(function, "__annotations__", {}).get("return")
        self.create_node("output", "output", (self.create_arg(result),), {}, None, annotation)
        self.submodule_paths = {}
        return self.graph

    def _arguments(
        self, function: Any, first: list[Any], concrete: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        args: list[Any] = list(first)
        kwargs: dict[str, Any] = {}
        parameters = list(inspect.signature(inspect.unwrap(function)).parameters.values())
        for parameter in parameters[len(first) :]:
            name = parameter.name
            made: Any
            if name in concrete:
                made = concrete[name]
                self._fixed(f"{name}_1", parameter, made)
            else:
                stars = {parameter.VAR_POSITIONAL: "*", parameter.VAR_KEYWORD: "**"}.get(
                    parameter.kind, ""
                )
                default = () if parameter.default is parameter.empty else (parameter.default,)
                kind = None if parameter.annotation is parameter.empty else parameter.annotation
                made = self.create_proxy(
                    "placeholder", stars + name, default, {}, name=name, type_expr=kind
                )
            if parameter.kind is parameter.VAR_POSITIONAL:
                args.append(made)
            elif parameter.kind in (parameter.KEYWORD_ONLY, parameter.VAR_KEYWORD):
                kwargs[name] = made
            else:
                args.append(made)
        return args, kwargs

    def _fixed(self, given: str, parameter: inspect.Parameter, value: Any) -> None:
        """The argument of a value that is fixed: the module checks that it is given that value."""
        name, default = parameter.name, (None,) if value is None else ()
        if parameter.default is not parameter.empty:
            default = (parameter.default,)
        proxy = self.create_proxy("placeholder", given, default, {}, name=given)
        said = f"{name} has been specialized to have value {value} but got another value"
        if value is None:
            self.create_proxy("call_function", assert_is_none, (proxy, said), {})
        elif isinstance(value, (bool, int, float)):
            self.create_proxy("call_function", torch._assert, (proxy == value, said), {})

    def parameter(self, value: Parameter) -> Any:
        """A parameter that is read while tracing: the node that reads it, one for each."""
        path = self._attributes.get(id(value))
        if path is None:
            return value
        if path not in self._read:
            self._read[path] = self.create_proxy("get_attr", path, (), {})
        return self._read[path]


def assert_is_none(value: Any, msg: str) -> None:
    """Raises AssertionError with ``msg`` unless ``value`` is None."""
    if value is not None:
        raise AssertionError(msg)


def _names_of_tensors(root: Module) -> dict[int, str]:
    found: dict[int, str] = {}
    for path, module in root.named_modules():
        for name, value in {**module._parameters, **module._buffers, **vars(module)}.items():
            if isinstance(value, Tensor):
                found.setdefault(id(value), f"{path}.{name}" if path else name)
    return found
