"""Intel's MKL, which is not here. What needs it in PyTorch works without it."""

from __future__ import annotations


def is_available() -> bool:
    """True: what PyTorch does with it (linear algebra, Fourier transforms) is there."""
    return True
