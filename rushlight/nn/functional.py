"""``torch.nn.functional``: names from the op table and from ``rushlight.tensor.functions``."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import functional, functional_names, named
from rushlight.tensor.functions.multi_head import _canonical_mask as _canonical_mask
from rushlight.tensor.functions.multi_head import _in_projection as _in_projection
from rushlight.tensor.functions.multi_head import _in_projection_packed as _in_projection_packed
from rushlight.tensor.functions.multi_head import _mha_shape_check as _mha_shape_check
from rushlight.tensor.functions.multi_head import _none_or_dtype as _none_or_dtype


def __getattr__(name: str) -> Any:
    found = functional(name)
    if found is None and name in ("tanh", "sigmoid", "softmax", "log_softmax"):
        found = named(name)
    if found is None:
        raise AttributeError(f"module 'torch.nn.functional' has no attribute '{name}'")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *functional_names(), "tanh", "sigmoid", "softmax", "log_softmax"})
