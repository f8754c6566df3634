"""LazyModuleMixin: modules that learn the size of their input from the first one."""

from __future__ import annotations

import itertools
from typing import Any

from rushlight.autograd import no_grad
from rushlight.nn.parameter import is_lazy


class LazyModuleMixin:
    """To stand before a Module in the bases of a lazy one.

    The lazy module defines ``initialize_parameters(*inputs)``, which gives every uninitialized
    parameter its shape; it is called before the first forward. After that the object is of the
    class ``cls_to_become``.
    """

    cls_to_become: type[Any] | None = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[safe-super]
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def _lazy_load_hook(self: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
        """What is loaded has a shape: take it over."""
        for name, own in itertools.chain(self._parameters.items(), self._buffers.items()):
            value = state_dict.get(prefix + name)
            if own is not None and value is not None and is_lazy(own) and not is_lazy(value):
                with no_grad():
                    own.materialize(value.shape)

    def initialize_parameters(self: Any, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes by an input of forward. Subclasses define it."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """Whether a parameter or buffer of this module still waits for its shape."""
        own = itertools.chain(self._parameters.values(), self._buffers.values())
        return any(is_lazy(each) for each in own)

    def _infer_parameters(self: Any, module: Any, args: Any, kwargs: Any = None) -> None:
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        module._initialize_hook.remove()
        module._load_hook.remove()
        delattr(module, "_initialize_hook")
        delattr(module, "_load_hook")
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become
