"""One operator of the user's own: its kernel, its gradient, its rule for ``vmap``."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from typing import Any

from rushlight.autograd import Function
from rushlight.engine.samples import SampleTrace
from rushlight.engine.trace import local
from rushlight.library.schema import parameters_of
from rushlight.tensor import Tensor
from rushlight.tensor.modes import no_grad


class _BelowAutograd(threading.local):
    """Whether operators run their kernels, not what was registered to be differentiated."""

    inside = False


below_autograd = _BelowAutograd()


def _tensors(values: Any) -> list[Tensor]:
    found: list[Tensor] = []
    for each in values if isinstance(values, (tuple, list)) else (values,):
        found += [each] if isinstance(each, Tensor) else (
            _tensors(each) if isinstance(each, (tuple, list)) else []
        )  # fmt: skip
    return found


class Operator:
    """What ``torch.ops.NAMESPACE.NAME`` is: call it, or its one overload, ``default``."""

    def __init__(self, qualname: str, schema: str, mutates: tuple[str, ...] = ()) -> None:
        self._qualname = qualname
        self._schema = schema
        self._mutates = mutates
        self._parameters = parameters_of(schema)
        self.__name__ = qualname.partition("::")[2]
        self.kernel: Callable[..., Any] | None = None
        self.differentiable: Callable[..., Any] | None = None
        self.fake: Callable[..., Any] | None = None
        self.vmap_rule: Callable[..., Any] | None = None
        self._function: type[Function] = _without_formula(qualname.replace("::", "."))

    @property
    def default(self) -> Operator:
        """Its one overload: itself."""
        return self

    def overloads(self) -> list[str]:
        """The names of its overloads."""
        return ["default"]

    def set_autograd(
        self, backward: Callable[..., Any], setup_context: Callable[..., Any] | None
    ) -> None:
        """Gradients: ``backward(ctx, *grads)``; ``setup_context(ctx, inputs, output)`` before."""
        self._function = _with_formula(self._qualname, backward, setup_context)

    def _arguments(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """All arguments in order, those that were not given as the schema says."""
        names = list(self._parameters)
        if len(args) > len(names):
            raise TypeError(
                f"{self._qualname}() expected at most {len(names)} argument(s) but received "
                f"{len(args)} argument(s). Declaration: {self._qualname}{self._schema}"
            )
        given = dict(zip(names, args, strict=False))
        for name, value in kwargs.items():
            if name not in self._parameters:
                raise TypeError(f"{self._qualname}(): unknown keyword argument '{name}'")
            given[name] = value
        for name, default in self._parameters.items():
            if name not in given:
                if default is inspect.Parameter.empty:
                    raise TypeError(
                        f"{self._qualname}() is missing value for argument '{name}'. "
                        f"Declaration: {self._qualname}{self._schema}"
                    )
                given[name] = default
        return tuple(given[name] for name in names)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        arguments = self._arguments(args, kwargs)
        if self.differentiable is not None and not below_autograd.inside:
            return self.differentiable(*arguments)
        if self.kernel is None:
            raise NotImplementedError(
                f"{self._qualname}: there is no implementation; register one with "
                "torch.library.impl or register_kernel"
            )
        trace = local.trace
        mapped = isinstance(trace, SampleTrace) and self.vmap_rule is not None
        wanted = trace.grad and any(each.requires_grad for each in _tensors(arguments))
        if mapped or (wanted and not self._mutates):
            return self._function.apply(self, *arguments)
        return self.run(arguments)

    def run(self, arguments: tuple[Any, ...]) -> Any:
        """The kernel, without gradient. RuntimeError where it gives an input back."""
        assert self.kernel is not None
        with no_grad():
            made = self.kernel(*arguments)
        inputs = _tensors(arguments)
        if any(out is each for out in _tensors(made) for each in inputs):
            raise RuntimeError(
                f"{self.__name__}: The output of this custom operator must not also be an input to "
                "it, nor share memory with one; return a clone() of it"
            )
        return made

    def __repr__(self) -> str:
        return f"<OpOverload(op='{self._qualname.replace('::', '.')}', overload='default')>"


class _Called(Function):
    """An operator's call as a Function: its first argument is the operator."""

    generate_vmap_rule = False

    @staticmethod
    def forward(operator: Operator, *arguments: Any) -> Any:
        return operator.run(arguments)

    @staticmethod
    def vmap(info: Any, in_dims: Any, operator: Operator, *arguments: Any) -> Any:
        if operator.vmap_rule is None:
            raise RuntimeError(
                f"vmap: {operator._qualname} has no rule; register one with register_vmap"
            )
        return operator.vmap_rule(info, in_dims[1:], *arguments)


def _without_formula(name: str) -> type[Function]:
    class Refused(_Called):
        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            """Nothing is kept: there is no backward."""

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            raise RuntimeError(
                f"Trying to backward through {name}.default but no autograd formula was "
                "registered. Please use register_autograd to add one."
            )

    return Refused


def _with_formula(
    qualname: str, formula: Callable[..., Any], keep: Callable[..., Any] | None
) -> type[Function]:
    class Derived(_Called):
        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.needs_input_grad = ctx.needs_input_grad[1:]
            if keep is not None:
                keep(ctx=ctx, inputs=inputs[1:], output=output)

        @staticmethod
        def backward(ctx: Any, *grads: Any) -> Any:
            made = formula(ctx, *grads)
            return (None, *made) if isinstance(made, tuple) else (None, made)

    flat = qualname.replace("::", "_")
    Derived.__name__ = Derived.__qualname__ = f"GeneratedBackwardFor_{flat}_default"
    return Derived


class CustomOpDef:
    """What ``custom_op`` makes of a function: call it; its methods register what belongs to it."""

    def __init__(self, operator: Operator, function: Callable[..., Any]) -> None:
        self._opoverload = operator
        self._qualname = operator._qualname
        self._namespace, _, self._name = operator._qualname.partition("::")
        self._init_fn = function
        self.__name__ = self._name
        self.__doc__ = function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._opoverload(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<CustomOpDef({self._qualname})>"

    def register_fake(self, fn: Callable[..., Any], /) -> Callable[..., Any]:
        """How the result looks without being computed: kept, and not needed here."""
        self._opoverload.fake = fn
        return fn

    def register_kernel(
        self, device_types: Any, fn: Callable[..., Any] | None = None, /
    ) -> Callable[..., Any]:
        """Another implementation for these kinds of devices; the one for "cpu" is called."""
        return register_kernel_of(self._opoverload, device_types, fn)

    def register_autograd(
        self, backward: Callable[..., Any], /, *, setup_context: Callable[..., Any] | None = None
    ) -> None:
        """Gradients: ``backward(ctx, *grads)``; ``setup_context(ctx, inputs, output)`` before."""
        self._opoverload.set_autograd(backward, setup_context)

    def register_vmap(self, func: Callable[..., Any] | None = None) -> Any:
        """``func(info, in_dims, *args)`` gives (output, out_dims) of whole batches."""

        def register(rule: Callable[..., Any]) -> Callable[..., Any]:
            self._opoverload.vmap_rule = rule
            return rule

        return register if func is None else register(func)


def register_kernel_of(
    operator: Operator, device_types: Any, function: Callable[..., Any] | None
) -> Any:
    """``function`` as the kernel of ``operator`` if it is for the CPU; a decorator without one."""
    kinds = (device_types,) if isinstance(device_types, str) or device_types is None else tuple(
        device_types
    )  # fmt: skip

    def register(kernel: Callable[..., Any]) -> Callable[..., Any]:
        if any(kind is None or kind.lower() in ("cpu", "default") for kind in kinds):
            operator.kernel = kernel
        return kernel

    return register if function is None else register(function)
