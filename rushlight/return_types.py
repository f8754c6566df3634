"""``torch.return_types``: the named tuples that operations return."""

from __future__ import annotations

from rushlight.ops.return_types import (
    aminmax,
    cummax,
    cummin,
    frexp,
    histogram,
    histogramdd,
    kthvalue,
    max,
    median,
    min,
    mode,
    nanmedian,
    sort,
    topk,
)  # fmt: skip

__all__ = [
    "aminmax", "cummax", "cummin", "frexp", "histogram", "histogramdd", "kthvalue", "max",
    "median", "min", "mode", "nanmedian", "sort", "topk",
]  # fmt: skip
