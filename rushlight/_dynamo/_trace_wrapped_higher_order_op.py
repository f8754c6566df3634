"""A switch of PyTorch's tracer around ``vmap``, accepted."""

from __future__ import annotations

from contextlib import nullcontext


class TransformGetItemToIndex(nullcontext[None]):
    """Nothing to change: ``x[i]`` with a tensor ``i`` is indexing here wherever it stands."""
