"""PruningContainer: several methods on one parameter, each on what the ones before left."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rushlight.nn.utils.prune.method import BasePruningMethod
from rushlight.tensor import Tensor


class PruningContainer(BasePruningMethod):
    """A list of methods for one parameter; its mask is theirs put together."""

    PRUNING_TYPE = "container"

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if len(args) == 1 and not isinstance(args[0], (list, tuple)):
            self._tensor_name = args[0]._tensor_name
        methods = args[0] if len(args) == 1 and isinstance(args[0], (list, tuple)) else args
        for method in methods:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Put another method of the same parameter at the end."""
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        own = getattr(self, "_tensor_name", None)
        if method is not None and own is not None and own != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{own}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[BasePruningMethod]:
        return iter(self._pruning_methods)

    def __getitem__(self, place: Any) -> Any:
        return self._pruning_methods[place]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask of the last method on what is left."""
        method = self._pruning_methods[-1]
        mask = default_mask.to(dtype=t.dtype).clone()
        if method.PRUNING_TYPE == "unstructured":
            chosen: Any = mask == 1
        elif method.PRUNING_TYPE == "structured":
            dim = method.dim % t.dim()  # type: ignore[attr-defined]
            others = [axis for axis in range(t.dim()) if axis != dim]
            left = mask.sum(dim=others) != 0
            chosen = (*(slice(None),) * dim, left)
        elif method.PRUNING_TYPE == "global":
            chosen = (slice(None),) * t.dim()
        else:
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask[chosen] = method.compute_mask(t[chosen], default_mask=mask[chosen]).to(mask.dtype)
        return mask


def _combined(
    module: Any, before: BasePruningMethod, method: BasePruningMethod
) -> BasePruningMethod:
    if isinstance(before, PruningContainer):
        before.add_pruning_method(method)
        return before
    made = PruningContainer(before)
    made.add_pruning_method(method)
    return made


BasePruningMethod.combine = staticmethod(_combined)  # type: ignore[assignment]
