"""``torch.backends``: what programs ask or set about PyTorch's libraries; accepted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rushlight.backends import cpu, cuda, cudnn, mkl, mkldnn, mps, openmp, opt_einsum

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"]

_frozen = [False]


def disable_global_flags() -> None:
    """Marks the switches of the libraries below as not to be assigned; see ``flags_frozen``."""
    _frozen[0] = True


def flags_frozen() -> bool:
    """Whether ``disable_global_flags`` was called, for good or outside of a bracket."""
    return _frozen[0]


@contextmanager
def _bracket() -> Iterator[None]:
    before, _frozen[0] = _frozen[0], False
    try:
        yield
    finally:
        _frozen[0] = before


# Under the name by which libraries reach for it.
globals()["__allow_nonbracketed_mutation"] = _bracket
