"""``torch.ops``: operators by name are left out, but PyTorch's own can be written down.

Libraries fill tables with ``torch.ops.aten.add.Tensor`` when they are imported, for subclasses
that hear of operators (``__torch_dispatch__``, which is not here either). Calling one raises.

>>> ATEN.add.Tensor
torch.ops.aten.add.Tensor
>>> ATEN.add(1, 2)
Traceback (most recent call last):
    ...
rushlight.base.left_out.LeftOut: torch.ops.aten.add is left out of Rushlight: operators are not ...
"""

from __future__ import annotations

from typing import Any, NoReturn, final

from rushlight.base.left_out import OPERATORS, LeftOut


@final
class OperatorName:
    """A namespace, an operator or one overload of it: the same object for the same name."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, inner: str) -> OperatorName:
        if inner.startswith("__"):
            raise AttributeError(f"{self._name} has no attribute {inner!r}")
        made = self.__dict__[inner] = OperatorName(f"{self._name}.{inner}")
        return made

    def __repr__(self) -> str:
        return self._name

    def is_overload(self) -> bool:
        """Whether it is the name of one overload: torch.ops.aten.mm.default."""
        return self._name.count(".") == 4

    def __call__(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise LeftOut(f"{self._name} is left out of Rushlight: {OPERATORS}")


ATEN = OperatorName("torch.ops.aten")
