"""Names that PyTorch keeps with a warning, told whenever one is made, by copying too."""

from __future__ import annotations

from typing import Any, Self

from rushlight.base.warn import warn
from rushlight.nn.modules.loss import NLLLoss
from rushlight.nn.modules.module import Module


class _Deprecated:
    """Warns of the class that says so, though not of a class derived from it."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Warn, then make it."""
        if "_SAID" in vars(cls):
            warn(vars(cls)["_SAID"], FutureWarning)
        return super().__new__(cls)


class Container(_Deprecated, Module):
    """A Module with the children that are given by name."""

    _SAID = (
        "`nn.Container` is deprecated. All of its functionality is now implemented in "
        "`nn.Module`. Subclass that instead."
    )

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class NLLLoss2d(_Deprecated, NLLLoss):
    """NLLLoss."""

    _SAID = (
        "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in replacement."
    )
