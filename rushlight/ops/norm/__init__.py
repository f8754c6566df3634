"""Normalisation over the batch, a layer, groups of channels; vectors of length one."""

from rushlight.ops.norm import (
    batch_norm,
    group_norm,
    layer_norm,
    local_response_norm,
    normalize,
    statistics,
)

__all__ = [
    "batch_norm",
    "group_norm",
    "layer_norm",
    "local_response_norm",
    "normalize",
    "statistics",
]
