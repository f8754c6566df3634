"""``torch._vmap_internals``: ``vmap`` under the address that older libraries import."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rushlight.func import vmap


def _vmap(
    func: Callable[..., Any], in_dims: Any = 0, out_dims: Any = 0,
    allow_none_pass_through: bool = False,
) -> Callable[..., Any]:  # fmt: skip
    """``torch.vmap``, without random numbers; what ``func`` returns may not be None."""
    if allow_none_pass_through:
        raise NotImplementedError("_vmap(allow_none_pass_through=True): results that are None")
    return vmap(func, in_dims, out_dims)


__all__ = ["vmap"]
