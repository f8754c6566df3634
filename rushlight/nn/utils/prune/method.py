"""BasePruningMethod: a hook that makes a parameter of its original and a mask."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from rushlight.nn.parameter import Parameter
from rushlight.tensor import Tensor, ones_like


class BasePruningMethod(ABC):
    """To derive pruning methods from: define ``compute_mask`` and ``PRUNING_TYPE``.

    ``PRUNING_TYPE``: "global" (any element), "unstructured" (elements that are left) or
    "structured" (whole channels that are left).
    """

    PRUNING_TYPE: str
    _tensor_name: str
    # How several methods on one parameter are put together: container.py sets it.
    combine: Callable[[Any, BasePruningMethod, BasePruningMethod], BasePruningMethod]

    def __call__(self, module: Any, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask for ``t``, where ``default_mask`` is what was left before."""

    def apply_mask(self, module: Any) -> Tensor:
        """The original times the mask."""
        if not hasattr(self, "_tensor_name"):
            raise AssertionError(f"Module {module} has to be pruned")
        mask = getattr(module, self._tensor_name + "_mask")
        original = getattr(module, self._tensor_name + "_orig")
        out: Tensor = mask.to(dtype=original.dtype) * original
        return out

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Tensor | None = None,
        **kwargs: Any,
    ) -> Any:  # fmt: skip
        """Prune parameter ``name``, on top of what was pruned before. Returns the method."""
        before = None
        for key, hook in list(module._forward_pre_hooks.items()):
            if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
                before = hook
                del module._forward_pre_hooks[key]
                break
        method: Any = cls(*args, **kwargs)
        method._tensor_name = name
        if before is not None:
            method = cls.combine(module, before, method)
        original = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}"
            )
        if before is None:
            module.register_parameter(name + "_orig", original)
            del module._parameters[name]
            default = ones_like(original)
        else:
            default = getattr(module, name + "_mask").detach().clone()
        try:
            mask = method.compute_mask(importance_scores, default_mask=default)
            module.register_buffer(name + "_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:  # compute_mask is the user's: the module is as before, whatever it raises
            if before is None:
                restored = getattr(module, name + "_orig")
                del module._parameters[name + "_orig"]
                module.register_parameter(name, restored)
            raise
        return method

    def prune(
        self, t: Tensor, default_mask: Tensor | None = None,
        importance_scores: Tensor | None = None,
    ) -> Tensor:  # fmt: skip
        """``t`` times the mask this method computes for it."""
        if importance_scores is None:
            importance_scores = t
        elif importance_scores.shape != t.shape:
            raise AssertionError("importance_scores should have the same shape as tensor t")
        default = ones_like(t) if default_mask is None else default_mask
        out: Tensor = t * self.compute_mask(importance_scores, default_mask=default)
        return out

    def remove(self, module: Any) -> None:
        """Make the masked values the parameter's own; the hook is the caller's to delete."""
        if not hasattr(self, "_tensor_name") or self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        name = self._tensor_name
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters[name + "_orig"]
        if not isinstance(original, Parameter):
            raise AssertionError(f"{name}_orig of {module} is no parameter")
        original.data = weight.detach()
        del module._parameters[name + "_orig"]
        del module._buffers[name + "_mask"]
        setattr(module, name, original)
