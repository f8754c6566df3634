"""``torch._jit_internal``: types that programs written for TorchScript import from there."""

from __future__ import annotations

from rushlight.jit.annotations import (
    Any,
    BroadcastingList1,
    BroadcastingList2,
    BroadcastingList3,
    Dict,
    List,
    Optional,
    Tuple,
    Union,
)

__all__ = [
    "Any", "BroadcastingList1", "BroadcastingList2", "BroadcastingList3", "Dict", "List",
    "Optional", "Tuple", "Union",
]  # fmt: skip
