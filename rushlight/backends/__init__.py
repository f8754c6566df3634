"""``torch.backends``: what programs ask or set about PyTorch's libraries; accepted."""

from __future__ import annotations

from rushlight.backends import cuda, cudnn, mps

__all__ = ["cuda", "cudnn", "mps"]
