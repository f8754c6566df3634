"""``torch._tensor``: where programs and PyTorch's plain pickles look for these names."""

from __future__ import annotations

from rushlight.serialization.rebuild import rebuild_from_type as _rebuild_from_type_v2
from rushlight.tensor import Tensor

__all__ = ["Tensor", "_rebuild_from_type_v2"]
