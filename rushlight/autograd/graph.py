"""``torch.autograd.graph``: nodes, edges and saved tensors of the gradient graph."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from rushlight.tensor import Tensor, state
from rushlight.tensor.handle import RemovableHandle
from rushlight.tensor.next_functions import AccumulateGrad
from rushlight.tensor.saved_hooks import pop, push, set_refusal
from rushlight.tensor.state import GradNode, OutputEdge, shown
from rushlight.tensor.walk import running

Node = GradNode


class GradientEdge(NamedTuple):
    """An edge of the graph: output ``output_nr`` of ``node``."""

    node: Any
    output_nr: int
    ownership_token: Any = None


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """The edge that gradients of ``tensor`` arrive by. RuntimeError where none do."""
    if not tensor.requires_grad:
        raise RuntimeError(
            "It is not possible to get the gradient edge for a Tensor that does not require "
            "gradients"
        )
    edge = tensor._edge
    if tensor.is_leaf:
        return GradientEdge(AccumulateGrad(tensor), 0)
    node = edge.node if isinstance(edge, OutputEdge) else edge
    return GradientEdge(shown(node), tensor.output_nr)


def increment_version(tensor: Tensor | Iterable[Tensor]) -> None:
    """Say that the memory of these tensors was written to behind the library's back."""
    for each in (tensor,) if isinstance(tensor, Tensor) else tensor:
        with_grad = each.detach()  # type: ignore[attr-defined]
        with_grad.copy_(with_grad.clone())


class saved_tensors_hooks:
    """Inside, what is saved for backward goes through ``pack_hook``, and back by ``unpack_hook``.

    >>> import rushlight as torch
    >>> a = torch.tensor([2.0], requires_grad=True)
    >>> with saved_tensors_hooks(lambda x: x.detach().numpy() * 10, torch.from_numpy):
    ...     y = a * a
    >>> y.backward()
    >>> a.grad
    tensor([40.])
    """

    def __init__(self, pack_hook: Callable[[Tensor], Any],
                 unpack_hook: Callable[[Any], Tensor]) -> None:  # fmt: skip
        self.pack_hook = pack_hook
        self.unpack_hook = unpack_hook

    def __enter__(self) -> None:
        push(self.pack_hook, self.unpack_hook)

    def __exit__(self, *details: object) -> None:
        pop()


class save_on_cpu(saved_tensors_hooks):
    """What is saved is kept in the CPU's memory, where it is already."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        def pack(tensor: Tensor) -> tuple[Any, Tensor]:
            return tensor.device, tensor.cpu()  # type: ignore[attr-defined]

        def unpack(packed: tuple[Any, Tensor]) -> Tensor:
            device, tensor = packed
            return tensor.to(device)  # type: ignore[attr-defined, no-any-return]

        super().__init__(pack, unpack)


class disable_saved_tensors_hooks:
    """Inside, ``saved_tensors_hooks`` raise RuntimeError with this message."""

    def __init__(self, error_message: str) -> None:
        self._message = error_message

    def __enter__(self) -> None:
        self._before = set_refusal(self._message)

    def __exit__(self, *details: object) -> None:
        set_refusal(self._before)


class _AllowMutation:
    def __enter__(self) -> _AllowMutation:
        self._before = state.mutation_allowed
        state.allow_mutation(True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:  # fmt: skip
        state.allow_mutation(self._before)

    def clear(self) -> None:
        """Nothing is kept that could be given up: old numbers go with the graph."""


def allow_mutation_on_saved_tensors() -> _AllowMutation:
    """Inside, tensors saved for backward may be overwritten; gradients are of the old numbers.

    >>> import rushlight as torch
    >>> with allow_mutation_on_saved_tensors():
    ...     a = torch.ones(2, requires_grad=True)
    ...     b = a.clone()
    ...     out = (b**2).sum()
    ...     _ = b.sin_()
    ...     out.backward()
    >>> a.grad
    tensor([2., 2.])
    """
    return _AllowMutation()


class _MultiHandle(RemovableHandle):
    def __init__(self, handles: tuple[RemovableHandle, ...]) -> None:
        self.handles = handles

    def remove(self) -> None:
        """Take the hook out of all tensors."""
        for each in self.handles:
            each.remove()


def register_multi_grad_hook(
    tensors: Sequence[Tensor], fn: Callable[..., None], *, mode: str = "all"
) -> RemovableHandle:
    """Call ``fn`` once in a backward pass: with all their gradients (None for those it does not
    reach), or, with mode "any", with the first of them."""
    if mode not in ("all", "any"):
        raise ValueError(f"Expects mode to be one of ('all', 'any') but got {mode}")
    found: dict[int, dict[int, Tensor]] = {}

    def hook_of(place: int) -> Callable[[Tensor], None]:
        def hook(gradient: Tensor) -> None:
            walk = running.walk
            key = id(walk)
            first = key not in found
            here = found.setdefault(key, {})
            here[place] = gradient
            if not first:
                return
            if mode == "any":
                fn(gradient)

            def over() -> None:
                held = found.pop(key)
                if mode == "all":
                    fn([held.get(number) for number in range(len(tensors))])

            if walk is None:
                over()
            else:
                walk.callbacks.append(over)

        return hook

    return _MultiHandle(
        tuple(each.register_hook(hook_of(k)) for k, each in enumerate(tensors))  # type: ignore[attr-defined]
    )


__all__ = [
    "GradientEdge", "Node", "allow_mutation_on_saved_tensors", "disable_saved_tensors_hooks",
    "get_gradient_edge", "increment_version", "register_multi_grad_hook", "save_on_cpu",
    "saved_tensors_hooks",
]  # fmt: skip
