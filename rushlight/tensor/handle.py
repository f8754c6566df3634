"""What registering a hook returns, on tensors, gradient nodes and modules alike."""

from __future__ import annotations

import weakref
from collections import OrderedDict
from typing import Any


class RemovableHandle:
    """What registering a hook returns: ``remove()`` takes the hook out again."""

    next_id = 0

    def __init__(self, hooks: Any, *, extra_dict: Any = None) -> None:
        self.hooks_dict_ref = weakref.ref(hooks)
        self.id = RemovableHandle.next_id
        RemovableHandle.next_id += 1
        extras = (
            extra_dict
            if isinstance(extra_dict, list)
            else [extra_dict]
            if extra_dict is not None
            else []
        )
        self.extra_dict_ref = tuple(weakref.ref(each) for each in extras)

    @classmethod
    def append(cls, hooks: OrderedDict[int, Any], hook: Any) -> RemovableHandle:
        """Put a hook in; the handle that takes it out."""
        handle = cls(hooks)
        hooks[handle.id] = hook
        return handle

    def remove(self) -> None:
        """Take the hook out; a second call does nothing."""
        for reference in (self.hooks_dict_ref, *self.extra_dict_ref):
            hooks = reference()
            if hooks is not None:
                hooks.pop(self.id, None)

    def __getstate__(self) -> tuple[Any, ...]:
        return self.hooks_dict_ref(), self.id, tuple(each() for each in self.extra_dict_ref)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        hooks = OrderedDict() if state[0] is None else state[0]
        self.hooks_dict_ref = weakref.ref(hooks)
        self.id = state[1]
        RemovableHandle.next_id = max(RemovableHandle.next_id, self.id + 1)
        extra = state[2] if len(state) > 2 else ()  # PyTorch leaves out what is empty
        self.extra_dict_ref = tuple(weakref.ref(each) for each in extra if each is not None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()
