"""``torch._inductor``: settings of a compiler that is not used here, accepted."""

from __future__ import annotations

import types

__all__ = ["config"]

config = types.SimpleNamespace(
    coordinate_descent_tuning=False,
    fx_graph_cache=True,
    triton=types.SimpleNamespace(unique_kernel_names=False),
)
