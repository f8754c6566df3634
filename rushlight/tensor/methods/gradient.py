"""The gradient side of a tensor: grad, backward, requires_grad_, hooks."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from rushlight.base.hot import hot
from rushlight.base.warn import warn
from rushlight.ops.legacy_names import c_name, legacy_name
from rushlight.tensor.backward import backward as run_backward
from rushlight.tensor.handle import RemovableHandle
from rushlight.tensor.replay import backward_of
from rushlight.tensor.state import LEAF, OutputEdge
from rushlight.tensor.tensor import Tensor


def get_grad(self: Tensor) -> Tensor | None:
    found = self._grad
    if found is None and self._edge is not LEAF and self._edge is not None and not self._retains:
        warn(
            "The .grad attribute of a Tensor that is not a leaf Tensor is being accessed. Its "
            ".grad attribute won't be populated during autograd.backward(). If you want it, call "
            ".retain_grad() on the tensor first; if it is read by mistake, read the leaf's."
        )
    return found


def set_grad(self: Tensor, value: Tensor | None) -> None:
    if value is not None:
        if value is self:
            raise RuntimeError("can't assign Variable as its own grad")
        if not isinstance(value, Tensor):
            raise TypeError(
                f"assigned grad expected to be a Tensor or None but got grad of type "
                f"{type(value).__name__}"
            )
        if value.shape != self.shape:
            raise RuntimeError(
                f"attempting to assign a gradient of size '{list(value.shape)}' to a tensor of "
                f"size '{list(self.shape)}'. Please ensure that the gradient and the tensor are "
                "the same size"
            )
        if value.dtype is not self.dtype:
            raise RuntimeError(
                f"attempting to assign a gradient with dtype '{c_name(value.dtype)}' to a tensor "
                f"with grad_dtype '{legacy_name(self.dtype)}'. The gradient must match the "
                "tensor's dtype: convert it with .to(tensor.dtype)"
            )
    self._grad = value


def del_grad(self: Tensor) -> None:
    self._grad = None


def requires_grad_(self: Tensor, requires_grad: bool = True) -> Tensor:
    """Say whether gradients are wanted; in place."""
    if not isinstance(requires_grad, bool):
        raise TypeError(
            "requires_grad_(): argument 'requires_grad' (position 1) must be bool, not "
            f"{type(requires_grad).__name__}"
        )
    self.requires_grad = requires_grad
    return self


@hot
def backward(
    self: Tensor, gradient: Any = None, retain_graph: bool | None = None,
    create_graph: bool = False, inputs: Any = None,
) -> None:  # fmt: skip
    """Add the gradient of this tensor to the ``.grad`` of the leaves it depends on."""
    if gradient is None and inputs is None and not create_graph:
        backward_of(self, bool(retain_graph))
    else:
        run_backward(self, gradient, retain_graph, create_graph, inputs=inputs)


def register_hook(self: Tensor, hook: Callable[[Tensor], Tensor | None]) -> RemovableHandle:
    """Call ``hook(grad)`` when this tensor's gradient is known; what it returns replaces it."""
    if not self.requires_grad:
        raise RuntimeError("cannot register a hook on a tensor that doesn't require gradient")
    edge = self._edge
    if edge is LEAF:
        if self._hooks is None:
            self._hooks = OrderedDict()
        return RemovableHandle.append(self._hooks, hook)
    node, number = (edge.node, edge.number) if isinstance(edge, OutputEdge) else (edge, 0)
    hooks = node.extras().setdefault("tensor_hooks", {}).setdefault(number, OrderedDict())
    return RemovableHandle.append(hooks, hook)


def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> Any:
    """Call ``hook(tensor)`` after ``.grad`` has been added to. Leaves only."""
    if self._edge is not LEAF:
        raise RuntimeError("post accumulate grad hooks cannot be registered on non-leaf tensors")
    if self._accumulate_hooks is None:
        self._accumulate_hooks = OrderedDict()
    return RemovableHandle.append(self._accumulate_hooks, hook)


def retain_grad(self: Tensor) -> None:
    """Keep ``.grad`` of a computed tensor too."""
    if not self.requires_grad:
        raise RuntimeError("can't retain_grad on Tensor that has requires_grad=False")
    edge = self._edge
    if edge is LEAF or self._retains:
        return
    self._retains = True
    node, number = (edge.node, edge.number) if isinstance(edge, OutputEdge) else (edge, 0)
    node.extras().setdefault("retained", {})[number] = weakref.ref(self)
