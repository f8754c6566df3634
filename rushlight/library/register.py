"""Registering operators: ``custom_op``, ``define`` and ``impl``, ``Library``."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from rushlight.base.operators import namespace
from rushlight.library.operator import CustomOpDef, Operator, register_kernel_of
from rushlight.library.schema import infer_schema

_operators: dict[str, Operator] = {}
# Keys of PyTorch's dispatcher that mean: for tensors on the CPU too.
_FOR_CPU = ("CPU", "COMPOSITEEXPLICITAUTOGRAD", "", "CPU, CUDA")
_DIFFERENTIATED = ("AUTOGRAD", "AUTOGRADCPU", "COMPOSITEIMPLICITAUTOGRAD")


def _split(name: str) -> tuple[str, str]:
    space, separator, operator = name.partition("::")
    if not (separator and space and operator):
        raise ValueError(
            f"torch.library: the name of an operator is 'namespace::name', got {name!r}"
        )
    return space, operator


def _add(qualname: str, schema: str, mutates: Iterable[str] = ()) -> Operator:
    space, name = _split(qualname)
    made = _operators[qualname] = Operator(qualname, schema, tuple(mutates))
    setattr(namespace(space), name, made)
    return made


def _found(op: Any) -> Operator:
    """The operator that a name, an operator or a ``custom_op`` means."""
    if isinstance(op, CustomOpDef):
        return op._opoverload
    if isinstance(op, Operator):
        return op
    _split(op)
    if op not in _operators:
        raise RuntimeError(f"torch.library: there is no operator {op}; define it first")
    return _operators[op]


def custom_op(
    name: str, fn: Callable[..., Any] | None = None, /, *, mutates_args: Any,
    device_types: Any = None, schema: str | None = None, tags: Any = None,
) -> Any:  # fmt: skip
    """Make an operator of a function whose inside PyTorch shall not look into; a decorator.

    ``name`` is "namespace::name". The function's arguments need annotations, or ``schema`` says
    what they are; ``mutates_args`` names those that it writes to. Raises ValueError for what
    cannot stand in a schema.
    """

    def make(function: Callable[..., Any]) -> CustomOpDef:
        told = infer_schema(function, mutates_args=mutates_args) if schema is None else schema
        operator = _add(name, told, () if isinstance(mutates_args, str) else mutates_args)
        register_kernel_of(operator, device_types, function)
        return CustomOpDef(operator, function)

    return make if fn is None else make(fn)


def triton_op(name: str, fn: Any = None, /, *, mutates_args: Any, schema: Any = None) -> Any:
    """``custom_op``; there is no GPU whose kernels it could hold."""
    return custom_op(name, fn, mutates_args=mutates_args, schema=schema)


def define(qualname: str, schema: str, *, lib: Any = None, tags: Any = ()) -> None:
    """An operator without implementation: ``define("mine::twice", "(Tensor x) -> Tensor")``."""
    _add(qualname, schema)


def impl(name: Any, types: Any, func: Any = None, *, lib: Any = None) -> Any:
    """The implementation of a defined operator: ``impl(name, "cpu")`` or ``impl(library, name,
    "CPU")``, as decorators."""
    if isinstance(name, Library):
        library, short, key = name, types, func or ""

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            library.impl(short, function, key)
            return function

        return register
    return register_kernel_of(_found(name), types, func)


def register_kernel(op: Any, device_types: Any, func: Any = None, /, *, lib: Any = None) -> Any:
    """An implementation of an operator for these kinds of devices."""
    return register_kernel_of(_found(op), device_types, func)


def register_fake(
    op: Any,
    func: Any = None,
    /,
    *,
    lib: Any = None,
    _stacklevel: int = 1,
    allow_override: Any = None,
) -> Any:
    """How an operator's result looks without being computed: kept, and not needed here."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        _found(op).fake = function
        return function

    return register if func is None else register(func)


def register_autograd(
    op: Any, backward: Callable[..., Any], /, *, setup_context: Any = None, lib: Any = None
) -> None:
    """The gradient of an operator: ``backward(ctx, *grads)``, one for each argument."""
    _found(op).set_autograd(backward, setup_context)


def register_vmap(op: Any, func: Any = None, /, *, lib: Any = None) -> Any:
    """``func(info, in_dims, *args)`` gives (output, out_dims) of whole batches."""

    def register(rule: Callable[..., Any]) -> Callable[..., Any]:
        _found(op).vmap_rule = rule
        return rule

    return register if func is None else register(func)


class Library:
    """Operators of one namespace: ``kind`` "DEF" or "FRAGMENT" defines, "IMPL" implements."""

    def __init__(self, ns: str, kind: str, dispatch_key: str = "") -> None:
        if kind not in ("IMPL", "DEF", "FRAGMENT"):
            raise ValueError(f"Unsupported kind: {kind}")
        self.ns = ns
        self.kind = kind
        self.dispatch_key = dispatch_key

    def define(self, schema: str, alias_analysis: str = "", *, tags: Any = ()) -> str:
        """An operator: ``define("twice(Tensor x) -> Tensor")``. Gives its name."""
        name, bracket, rest = schema.partition("(")
        _add(f"{self.ns}::{name.strip()}", bracket + rest)
        return name.strip()

    def impl(
        self, op_name: Any, fn: Callable[..., Any], dispatch_key: str = "", *,
        with_keyset: bool = False, allow_override: bool = False,
    ) -> None:  # fmt: skip
        """The implementation of one for the CPU, or for "Autograd", which is called in its place.

        What is registered for other keys is not called.
        """
        short = op_name if isinstance(op_name, str) else op_name._qualname.partition("::")[2]
        key = dispatch_key or self.dispatch_key
        if key.upper() in _FOR_CPU:
            _found(f"{self.ns}::{short.rpartition('::')[2]}").kernel = fn
        elif key.upper() in _DIFFERENTIATED:
            _found(f"{self.ns}::{short.rpartition('::')[2]}").differentiable = fn
