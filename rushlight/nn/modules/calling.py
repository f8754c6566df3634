"""Calling a module: forward, and the functions that users hang around it."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rushlight.base.hot import hot
from rushlight.base.warn import warn
from rushlight.nn.modules.hooks import GLOBAL, BackwardWatch, RemovableHandle


def _forward_unimplemented(self: Calling, *input: Any) -> Any:
    """Say what the module does with its inputs. Subclasses define it."""
    raise NotImplementedError(
        f'Module [{type(self).__name__}] is missing the required "forward" function'
    )


_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")


class Calling:
    """The part of Module that runs."""

    _forward_hooks: OrderedDict[int, Any]
    _forward_hooks_with_kwargs: OrderedDict[int, Any]
    _forward_hooks_always_called: OrderedDict[int, Any]
    _forward_pre_hooks: OrderedDict[int, Any]
    _forward_pre_hooks_with_kwargs: OrderedDict[int, Any]
    _backward_hooks: OrderedDict[int, Any]
    _backward_pre_hooks: OrderedDict[int, Any]
    forward: Callable[..., Any] = _forward_unimplemented

    @hot
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # A module's attributes are slow to look at (it has a ``__getattr__``), its fields are not.
        fields = self.__dict__
        try:
            hooked = (
                fields["_forward_hooks"]
                or fields["_forward_pre_hooks"]
                or fields["_backward_hooks"]
                or fields["_backward_pre_hooks"]
                or GLOBAL.any
            )
        except KeyError:  # its __init__ was not called, or a class has them
            hooked = self._is_hooked() or GLOBAL.any
        if hooked:
            return self._call_with_hooks(args, kwargs)
        return self.forward(*args, **kwargs) if kwargs else self.forward(*args)

    def _is_hooked(self) -> bool:
        return any(getattr(self, name) for name in _HOOKS)

    def _call_impl(self, *args: Any, **kwargs: Any) -> Any:
        return Calling.__call__(self, *args, **kwargs)

    _wrapped_call_impl = _call_impl

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        called: set[int] = set()
        try:
            return self._run_hooks(args, kwargs, called)
        except Exception:  # whatever the user's forward or hooks raise, but not Ctrl-C
            # Hooks that asked to be called whatever happens, and were not reached.
            for key, hook in self._output_hooks():
                if key not in called and self._is_always_called(key):
                    try:
                        self._one_output_hook(key, hook, args, kwargs, None)
                    except Exception as error:
                        warn(
                            "module forward hook with ``always_call=True`` raised an exception "
                            f"that was silenced as another error was raised in forward: {error}",
                        )
            raise

    def _run_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any], called: set[int]) -> Any:
        for key, hook in (*GLOBAL.forward_pre.items(), *self._forward_pre_hooks.items()):
            if key in self._forward_pre_hooks_with_kwargs:
                changed = hook(self, args, kwargs)
                if changed is None:
                    continue
                if not isinstance(changed, tuple) or len(changed) != 2:
                    raise RuntimeError(
                        "forward pre-hook must return None or a tuple of (new_args, new_kwargs), "
                        f"but got {changed}."
                    )
                args, kwargs = changed
            else:
                changed = hook(self, args)
                if changed is not None:
                    args = changed if isinstance(changed, tuple) else (changed,)
        backward_hooks = [*GLOBAL.backward.values(), *self._backward_hooks.values()]
        backward_pre_hooks = [*GLOBAL.backward_pre.values(), *self._backward_pre_hooks.values()]
        watch = None
        if backward_hooks or backward_pre_hooks:
            watch = BackwardWatch(self, backward_hooks, backward_pre_hooks)
            args = watch.watch_inputs(args)
        result = self.forward(*args, **kwargs)
        for key, hook in self._output_hooks():
            called.add(key)
            changed = self._one_output_hook(key, hook, args, kwargs, result)
            if changed is not None:
                result = changed
        return result if watch is None else watch.watch_outputs(result)

    def _output_hooks(self) -> list[tuple[int, Callable[..., Any]]]:
        return [*GLOBAL.forward.items(), *self._forward_hooks.items()]

    def _is_always_called(self, key: int) -> bool:
        return key in self._forward_hooks_always_called or key in GLOBAL.forward_always_called

    def _one_output_hook(
        self, key: int, hook: Callable[..., Any], args: Any, kwargs: Any, result: Any
    ) -> Any:
        if key in self._forward_hooks_with_kwargs or key in GLOBAL.forward_with_kwargs:
            return hook(self, args, kwargs, result)
        return hook(self, args, result)

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Accepted and without effect: every step is compiled anyway."""

    # Registration.

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, args)`` before forward; what it returns replaces the arguments."""
        handle = RemovableHandle(
            self._forward_pre_hooks, extra_dict=self._forward_pre_hooks_with_kwargs
        )
        if with_kwargs:
            self._forward_pre_hooks_with_kwargs[handle.id] = True
        return _hang(self._forward_pre_hooks, handle, hook, prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Run ``hook(module, args, output)`` after forward; what it returns replaces the output."""
        extras = [self._forward_hooks_with_kwargs, self._forward_hooks_always_called]
        handle = RemovableHandle(self._forward_hooks, extra_dict=extras)
        if with_kwargs:
            self._forward_hooks_with_kwargs[handle.id] = True
        if always_call:
            self._forward_hooks_always_called[handle.id] = True
        return _hang(self._forward_hooks, handle, hook, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, grad_output)`` before the gradients of the module are computed."""
        handle = RemovableHandle(self._backward_pre_hooks)
        return _hang(self._backward_pre_hooks, handle, hook, prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run ``hook(module, grad_input, grad_output)`` after those of its inputs are."""
        self._is_full_backward_hook = True
        return _hang(self._backward_hooks, RemovableHandle(self._backward_hooks), hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """The old spelling. Here it registers a full backward hook."""
        return self.register_full_backward_hook(hook)


def _hang(
    hooks: OrderedDict[int, Any], handle: RemovableHandle, hook: Callable[..., Any], prepend: bool
) -> RemovableHandle:
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    return handle
