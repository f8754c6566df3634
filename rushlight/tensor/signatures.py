"""What ``inspect.signature`` and ``help`` say of the functions of the op table."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from rushlight.ops.table import Op


class Shown(inspect.Signature):
    """PyTorch's signature of an op, put together when somebody asks.

    The functions themselves are not written before their first call, and take a little more than
    they say: NumPy's names and older orders of arguments.
    """

    __slots__ = ("_op",)

    def __init__(self, op: Op) -> None:
        self._op = op

    @property
    def _parameters(self) -> Mapping[str, inspect.Parameter]:
        found = {}
        for parameter in self._op.parameters:
            kind: Any = inspect.Parameter.POSITIONAL_OR_KEYWORD
            if parameter.variadic:
                kind = inspect.Parameter.VAR_POSITIONAL
            elif parameter.keyword_only:
                kind = inspect.Parameter.KEYWORD_ONLY
            name = parameter.name
            found[name] = inspect.Parameter(name, kind, default=parameter.default)
        if not self._op.view and self._op.torch:
            found["out"] = inspect.Parameter("out", inspect.Parameter.KEYWORD_ONLY, default=None)
        return MappingProxyType(found)

    @property
    def _return_annotation(self) -> Any:
        return inspect.Signature.empty

    def replace(self, **changes: Any) -> inspect.Signature:  # type: ignore[override]
        """An ordinary signature with something else: of a method without ``self``, say."""
        return inspect.Signature([*self.parameters.values()]).replace(**changes)
