"""Functions that users hang into modules: registration, handles, and the calls around forward."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rushlight.autograd import Function
from rushlight.base.warn import warn
from rushlight.tensor import Tensor
from rushlight.tensor.handle import RemovableHandle

Hooks = OrderedDict[int, Callable[..., Any]]


class GlobalHooks:
    """Hooks that run for every module there is."""

    def __init__(self) -> None:
        self.forward_pre: Hooks = OrderedDict()
        self.forward: Hooks = OrderedDict()
        self.forward_always_called: OrderedDict[int, bool] = OrderedDict()
        self.forward_with_kwargs: OrderedDict[int, bool] = OrderedDict()
        self.backward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.any = False

    def add(self, hooks: Hooks, hook: Callable[..., Any], *extras: Any) -> RemovableHandle:
        handle = RemovableHandle(hooks, extra_dict=list(extras))
        hooks[handle.id] = hook
        self.any = True
        return handle


GLOBAL = GlobalHooks()


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, args)`` before the forward of every module."""
    return GLOBAL.add(GLOBAL.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Run ``hook(module, args, output)`` after the forward of every module."""
    extras = (GLOBAL.forward_with_kwargs, GLOBAL.forward_always_called)
    handle = GLOBAL.add(GLOBAL.forward, hook, *extras)
    if with_kwargs:
        GLOBAL.forward_with_kwargs[handle.id] = True
    if always_call:
        GLOBAL.forward_always_called[handle.id] = True
    return handle


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, grad_input, grad_output)`` in the backward of every module."""
    return GLOBAL.add(GLOBAL.backward, hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """The old spelling. Here it registers a full backward hook, as the method does."""
    return register_module_full_backward_hook(hook)


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run ``hook(module, grad_output)`` before the backward of every module."""
    return GLOBAL.add(GLOBAL.backward_pre, hook)


class _Edge(Function):
    """The identity on tensors, whose backward tells the watch."""

    @staticmethod
    def forward(ctx: Any, watch: BackwardWatch, *tensors: Tensor) -> tuple[Tensor, ...]:
        ctx.watch = watch
        ctx.set_materialize_grads(False)
        return tuple(tensor.view_as(tensor) for tensor in tensors)


class _OutputEdge(_Edge):
    """On a module's outputs: backward enters the module here."""

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        return (None, *ctx.watch.entered(grads))


class _InputEdge(_Edge):
    """On a module's inputs: backward leaves the module here."""

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple[Any, ...]:
        return (None, *ctx.watch.left(grads))


class BackwardWatch:
    """One call of a module whose backward hooks are to run."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module = module
        self.hooks = hooks
        self.pre_hooks = pre_hooks
        self.input_places: list[int] = []
        self.input_count = 0
        self.output_places: list[int] = []
        self.output_count = 0
        self.grad_outputs: tuple[Any, ...] | None = None

    def watch_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The positional arguments with the tensors passed through the identity."""
        result, self.input_places = _through(_InputEdge, self, args)
        self.input_count = len(args)
        return result

    def watch_outputs(self, output: Any) -> Any:
        """The result with its tensors passed through the identity; dicts are left alone."""
        single = not isinstance(output, tuple)
        result, self.output_places = _through(_OutputEdge, self, (output,) if single else output)
        self.output_count = len(result)
        return result[0] if single else result

    def entered(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Backward reached the outputs: run the pre hooks, which may change the gradients."""
        full = _spread(grads, self.output_places, self.output_count)
        for hook in self.pre_hooks:
            changed = hook(self.module, full)
            if changed is not None:
                full = _same_length("backward_pre_hook", changed, full)
        self.grad_outputs = full
        if not self.input_places:
            # No input wants a gradient, so backward never comes out at the other side.
            nothing: tuple[Any, ...] = (None,) * self.input_count
            if self.hooks:
                warn(
                    "Full backward hook is firing when gradients are computed with respect to "
                    "module outputs since no inputs require gradients."
                )
            for hook in self.hooks:
                given = hook(self.module, nothing, full)
                if given is None or (
                    isinstance(given, tuple) and all(each is None for each in given)
                ):
                    continue
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    f"return None or None for all gradients. One of {type(self.module).__name__} "
                    f"returned {type(given).__name__}"
                )
        return tuple(full[place] for place in self.output_places)

    def left(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Backward reached the inputs: run the hooks, which may change the gradients."""
        full = _spread(grads, self.input_places, self.input_count)
        for hook in self.hooks:
            changed = hook(self.module, full, self.grad_outputs)
            if changed is not None:
                full = _same_length("backward hook", changed, full)
        return tuple(full[place] for place in self.input_places)


def _through(edge: Any, watch: BackwardWatch, values: tuple[Any, ...]) -> tuple[Any, list[int]]:
    places = [
        place
        for place, value in enumerate(values)
        if isinstance(value, Tensor) and value.requires_grad
    ]
    if not places:
        return values, places
    passed = edge.apply(watch, *(values[place] for place in places))
    if isinstance(passed, Tensor):
        passed = (passed,)
    result = list(values)
    for place, tensor in zip(places, passed, strict=True):
        result[place] = tensor
    return tuple(result), places


def _spread(values: tuple[Any, ...], places: list[int], count: int) -> tuple[Any, ...]:
    result: list[Any] = [None] * count
    for place, value in zip(places, values, strict=True):
        result[place] = value
    return tuple(result)


def _same_length(who: str, changed: Any, original: tuple[Any, ...]) -> tuple[Any, ...]:
    changed = changed if isinstance(changed, tuple) else (changed,)
    if len(changed) != len(original):
        raise RuntimeError(
            f"{who} has returned an invalid number of grads: got {len(changed)}, but expected "
            f"{len(original)}"
        )
    return changed
