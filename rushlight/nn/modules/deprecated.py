"""Names that PyTorch keeps with a warning, told whenever one is made, by copying too."""

from __future__ import annotations

from typing import Any, Self

from rushlight.base.warn import warn
from rushlight.nn.modules.loss import NLLLoss
from rushlight.nn.modules.module import Module


class Container(Module):
    """A Module with the children that are given by name."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Warn, though not for a class derived from this one."""
        if cls is Container:
            warn(
                "`nn.Container` is deprecated. All of its functionality is now implemented in "
                "`nn.Module`. Subclass that instead.",
                FutureWarning,
            )
        return super().__new__(cls)

    def __init__(self, **kwargs: Any) -> None:
        super().__init__()
        for name, module in kwargs.items():
            self.add_module(name, module)


class NLLLoss2d(NLLLoss):
    """NLLLoss."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Warn, though not for a class derived from this one."""
        if cls is NLLLoss2d:
            warn(
                "`NLLLoss2d` has been deprecated. Please use `NLLLoss` instead as a drop-in "
                "replacement.",
                FutureWarning,
            )
        return super().__new__(cls)
