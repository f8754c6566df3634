"""``torch.fx.passes``: what reads or rewrites a whole graph."""

from __future__ import annotations

from rushlight.fx.passes import shape_prop

__all__ = ["shape_prop"]
