"""``torch.autograd.variable``: the address of ``Variable`` in programs of 2017."""

from __future__ import annotations

from rushlight.autograd import Variable

__all__ = ["Variable"]
