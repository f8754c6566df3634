"""``torch._tensor_str``: how tensors print, for the printed forms of libraries' own tensors."""

from __future__ import annotations

from typing import Any, final

from rushlight.tensor import Tensor, display
from rushlight.tensor.display import set_printoptions


@final
class _Options:
    """``set_printoptions``'s settings as attributes: ``PRINT_OPTS.linewidth``."""

    def __getattr__(self, name: str) -> Any:
        try:
            return display.get_printoptions()[name]
        except KeyError:
            raise AttributeError(f"PRINT_OPTS has no option {name!r}") from None


PRINT_OPTS = _Options()


def _tensor_str(self: Tensor, indent: int) -> str:
    """The numbers with their brackets, as they stand at column ``indent``."""
    return display.tensor_body(self.detach().numpy(force=True), indent)


def _add_suffixes(tensor_str: str, suffixes: list[str], indent: int, force_newline: bool) -> str:
    """``tensor_str``, the suffixes where they fit, and the closing bracket."""
    return display.with_suffixes(tensor_str, suffixes, indent, force_newline)


__all__ = ["PRINT_OPTS", "set_printoptions"]
