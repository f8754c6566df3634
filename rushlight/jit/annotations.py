"""``torch.jit.annotations``: types that programs written for TorchScript import from there."""

from __future__ import annotations

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: UP035 - what is imported here


class _Broadcasting:
    """``BroadcastingList2[int]``: a number or two of them, for readers only."""

    def __getitem__(self, kind: Any) -> Any:
        return kind


BroadcastingList1 = BroadcastingList2 = BroadcastingList3 = _Broadcasting()

__all__ = [
    "Any", "BroadcastingList1", "BroadcastingList2", "BroadcastingList3", "Dict", "List",
    "Optional", "Tuple", "Union",
]  # fmt: skip
