"""How PyTorch's messages name the type of a value."""

from __future__ import annotations

from typing import Any

from rushlight.tensor import Tensor


def type_name(value: Any) -> str:
    """``torch.FloatTensor`` for tensors, ``module.Class`` for others, ``int`` for built-ins.

    >>> type_name(3), type_name(None)
    ('int', 'NoneType')
    """
    if isinstance(value, Tensor):
        return str(value.type())
    kind = value if isinstance(value, type) else type(value)
    module = kind.__module__
    if module in ("builtins", "__builtin__", None):
        return kind.__qualname__
    if module.partition(".")[0] == __name__.partition(".")[0]:
        module = "torch" + module[len(__name__.partition(".")[0]) :]
    return f"{module}.{kind.__qualname__}"
