"""``torch.utils._python_dispatch``: modes that hear of PyTorch's own kernels, of which it has none.

The class can be derived from, as libraries do when they are imported; entering one raises.
"""

from __future__ import annotations

from typing import Any, NoReturn

_WHY = (
    "operations have no kernels of ATen beneath them that a mode could hear of; "
    "torch.overrides.TorchFunctionMode hears of the functions themselves"
)


class TorchDispatchMode:
    """Raises NotImplementedError when it is entered."""

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        raise NotImplementedError(f"torch.utils._python_dispatch.TorchDispatchMode: {_WHY}")

    def __enter__(self) -> NoReturn:
        raise NotImplementedError(f"torch.utils._python_dispatch.TorchDispatchMode: {_WHY}")

    def __exit__(self, *details: object) -> None:
        return None


__all__ = ["TorchDispatchMode"]
