"""torch.utils.checkpoint: memory for time. What backward needs of a part of a model is not kept
but computed a second time, when backward gets there (Chen et al. 2016).

``use_reentrant=False``: the part is recorded as ever and its nodes in the gradient graph then
forget what they saved; the first of them that backward reaches runs the part again and takes the
values from the nodes of the second run. ``use_reentrant=True``: the part is one autograd.Function.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from rushlight.amp import autocast
from rushlight.amp.switches import (
    get_autocast_dtype,
    is_autocast_cache_enabled,
    is_autocast_enabled,
)
from rushlight.autograd import Function, backward, enable_grad, no_grad
from rushlight.base.warn import warn
from rushlight.engine.flush import flush
from rushlight.engine.value import Value
from rushlight.nn import Sequential
from rushlight.random import fork_rng, get_rng_state, set_rng_state
from rushlight.tensor import Tensor, state
from rushlight.tensor.state import GradNode
from rushlight.tensor.walking import takes_inputs
from rushlight.utils.selective_checkpoint import (
    CheckpointPolicy,
    SelectiveCheckpointContext,
    create_selective_checkpoint_contexts,
)

__all__ = [
    "CheckpointError",
    "CheckpointFunction",
    "CheckpointPolicy",
    "SelectiveCheckpointContext",
    "check_backward_validity",
    "checkpoint",
    "checkpoint_sequential",
    "create_selective_checkpoint_contexts",
    "detach_variable",
    "get_device_states",
    "noop_context_fn",
    "set_checkpoint_early_stop",
    "set_device_states",
]

Contexts = tuple[contextlib.AbstractContextManager[Any], contextlib.AbstractContextManager[Any]]
_EXPLICIT = (
    "{}: the use_reentrant parameter should be passed explicitly. Starting in PyTorch 2.9, calling "
    "checkpoint without use_reentrant will raise an exception. use_reentrant=False is recommended, "
    "but if you need to preserve the current default behavior, you can pass use_reentrant=True. "
    "Refer to docs for more details on the differences between the two variants."
)
_early_stop: bool | None = None


class CheckpointError(RuntimeError):
    """The second run of a checkpointed part was not like the first."""


class _Done(Exception):
    """The second run has reached what was wanted of it."""


class _Forgotten(tuple[Value, ...]):
    """In the place of saved values that are to be computed again."""

    __slots__ = ()


_FORGOTTEN = _Forgotten()


class _LightNode(GradNode):
    """A node that forgot what it saved, and can have it computed again."""

    __slots__ = ()

    def apply(self, cotangents: list[Any], create_graph: bool) -> list[Any]:
        if self.saved is _FORGOTTEN:
            self.extras()["checkpoint"].restore()
        return super().apply(cotangents, create_graph)


def noop_context_fn() -> Contexts:
    """No contexts around the two runs."""
    return contextlib.nullcontext(), contextlib.nullcontext()


@contextlib.contextmanager
def set_checkpoint_early_stop(enable: bool) -> Iterator[None]:
    """Whether the second runs of the checkpoints made inside stop as soon as they can."""
    global _early_stop
    before, _early_stop = _early_stop, enable
    try:
        yield
    finally:
        _early_stop = before


@contextlib.contextmanager
def watching(seen: state.Listener) -> Iterator[None]:
    """``seen`` is told of the nodes this thread makes; who watched before is not."""
    before, here = state.on_attach, threading.get_ident()

    def told(node: GradNode, outs: tuple[Tensor, ...]) -> None:
        if threading.get_ident() == here:
            seen(node, outs)
        elif before is not None:
            before(node, outs)

    state.on_attach = told
    try:
        yield
    finally:
        state.on_attach = before


def _modes() -> contextlib.AbstractContextManager[Any]:
    """A context that brings back the present autocast."""
    return autocast(
        "cpu",
        enabled=is_autocast_enabled("cpu"),
        dtype=get_autocast_dtype("cpu"),
        cache_enabled=is_autocast_cache_enabled(),
    )


class _Part:
    """One call of ``checkpoint``: what to run again, and the nodes that wait for it."""

    def __init__(
        self, run: Callable[[], Any], inputs: Iterable[Any], preserve: bool, context: Any,
        check: bool, early_stop: bool, debug: bool,
    ) -> None:  # fmt: skip
        self._run = run
        self._inputs = [each._read_value() for each in inputs if isinstance(each, Tensor)]
        self._random = get_rng_state() if preserve else None
        self._context = context
        self._autocast = _modes()
        self._check = check
        self._early_stop = early_stop
        self._debug = debug
        self.nodes: list[GradNode] = []

    def keep(self, node: GradNode, outs: tuple[Tensor, ...]) -> None:
        """A node of the first run."""
        node.__class__ = _LightNode
        self.nodes.append(node)

    def forget(self) -> None:
        """Drop what the nodes saved."""
        for node in self.nodes:
            if node.saved:
                node.saved = _FORGOTTEN
                node.extras()["checkpoint"] = self
        flush()  # only now are the values of the first run given up

    def restore(self) -> None:
        """Run the part again and hand its values to the nodes that forgot theirs."""
        if any(value.overwritten is True for value in self._inputs):
            raise RuntimeError(
                "an input of a checkpointed function was modified by an inplace operation, so "
                "that the function cannot be run again: give checkpoint() a copy (x.clone())"
            )
        flush()  # the backward pass so far: its values are needed no longer
        fresh: list[GradNode] = []

        def seen(node: GradNode, outs: tuple[Tensor, ...]) -> None:
            fresh.append(node)
            if self._early_stop and len(fresh) == len(self.nodes):
                raise _Done

        with contextlib.ExitStack() as stack:
            stack.enter_context(fork_rng(devices=(), enabled=self._random is not None))
            if self._random is not None:
                set_rng_state(self._random)
            stack.enter_context(contextlib.suppress(_Done))
            for context in (watching(seen), enable_grad(), self._autocast, self._context):
                stack.enter_context(context)
            self._run()
        self._compare(fresh)
        for node, again in zip(self.nodes, fresh, strict=True):
            if node.saved is _FORGOTTEN:
                node.saved = again.saved

    def _compare(self, fresh: list[GradNode]) -> None:
        if len(fresh) != len(self.nodes):
            raise CheckpointError(
                "torch.utils.checkpoint: A different number of tensors was saved during the "
                "original forward and recomputation.\nNumber of operations recorded during "
                f"forward: {len(self.nodes)}\nNumber recorded during recomputation: {len(fresh)}."
                + self._listing(fresh)
            )
        if not self._check:
            return
        for place, (node, again) in enumerate(zip(self.nodes, fresh, strict=True)):
            first, second = node.gradient, again.gradient
            assert first is not None
            assert second is not None
            if first.metas != second.metas or node.name() != again.name():
                raise CheckpointError(
                    "torch.utils.checkpoint: Recomputed values for the following tensors have "
                    "different metadata than during the forward pass.\n"
                    f"operation {place}: {node.name()} of {_shapes(first)} in forward, "
                    f"{again.name()} of {_shapes(second)} in recomputation." + self._listing(fresh)
                )

    def _listing(self, fresh: list[GradNode]) -> str:
        if not self._debug:
            return "\nPass debug=True to checkpoint() for the list of operations."
        first, second = ([node.name() for node in nodes] for nodes in (self.nodes, fresh))
        return f"\nforward: {first}\nrecomputation: {second}"


def _shapes(gradient: Any) -> str:
    return ", ".join(f"{meta.dtype}{list(meta.shape)}" for meta in gradient.metas)


def checkpoint(
    function: Callable[..., Any], *args: Any, use_reentrant: bool | None = None,
    context_fn: Callable[[], Contexts] = noop_context_fn, determinism_check: str = "default",
    debug: bool = False, early_stop: bool = True, **kwargs: Any,
) -> Any:  # fmt: skip
    """``function(*args, **kwargs)``; what its backward needs is computed again in backward.

    ``preserve_rng_state=False`` (a keyword) lets the second run draw other random numbers.
    ``determinism_check="none"`` does not compare the runs, ``early_stop`` ends the second one when
    it has all that is needed, ``context_fn`` gives contexts for the two (for use_reentrant=False).
    Raises CheckpointError where the second run records other operations than the first.

    >>> import rushlight as torch
    >>> from rushlight.utils.checkpoint import checkpoint
    >>> x = torch.ones(3, requires_grad=True)
    >>> checkpoint(lambda x: x.exp().log().sum(), x, use_reentrant=False).backward()
    >>> x.grad
    tensor([1., 1., 1.])
    """
    if use_reentrant is None:
        warn(_EXPLICIT.format("torch.utils.checkpoint"))
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if use_reentrant:
        if kwargs:
            raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
        if context_fn is not noop_context_fn or debug:
            raise ValueError(
                "Passing `context_fn` or `debug` is only supported when use_reentrant=False."
            )
        return CheckpointFunction.apply(function, preserve, *args)
    if determinism_check not in ("default", "none"):
        raise ValueError(
            f"determinism_check should be one of ['default', 'none'], but got {determinism_check}"
        )
    forward, again = context_fn()
    part = _Part(
        lambda: function(*args, **kwargs), (*args, *kwargs.values()), preserve, again,
        determinism_check == "default", early_stop if _early_stop is None else _early_stop, debug,
    )  # fmt: skip
    with watching(part.keep), forward:
        result = function(*args, **kwargs)
    part.forget()
    return result


def detach_variable(inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """The inputs, tensors without their history but wanting gradients as before."""
    if not isinstance(inputs, tuple):
        raise RuntimeError(
            "Only tuple of tensors is supported. Got Unsupported input type: ",
            type(inputs).__name__,
        )
    made = []
    for each in inputs:
        plain = each
        if isinstance(each, Tensor):
            plain = each.detach()
            plain.requires_grad = each.requires_grad
        made.append(plain)
    return tuple(made)


def get_device_states(*args: Any) -> tuple[list[int], list[Tensor]]:
    """Accelerators among the arguments' devices and the states of their generators: none."""
    return [], []


def set_device_states(
    devices: Sequence[int], states: Sequence[Tensor], *, device_type: str | None = None
) -> None:
    """Put back what ``get_device_states`` gave. NotImplementedError for any device there."""
    if devices:
        raise NotImplementedError(f"set_device_states: there are no accelerators {list(devices)}")


def check_backward_validity(inputs: Iterable[Any]) -> None:
    """Warn where no input wants a gradient: then none comes out of a reentrant checkpoint."""
    if not any(isinstance(each, Tensor) and each.requires_grad for each in inputs):
        warn("None of the inputs have requires_grad=True. Gradients will be None")


class CheckpointFunction(Function):
    """What use_reentrant=True runs: (function, preserve_rng_state, *args)."""

    @staticmethod
    def forward(ctx: Any, function: Any, preserve: bool, *args: Any) -> Any:
        check_backward_validity(args)
        ctx.function = function
        ctx.random = get_rng_state() if preserve else None
        ctx.autocast = _modes()
        ctx.args = [None if isinstance(each, Tensor) else each for each in args]
        ctx.places = [place for place, each in enumerate(args) if isinstance(each, Tensor)]
        ctx.save_for_backward(*(args[place] for place in ctx.places))
        with no_grad():
            result = function(*args)
        flush()  # what it computed in between is given up here
        return result

    @staticmethod
    def backward(ctx: Any, *cotangents: Any) -> Any:
        if takes_inputs():
            raise RuntimeError(
                "When use_reentrant=True, torch.utils.checkpoint is incompatible with .grad() or "
                "passing an `inputs` parameter to .backward(). To resolve this error, you can "
                "either set use_reentrant=False, or call .backward() without passing the "
                "`inputs` argument."
            )
        args = list(ctx.args)
        for place, tensor in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[place] = tensor
        with fork_rng(devices=(), enabled=ctx.random is not None):
            if ctx.random is not None:
                set_rng_state(ctx.random)
            inputs = detach_variable(tuple(args))
            with enable_grad(), ctx.autocast:
                outputs = ctx.function(*inputs)
        if isinstance(outputs, Tensor):
            outputs = (outputs,)
        pairs = [
            (out, cotangent)
            for out, cotangent in zip(outputs, cotangents, strict=True)
            if isinstance(out, Tensor) and out.requires_grad
        ]
        if not pairs:
            raise RuntimeError(
                "none of output has requires_grad=True, this checkpoint() is not necessary"
            )
        backward([out for out, _ in pairs], [cotangent for _, cotangent in pairs])
        grads = (each.grad if isinstance(each, Tensor) else None for each in inputs)
        return (None, None, *grads)


def checkpoint_sequential(
    functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any
) -> Any:
    """Run a Sequential (or a list) in ``segments`` parts, all but the last checkpointed."""
    if use_reentrant is None:
        warn(_EXPLICIT.format("torch.utils.checkpoint.checkpoint_sequential"))
        use_reentrant = True
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError(f"Unexpected keyword arguments: {','.join(kwargs)}")
    steps = list(functions.children()) if isinstance(functions, Sequential) else list(functions)

    def part(start: int, end: int) -> Callable[[Any], Any]:
        def run(x: Any) -> Any:
            for step in steps[start:end]:
                x = step(x)
            return x

        return run

    size = len(steps) // segments
    end = 0
    for start in range(0, size * (segments - 1), size):
        end = start + size
        input = checkpoint(
            part(start, end), input, use_reentrant=use_reentrant, preserve_rng_state=preserve
        )
    return part(end, len(steps))(input)
