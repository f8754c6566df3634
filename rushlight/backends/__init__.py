"""``torch.backends``: what programs ask or set about PyTorch's libraries; accepted."""

from __future__ import annotations

from rushlight.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]
