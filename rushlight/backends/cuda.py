"""Switches of CUDA: kept as they are set, without effect."""

from __future__ import annotations


class _Matmul:
    """``torch.backends.cuda.matmul``."""

    allow_tf32 = False


matmul = _Matmul()


def is_built() -> bool:
    """False."""
    return False
