"""OpenMP, which is not here."""

from __future__ import annotations


def is_available() -> bool:
    """False: threads are those of Rushlight's own pool (``torch.set_num_threads``)."""
    return False
